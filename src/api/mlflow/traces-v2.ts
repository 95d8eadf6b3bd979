/** Version 2 of MLflow's API of traces: what clients from 2.14 to 3.2 speak. A trace is started, ended, and its spans are an artifact. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { TraceState } from '../../domain/traces.ts';
import { entry, int, list, messages, optional, required, requiredInt, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { infoWireV2 } from './trace-wire.ts';
import { listed, token } from './wire.ts';

const STATES: Readonly<Record<string, TraceState>> = {
  TRACE_STATUS_UNSPECIFIED: 'STATE_UNSPECIFIED',
  OK: 'OK',
  ERROR: 'ERROR',
  IN_PROGRESS: 'IN_PROGRESS',
};

const record = (entries: readonly { readonly key: string; readonly value: string }[]): Record<string, string> =>
  Object.fromEntries(entries.map(({ key, value }) => [key, value]));

export function traceRoutesV2({ tracking }: MlflowDeps): readonly Route[] {
  const request = z.object({ request_id: required });
  const described = { request_metadata: messages(entry), tags: messages(entry) };
  return [
    route({
      method: 'POST',
      path: 'traces',
      permission: 'log',
      input: z.object({ experiment_id: required, timestamp_ms: requiredInt, ...described }),
      handler: async (input) => {
        const stored = await tracking.startTrace({
          id: randomBytes(16).toString('hex'),
          experimentId: input.experiment_id,
          requestTime: input.timestamp_ms,
          state: 'IN_PROGRESS',
          metadata: record(input.request_metadata),
          tags: record(input.tags),
          assessments: [],
          spanCount: 0,
        });
        return { trace_info: infoWireV2(stored) };
      },
    }),
    route({
      method: 'PATCH',
      path: 'traces/:request_id',
      permission: 'log',
      input: request.extend({
        timestamp_ms: requiredInt,
        status: optional(z.enum(['TRACE_STATUS_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS'])),
        ...described,
      }),
      handler: async (input) => {
        const before = await tracking.getTrace(input.request_id);
        const stored = await tracking.startTrace({
          ...before,
          durationMs: Math.max(0, input.timestamp_ms - before.requestTime),
          state: STATES[input.status ?? ''] ?? before.state,
          metadata: record(input.request_metadata),
          tags: record(input.tags),
        });
        return { trace_info: infoWireV2(stored) };
      },
    }),
    route({
      method: 'GET',
      path: 'traces/:request_id/info',
      permission: 'read',
      input: request,
      handler: async (input) => ({ trace_info: infoWireV2(await tracking.getTrace(input.request_id)) }),
    }),
    route({
      method: 'GET',
      path: 'traces',
      permission: 'read',
      input: z.object({
        experiment_ids: list(z.string()),
        filter: text,
        max_results: int,
        order_by: list(z.string()),
        page_token: text,
      }),
      handler: async (input) => {
        const query = { experimentIds: input.experiment_ids, filter: input.filter, orderBy: input.order_by };
        const { items, nextPageToken } = await tracking.searchTraces(query, input.max_results, input.page_token);
        return { ...listed('traces', items.map(infoWireV2)), ...token(nextPageToken) };
      },
    }),
  ];
}
