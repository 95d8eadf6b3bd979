/** Descriptions of traces; their spans are artifacts of the trace (see MlflowDeps.version). */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { entry, int, messages, required, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { listed, token } from './wire.ts';

const location = z.looseObject({ mlflow_experiment: z.looseObject({ experiment_id: required }) });
const info = z.looseObject({ trace_id: required, trace_location: location, request_time: required });
const trace = z.object({ trace_id: required });

export function traceRoutes({ tracking }: MlflowDeps): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '3.0/mlflow/traces',
      permission: 'log',
      input: z.object({ trace: z.object({ trace_info: info }) }),
      handler: async (input) => {
        const { trace_info: given } = input.trace;
        const requestTime = Date.parse(given.request_time);
        if (Number.isNaN(requestTime)) {
          throw new MillwrightError('MW-INVALID', 'request_time is not a time such as 2026-01-31T10:00:00Z', {
            where: 'trace.trace_info.request_time',
          });
        }
        const stored = await tracking.startTrace({
          id: given.trace_id,
          experimentId: given.trace_location.mlflow_experiment.experiment_id,
          requestTime,
          info: given,
        });
        return { trace: { trace_info: stored.info } };
      },
    }),
    route({
      method: 'GET',
      path: '3.0/mlflow/traces/:trace_id',
      permission: 'read',
      input: trace,
      handler: async (input) => ({ trace: { trace_info: (await tracking.getTrace(input.trace_id)).info } }),
    }),
    route({
      method: 'POST',
      path: '3.0/mlflow/traces/search',
      permission: 'read',
      input: z.object({ locations: messages(location), filter: text, max_results: int, page_token: text }),
      handler: async (input) => {
        if (input.filter !== undefined && input.filter.trim() !== '') {
          throw new MillwrightError('MW-INVALID', 'traces cannot be filtered yet', {
            where: 'filter',
            next: 'search without a filter',
          });
        }
        const experiments = input.locations.map((one) => one.mlflow_experiment.experiment_id);
        const { items, nextPageToken } = await tracking.searchTraces(experiments, input.max_results, input.page_token);
        return {
          ...listed(
            'traces',
            items.map((one) => one.info),
          ),
          ...token(nextPageToken),
        };
      },
    }),
    // The client sets tags by the second version of the API, whatever it used to make the trace.
    ...['3.0/mlflow/traces/:trace_id/tags', '2.0/mlflow/traces/:trace_id/tags'].flatMap((path) => [
      route({
        method: 'PATCH',
        path,
        permission: 'log',
        input: trace.extend(entry.shape),
        handler: async ({ trace_id: id, key, value }) => {
          await tracking.setTraceTag(id, { key, value });
          return {};
        },
      }),
      route({
        method: 'DELETE',
        path,
        permission: 'log',
        input: trace.extend({ key: required }),
        handler: async ({ trace_id: id, key }) => {
          await tracking.deleteTraceTag(id, key);
          return {};
        },
      }),
    ]),
  ];
}
