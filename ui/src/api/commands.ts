/** Every change the app can ask for. Each is shown as a plan, or as its command, before it is sent. */
import { body, client } from './client.ts';

export const commands = {
  startPipeline: (project: string) =>
    body(
      client.POST('/api/v1/projects/{name}/pipeline-runs', { params: { path: { name: project } }, body: { set: {} } }),
    ),
  cancelPipeline: (id: string) => body(client.POST('/api/v1/pipeline-runs/{id}/cancel', { params: { path: { id } } })),
  promote: (name: string, version: number) =>
    body(
      client.POST('/api/v1/models/{name}/versions/{version}/promote', {
        params: { path: { name, version } },
        body: { alias: 'champion' },
      }),
    ),
  plan: (endpoint: string, version: number) =>
    body(client.POST('/api/v1/endpoints/{name}/plan', { params: { path: { name: endpoint } }, body: { version } })),
  deploy: (endpoint: string, version: number) =>
    body(client.POST('/api/v1/endpoints/{name}/deploy', { params: { path: { name: endpoint } }, body: { version } })),
  rollback: (endpoint: string) =>
    body(client.POST('/api/v1/endpoints/{name}/rollback', { params: { path: { name: endpoint } } })),
  tryIt: (endpoint: string, rows: Record<string, string | number | boolean | null>[]) =>
    body(client.POST('/api/v1/endpoints/{name}/try', { params: { path: { name: endpoint } }, body: { rows } })),
};
