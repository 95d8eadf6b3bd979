import { z } from 'zod';
import { MODEL_STATUSES, RUN_STATUSES } from '../../domain/tracking.ts';
import { entry, int, list, messages, optional, required, text, viewType } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { listed, runInfoWire, runWire, token } from './wire.ts';

const run = z.object({ run_id: required });
/** A data set's profile alone may have 16 MiB. */
const INPUTS_LIMIT = 24 * 1024 * 1024;

const dataset = z.object({
  name: required,
  digest: required,
  source_type: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  source: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  schema: text,
  profile: text,
});

export const modelStatus = z.enum(MODEL_STATUSES);
/** By name, or by number as protobuf's JSON also allows. */
const runStatus = z.union([
  z.enum(RUN_STATUSES),
  z
    .number()
    .int()
    .min(1)
    .max(RUN_STATUSES.length)
    .transform((number) => RUN_STATUSES[number - 1] ?? 'RUNNING'),
]);

export function runRoutes({ tracking }: MlflowDeps): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: 'runs/create',
      permission: 'log',
      input: z.object({
        experiment_id: text,
        user_id: text,
        run_name: text,
        start_time: int,
        tags: messages(entry),
      }),
      handler: async (input) => {
        const { id } = await tracking.createRun({
          experimentId: input.experiment_id ?? '0',
          name: input.run_name,
          userId: input.user_id,
          startTime: input.start_time,
          tags: input.tags,
        });
        // A run just made has no `outputs` in MLflow's answer, every other has.
        const { outputs: _none, ...made } = runWire(await tracking.getRun(id));
        return { run: made };
      },
    }),
    route({
      method: 'GET',
      path: 'runs/get',
      permission: 'read',
      input: run,
      handler: async (input) => ({ run: runWire(await tracking.getRun(input.run_id)) }),
    }),
    route({
      method: 'POST',
      path: 'runs/update',
      permission: 'log',
      input: run.extend({ status: optional(runStatus), end_time: int, run_name: text }),
      handler: async (input) => {
        const name = input.run_name === '' ? undefined : input.run_name;
        const info = await tracking.updateRun(input.run_id, { status: input.status, endTime: input.end_time, name });
        return { run_info: runInfoWire(info) };
      },
    }),
    route({
      method: 'POST',
      path: 'runs/delete',
      permission: 'log',
      input: run,
      handler: async (input) => {
        await tracking.deleteRun(input.run_id);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'runs/restore',
      permission: 'log',
      input: run,
      handler: async (input) => {
        await tracking.restoreRun(input.run_id);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'runs/search',
      permission: 'read',
      input: z.object({
        experiment_ids: list(z.string()),
        filter: text,
        run_view_type: viewType,
        max_results: int,
        order_by: list(z.string()),
        page_token: text,
      }),
      handler: async (input) => {
        const { items, nextPageToken } = await tracking.searchRuns({
          experimentIds: input.experiment_ids,
          filter: input.filter,
          viewType: input.run_view_type,
          maxResults: input.max_results,
          orderBy: input.order_by,
          pageToken: input.page_token,
        });
        return { ...listed('runs', items.map(runWire)), ...token(nextPageToken) };
      },
    }),
    route({
      method: 'POST',
      path: 'runs/set-tag',
      permission: 'log',
      input: run.extend(entry.shape),
      handler: async ({ run_id: id, key, value }) => {
        await tracking.logOne(id, { tags: [{ key, value }] });
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'runs/delete-tag',
      permission: 'log',
      input: run.extend({ key: required }),
      handler: async ({ run_id: id, key }) => {
        await tracking.deleteTag(id, key);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'runs/log-parameter',
      permission: 'log',
      input: run.extend(entry.shape),
      handler: async ({ run_id: id, key, value }) => {
        await tracking.logOne(id, { params: [{ key, value }] });
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'runs/log-inputs',
      permission: 'log',
      bodyLimit: INPUTS_LIMIT,
      input: run.extend({
        datasets: messages(z.object({ tags: messages(entry), dataset })),
        models: messages(z.object({ model_id: required })),
      }),
      handler: async (input) => {
        const datasets = input.datasets.map(({ tags, dataset: { source_type: sourceType, ...rest } }) => ({
          tags,
          dataset: { ...rest, sourceType },
        }));
        const models = input.models.map((model) => model.model_id);
        await tracking.logInputs(input.run_id, datasets, models);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'runs/outputs',
      permission: 'log',
      input: run.extend({ models: messages(z.object({ model_id: required, step: int })) }),
      handler: async (input) => {
        const models = input.models.map((model) => ({ modelId: model.model_id, step: model.step ?? 0 }));
        await tracking.logOutputs(input.run_id, models);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'runs/log-model',
      permission: 'log',
      input: run.extend({ model_json: required }),
      handler: async (input) => {
        await tracking.addModelHistory(input.run_id, input.model_json);
        return {};
      },
    }),
  ];
}
