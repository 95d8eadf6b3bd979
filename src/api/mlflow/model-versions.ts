import { z } from 'zod';
import type { ModelVersion } from '../../domain/registry.ts';
import { versionNumber } from '../../modules/registry/index.ts';
import { entry, flag, int, list, messages, required, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { listed, token, versionWire } from './wire.ts';

const one = z.object({
  name: required,
  version: z.union([z.string().min(1), z.number().transform(String)]).transform(versionNumber),
});

const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

export function modelVersionRoutes({ registry, tracking }: MlflowDeps): readonly Route[] {
  const wire = async (version: ModelVersion) => ({
    model_version: versionWire(version, await registry.getModel(version.model)),
  });
  return [
    route({
      method: 'POST',
      path: 'model-versions/create',
      permission: 'log',
      input: z.object({
        name: required,
        source: required,
        run_id: text,
        run_link: text,
        description: text,
        model_id: text,
        tags: messages(entry),
      }),
      handler: async (input, ctx) => {
        const version = await registry.createVersion(ctx, {
          model: input.name,
          source: input.source,
          runId: given(input.run_id),
          runLink: given(input.run_link),
          description: input.description,
          modelId: given(input.model_id),
          userId: ctx.principal.name,
          tags: input.tags,
        });
        if (version.modelId !== undefined) {
          // MLflow's pages read from the logged model where it was registered.
          const value = JSON.stringify([{ name: version.model, version: String(version.number) }]);
          await tracking.setLoggedModelTags(version.modelId, [{ key: 'mlflow.modelVersions', value }]);
        }
        return wire(version);
      },
    }),
    route({
      method: 'GET',
      path: 'model-versions/get',
      permission: 'read',
      input: one,
      handler: async ({ name, version }) => wire(await registry.getVersion(name, version)),
    }),
    route({
      method: 'PATCH',
      path: 'model-versions/update',
      permission: 'log',
      input: one.extend({ description: text }),
      handler: async ({ name, version, description }) =>
        wire(await registry.updateVersion(name, version, description ?? '')),
    }),
    route({
      method: 'DELETE',
      path: 'model-versions/delete',
      permission: 'log',
      input: one,
      handler: async ({ name, version }, ctx) => {
        await registry.deleteVersion(ctx, name, version);
        return {};
      },
    }),
    route({
      method: 'GET',
      path: 'model-versions/search',
      permission: 'read',
      input: z.object({ filter: text, max_results: int, order_by: list(z.string()), page_token: text }),
      handler: async (input) => {
        const { items, nextPageToken } = await registry.searchVersions({
          filter: input.filter,
          maxResults: input.max_results,
          orderBy: input.order_by,
          pageToken: input.page_token,
        });
        const models = new Map<string, Awaited<ReturnType<typeof registry.getModel>>>();
        for (const name of new Set(items.map((version) => version.model)))
          models.set(name, await registry.getModel(name));
        const versions = items.map((version) => versionWire(version, models.get(version.model)));
        return { ...listed('model_versions', versions), ...token(nextPageToken) };
      },
    }),
    route({
      method: 'GET',
      path: 'model-versions/get-download-uri',
      permission: 'read',
      input: one,
      handler: async ({ name, version }) => {
        const found = await registry.getVersion(name, version);
        return { artifact_uri: found.location ?? found.source };
      },
    }),
    route({
      method: 'POST',
      path: 'model-versions/transition-stage',
      permission: 'deploy',
      input: one.extend({ stage: required, archive_existing_versions: flag }),
      handler: async ({ name, version, stage, archive_existing_versions: archive = false }) =>
        wire(await registry.transitionStage(name, version, stage, archive)),
    }),
    route({
      method: 'POST',
      path: 'model-versions/set-tag',
      permission: 'log',
      input: one.extend(entry.shape),
      handler: async ({ name, version, key, value }, ctx) => {
        await registry.setVersionTag(ctx, name, version, { key, value });
        return {};
      },
    }),
    route({
      method: 'DELETE',
      path: 'model-versions/delete-tag',
      permission: 'log',
      input: one.extend({ key: required }),
      handler: async ({ name, version, key }, ctx) => {
        await registry.deleteVersionTag(ctx, name, version, key);
        return {};
      },
    }),
  ];
}
