/** Traces, version 3 of MLflow's API. */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { assessmentRoutes } from './assessments.ts';
import { entry, int, list, messages, required, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { infoInput, infoOf, infoWire, location, traceWire } from './trace-wire.ts';
import { traceRoutesV2 } from './traces-v2.ts';
import { listed, token } from './wire.ts';

const trace = z.object({ trace_id: required });
const texts = list(z.string());
const number = (value: number): number | string => (Number.isNaN(value) ? 'NaN' : value);

/** With spans, at most as many as one answer may hold in memory. */
const MAX_WHOLE = 100;

function both<T>(make: (prefix: string) => T): readonly T[] {
  return ['3.0/mlflow', '2.0/mlflow'].map(make);
}

export function traceRoutes(deps: MlflowDeps): readonly Route[] {
  const { tracking } = deps;
  const wanted = z.object({ trace_ids: texts, experiment_ids: texts });
  /** Experiments that were named limit the answer; none named: all. */
  async function found(input: z.output<typeof wanted>) {
    if (input.trace_ids.length === 0) {
      throw new MillwrightError('MW-INVALID', "Missing value for required parameter 'trace_ids'.", {
        where: 'trace_ids',
      });
    }
    const traces = await tracking.getTraces(input.trace_ids);
    const { experiment_ids: within } = input;
    return within.length === 0 ? traces : traces.filter((one) => within.includes(one.experimentId));
  }

  return [
    route({
      method: 'POST',
      path: '3.0/mlflow/traces',
      permission: 'log',
      input: z.object({ trace: z.object({ trace_info: infoInput }) }),
      handler: async (input) => {
        const stored = await tracking.startTrace(infoOf(input.trace.trace_info));
        return { trace: { trace_info: infoWire(stored) } };
      },
    }),
    route({
      method: 'GET',
      path: '3.0/mlflow/traces/get',
      permission: 'read',
      input: trace,
      handler: async (input) => {
        const info = await tracking.getTrace(input.trace_id);
        return { trace: traceWire(info, await tracking.traceSpans(info)) };
      },
    }),
    route({
      method: 'GET',
      path: '3.0/mlflow/traces/batchGet',
      permission: 'read',
      input: wanted,
      handler: async (input) => {
        if (input.trace_ids.length > MAX_WHOLE) {
          throw new MillwrightError('MW-INVALID', `at most ${MAX_WHOLE} traces with spans at once`, {
            where: 'trace_ids',
          });
        }
        const traces = [];
        for (const info of await found(input)) traces.push(traceWire(info, await tracking.traceSpans(info)));
        return listed('traces', traces);
      },
    }),
    ...(['GET', 'POST'] as const).map((method) =>
      route({
        method,
        path: '3.0/mlflow/traces/batchGetInfos',
        permission: 'read',
        input: wanted,
        handler: async (input) => listed('trace_infos', (await found(input)).map(infoWire)),
      }),
    ),
    route({
      method: 'GET',
      path: '3.0/mlflow/traces/:trace_id',
      permission: 'read',
      input: trace,
      handler: async (input) => ({ trace: { trace_info: infoWire(await tracking.getTrace(input.trace_id)) } }),
    }),
    route({
      method: 'POST',
      path: '3.0/mlflow/traces/search',
      permission: 'read',
      input: z.object({
        locations: messages(location),
        filter: text,
        max_results: int,
        order_by: texts,
        page_token: text,
      }),
      handler: async (input) => {
        const experimentIds = input.locations.map((one) => one.mlflow_experiment.experiment_id);
        const query = { experimentIds, filter: input.filter, orderBy: input.order_by };
        const { items, nextPageToken } = await tracking.searchTraces(query, input.max_results, input.page_token);
        return { ...listed('traces', items.map(infoWire)), ...token(nextPageToken) };
      },
    }),
    ...both((prefix) =>
      route({
        method: 'POST',
        path: `${prefix}/traces/delete-traces`,
        permission: 'log',
        input: z.object({ experiment_id: required, max_timestamp_millis: int, max_traces: int, request_ids: texts }),
        handler: async (input) => ({
          traces_deleted: await tracking.deleteTraces({
            experimentId: input.experiment_id,
            ids: input.request_ids,
            until: input.max_timestamp_millis,
            most: input.max_traces,
          }),
        }),
      }),
    ),
    // The client sets tags by the second version of the API, whatever it used to make the trace.
    ...both((prefix) =>
      route({
        method: 'PATCH',
        path: `${prefix}/traces/:trace_id/tags`,
        permission: 'log',
        input: trace.extend(entry.shape),
        handler: async ({ trace_id: id, key, value }) => {
          await tracking.setTraceTag(id, key, value);
          return {};
        },
      }),
    ),
    ...both((prefix) =>
      route({
        method: 'DELETE',
        path: `${prefix}/traces/:trace_id/tags`,
        permission: 'log',
        input: trace.extend({ key: required }),
        handler: async ({ trace_id: id, key }) => {
          await tracking.deleteTraceTag(id, key);
          return {};
        },
      }),
    ),
    ...both((prefix) =>
      route({
        method: 'POST',
        path: `${prefix}/traces/link-to-run`,
        permission: 'log',
        input: z.object({ trace_ids: texts, run_id: required }),
        handler: async (input) => {
          await tracking.linkTracesToRun(input.trace_ids, input.run_id);
          return {};
        },
      }),
    ),
    ...both((prefix) =>
      route({
        method: 'POST',
        path: `${prefix}/traces/link-prompts`,
        permission: 'log',
        input: z.object({
          trace_id: required,
          prompt_versions: messages(z.object({ name: required, version: z.coerce.string() })),
        }),
        handler: async (input) => {
          await tracking.linkPrompts(input.trace_id, input.prompt_versions);
          return {};
        },
      }),
    ),
    route({
      method: 'POST',
      path: '3.0/mlflow/traces/calculate-filter-correlation',
      permission: 'read',
      input: z.object({ experiment_ids: texts, filter_string1: required, filter_string2: required, base_filter: text }),
      handler: async (input) => {
        const { experiment_ids: ids, filter_string1: first, filter_string2: second, base_filter: base } = input;
        const result = await tracking.correlateTraces(ids, first, second, base);
        return {
          npmi: number(result.npmi),
          npmi_smoothed: number(result.npmiSmoothed),
          filter1_count: result.one,
          filter2_count: result.two,
          joint_count: result.joint,
          total_count: result.total,
        };
      },
    }),
    ...assessmentRoutes(deps),
    ...traceRoutesV2(deps),
  ];
}
