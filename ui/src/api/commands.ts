/** Every change the app can ask for. Each is shown as a plan, or as its command, before it is sent. */
import { body, client } from './client.ts';

export const commands = {
  startPipeline: (project: string) =>
    body(
      client.POST('/api/v1/projects/{name}/pipeline-runs', { params: { path: { name: project } }, body: { set: {} } }),
    ),
  cancelPipeline: (id: string) => body(client.POST('/api/v1/pipeline-runs/{id}/cancel', { params: { path: { id } } })),
  promote: (name: string, version: number, alias = 'champion') =>
    body(
      client.POST('/api/v1/models/{name}/versions/{version}/promote', {
        params: { path: { name, version } },
        body: { alias },
      }),
    ),
  deleteAlias: (name: string, alias: string) =>
    body(client.DELETE('/api/v1/models/{name}/aliases/{alias}', { params: { path: { name, alias } } })),
  setAliasGates: (name: string, alias: string, gates: string[]) =>
    body(client.PUT('/api/v1/models/{name}/alias-gates', { params: { path: { name } }, body: { alias, gates } })),
  setCard: (name: string, version: number, markdown: string) =>
    body(
      client.PUT('/api/v1/models/{name}/versions/{version}/card', {
        params: { path: { name, version } },
        body: { markdown },
      }),
    ),
  proveEnvironment: (name: string, version: number) =>
    body(client.POST('/api/v1/models/{name}/versions/{version}/proofs', { params: { path: { name, version } } })),
  saveView: (place: string, name: string, state: string) =>
    body(client.POST('/api/v1/views', { body: { place, name, state } })),
  deleteView: (id: string) => body(client.DELETE('/api/v1/views/{id}', { params: { path: { id } } })),
  deleteRuns: (runs: string[]) => body(client.POST('/api/v1/runs/bulk', { body: { action: 'delete', runs } })),
  restore: (kind: 'run' | 'experiment' | 'logged-model', id: string) =>
    body(client.POST('/api/v1/trash/restore', { body: { kind, id } })),
  collect: (apply: boolean, olderThanDays: number) =>
    body(client.POST('/api/v1/gc', { body: { apply, olderThanDays } })),
  plan: (endpoint: string, version: number) =>
    body(client.POST('/api/v1/endpoints/{name}/plan', { params: { path: { name: endpoint } }, body: { version } })),
  deploy: (endpoint: string, version: number) =>
    body(client.POST('/api/v1/endpoints/{name}/deploy', { params: { path: { name: endpoint } }, body: { version } })),
  rollback: (endpoint: string) =>
    body(client.POST('/api/v1/endpoints/{name}/rollback', { params: { path: { name: endpoint } } })),
  tryIt: (endpoint: string, rows: Record<string, string | number | boolean | null>[]) =>
    body(client.POST('/api/v1/endpoints/{name}/try', { params: { path: { name: endpoint } }, body: { rows } })),
};
