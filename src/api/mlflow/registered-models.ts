import { z } from 'zod';
import type { RegisteredModel } from '../../domain/registry.ts';
import { versionNumber } from '../../modules/registry/index.ts';
import { entry, int, list, messages, required, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { listed, registeredModelWire, token, versionWire } from './wire.ts';

const named = z.object({ name: required });
const versionText = z.union([z.string().min(1), z.number().transform(String)]);

export function registeredModelRoutes({ registry }: MlflowDeps): readonly Route[] {
  const wire = async (model: RegisteredModel) => ({
    registered_model: registeredModelWire(model, await registry.latestVersions(model.id)),
  });
  const latest = async (input: { readonly name: string; readonly stages: readonly string[] }) => {
    const [versions, model] = [
      await registry.latestVersions(input.name, input.stages),
      await registry.getModel(input.name),
    ];
    return listed(
      'model_versions',
      versions.map((version) => versionWire(version, model)),
    );
  };
  const latestInput = named.extend({ stages: list(z.string()) });
  return [
    route({
      method: 'POST',
      path: 'registered-models/create',
      permission: 'log',
      input: named.extend({ tags: messages(entry), description: text }),
      handler: async ({ name, tags, description }, ctx) =>
        wire(await registry.createModel(ctx, { name, tags, description })),
    }),
    route({
      method: 'GET',
      path: 'registered-models/get',
      permission: 'read',
      input: named,
      handler: async ({ name }) => wire(await registry.getModel(name)),
    }),
    route({
      method: 'POST',
      path: 'registered-models/rename',
      permission: 'log',
      input: named.extend({ new_name: required }),
      handler: async (input) => wire(await registry.renameModel(input.name, input.new_name)),
    }),
    route({
      method: 'PATCH',
      path: 'registered-models/update',
      permission: 'log',
      input: named.extend({ description: text }),
      handler: async ({ name, description }) =>
        wire(await (description === undefined ? registry.getModel(name) : registry.updateModel(name, description))),
    }),
    route({
      method: 'DELETE',
      path: 'registered-models/delete',
      permission: 'log',
      input: named,
      handler: async ({ name }) => {
        await registry.deleteModel(name);
        return {};
      },
    }),
    route({
      method: 'GET',
      path: 'registered-models/search',
      permission: 'read',
      input: z.object({ filter: text, max_results: int, order_by: list(z.string()), page_token: text }),
      handler: async (input) => {
        const { items, nextPageToken } = await registry.searchModels({
          filter: input.filter,
          maxResults: input.max_results,
          orderBy: input.order_by,
          pageToken: input.page_token,
        });
        const models = [];
        for (const model of items) models.push(registeredModelWire(model, await registry.latestVersions(model.id)));
        return { ...listed('registered_models', models), ...token(nextPageToken) };
      },
    }),
    route({
      method: 'POST',
      path: 'registered-models/set-tag',
      permission: 'log',
      input: named.extend(entry.shape),
      handler: async ({ name, key, value }, ctx) => {
        await registry.setModelTag(ctx, name, { key, value });
        return {};
      },
    }),
    route({
      method: 'DELETE',
      path: 'registered-models/delete-tag',
      permission: 'log',
      input: named.extend({ key: required }),
      handler: async ({ name, key }, ctx) => {
        await registry.deleteModelTag(ctx, name, key);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'registered-models/get-latest-versions',
      permission: 'read',
      input: latestInput,
      handler: latest,
    }),
    route({
      method: 'GET',
      path: 'registered-models/get-latest-versions',
      permission: 'read',
      input: latestInput,
      handler: latest,
    }),
    route({
      method: 'POST',
      path: 'registered-models/alias',
      // An alias decides what is served and loaded: whoever may only log may not move it.
      permission: 'deploy',
      input: named.extend({ alias: required, version: versionText }),
      handler: async ({ name, alias, version }, ctx) => {
        await registry.setAlias(ctx, name, alias, versionNumber(version));
        return {};
      },
    }),
    route({
      method: 'DELETE',
      path: 'registered-models/alias',
      permission: 'deploy',
      input: named.extend({ alias: required }),
      handler: async ({ name, alias }, ctx) => {
        await registry.deleteAlias(ctx, name, alias);
        return {};
      },
    }),
    route({
      method: 'GET',
      path: 'registered-models/alias',
      permission: 'read',
      input: named.extend({ alias: required }),
      handler: async ({ name, alias }) => ({
        model_version: versionWire(await registry.getByAlias(name, alias), await registry.getModel(name)),
      }),
    }),
  ];
}
