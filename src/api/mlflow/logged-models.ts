import { z } from 'zod';
import { missingValue } from '../../modules/tracking/index.ts';
import { entry, flag, int, list, messages, optional, required, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { modelStatus } from './runs.ts';
import { listed, loggedModelWire, token } from './wire.ts';

const id = z.object({ model_id: required });

/** `field_name` comes unquoted, whatever characters a metric's key has. */
function orderText({
  field_name: field,
  ascending,
}: {
  readonly field_name: string;
  readonly ascending: boolean | undefined;
}): string {
  const direction = ascending === false ? 'DESC' : 'ASC';
  const dot = field.indexOf('.');
  if (dot < 0) return `${field} ${direction}`;
  const key = field.slice(dot + 1);
  const quoted = key.startsWith('`') || key.startsWith('"') ? key : `\`${key.replaceAll('`', '``')}\``;
  return `${field.slice(0, dot)}.${quoted} ${direction}`;
}

export function loggedModelRoutes({ tracking }: MlflowDeps): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: 'logged-models',
      permission: 'log',
      input: z.object({
        experiment_id: required,
        name: text,
        model_type: text,
        source_run_id: text,
        params: messages(entry),
        tags: messages(entry),
      }),
      handler: async (input) => {
        const model = await tracking.createLoggedModel({
          experimentId: input.experiment_id,
          name: input.name,
          modelType: input.model_type,
          sourceRunId: input.source_run_id,
          params: input.params,
          tags: input.tags,
        });
        return { model: loggedModelWire(model) };
      },
    }),
    route({
      method: 'POST',
      path: 'logged-models/search',
      permission: 'read',
      input: z.object({
        experiment_ids: list(z.string()),
        filter: text,
        datasets: messages(z.object({ dataset_name: required, dataset_digest: text })),
        max_results: int,
        order_by: messages(z.object({ field_name: required, ascending: flag })),
        page_token: text,
      }),
      handler: async (input) => {
        if (input.experiment_ids.length === 0) throw missingValue('experiment_ids');
        const datasets = input.datasets.map(({ dataset_name: name, dataset_digest: digest }) =>
          digest === undefined || digest === '' ? { name } : { name, digest },
        );
        const { items, nextPageToken } = await tracking.searchLoggedModels({
          experimentIds: input.experiment_ids,
          filter: input.filter,
          datasets,
          // 0 is protobuf's word for not given, and MLflow takes it so here.
          maxResults: input.max_results === 0 ? undefined : input.max_results,
          orderBy: input.order_by.map(orderText),
          pageToken: input.page_token,
        });
        return { ...listed('models', items.map(loggedModelWire)), ...token(nextPageToken) };
      },
    }),
    route({
      method: 'GET',
      path: 'logged-models/:model_id',
      permission: 'read',
      input: id,
      handler: async (input) => ({ model: loggedModelWire(await tracking.getLoggedModel(input.model_id)) }),
    }),
    route({
      method: 'PATCH',
      path: 'logged-models/:model_id',
      permission: 'log',
      input: id.extend({ status: modelStatus }),
      handler: async (input) => ({
        model: loggedModelWire(await tracking.finalizeLoggedModel(input.model_id, input.status)),
      }),
    }),
    route({
      method: 'DELETE',
      path: 'logged-models/:model_id',
      permission: 'log',
      input: id,
      handler: async (input) => {
        await tracking.deleteLoggedModel(input.model_id);
        return {};
      },
    }),
    route({
      method: 'PATCH',
      path: 'logged-models/:model_id/tags',
      permission: 'log',
      input: id.extend({ tags: messages(entry) }),
      handler: async (input) => {
        await tracking.setLoggedModelTags(input.model_id, input.tags);
        return {};
      },
    }),
    route({
      method: 'DELETE',
      path: 'logged-models/:model_id/tags/:tag_key',
      permission: 'log',
      input: id.extend({ tag_key: required }),
      handler: async (input) => {
        await tracking.deleteLoggedModelTag(input.model_id, input.tag_key);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'logged-models/:model_id/params',
      permission: 'log',
      input: id.extend({ params: messages(entry) }),
      handler: async (input) => {
        await tracking.addLoggedModelParams(input.model_id, input.params);
        return {};
      },
    }),
    route({
      method: 'GET',
      path: 'logged-models/:model_id/artifacts/directories',
      permission: 'read',
      input: id.extend({ artifact_directory_path: optional(z.string()) }),
      handler: async (input) => {
        const model = await tracking.getLoggedModel(input.model_id);
        const files = await tracking.listArtifacts(
          { kind: 'model', id: model.id },
          input.artifact_directory_path ?? '',
        );
        const { info } = loggedModelWire(model);
        const root =
          typeof info === 'object' && info !== null && 'artifact_uri' in info ? info.artifact_uri : undefined;
        return {
          root_uri: root,
          ...listed(
            'files',
            files.map((file) => ({
              path: file.path,
              is_dir: file.isDir,
              ...(file.isDir ? {} : { file_size: file.bytes }),
            })),
          ),
        };
      },
    }),
  ];
}
