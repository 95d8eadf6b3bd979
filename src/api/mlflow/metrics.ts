import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { missingValue } from '../../modules/tracking/index.ts';
import { double, entry, int, list, messages, required, requiredInt, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { listed, metricWire, token } from './wire.ts';

const point = z.object({
  key: required,
  value: double,
  timestamp: requiredInt,
  step: int,
  model_id: text,
  dataset_name: text,
  dataset_digest: text,
});

type Point = z.output<typeof point>;

/** The point as clients send it: numbers as numbers, NaN as its name, nothing null. */
function plainPoint(raw: unknown): Point | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const sent: Partial<Record<keyof Point, unknown>> = raw;
  const { key, timestamp, step, model_id, dataset_name, dataset_digest } = sent;
  const value = sent.value === 'NaN' ? Number.NaN : sent.value;
  const plain =
    typeof key === 'string' &&
    key !== '' &&
    typeof value === 'number' &&
    typeof timestamp === 'number' &&
    Number.isSafeInteger(timestamp) &&
    (step === undefined || (typeof step === 'number' && Number.isSafeInteger(step))) &&
    model_id === undefined &&
    dataset_name === undefined &&
    dataset_digest === undefined;
  if (!plain) return undefined;
  return { key, value, timestamp, step, model_id, dataset_name, dataset_digest };
}

function toMetric(input: Point) {
  return {
    key: input.key,
    value: input.value,
    timestamp: input.timestamp,
    step: input.step ?? 0,
    modelId: input.model_id,
    datasetName: input.dataset_name,
    datasetDigest: input.dataset_digest,
  };
}

export function metricRoutes({ tracking }: MlflowDeps): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: 'runs/log-metric',
      permission: 'log',
      input: point.extend({ run_id: required }),
      quick(raw) {
        const { run_id } = raw;
        const read = typeof run_id === 'string' && run_id !== '' ? plainPoint(raw) : undefined;
        return read === undefined || typeof run_id !== 'string' ? undefined : { ...read, run_id };
      },
      handler: async (input) => {
        await tracking.logOne(input.run_id, { metrics: [toMetric(input)] });
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'runs/log-batch',
      permission: 'log',
      input: z.object({ run_id: required, metrics: messages(point), params: messages(entry), tags: messages(entry) }),
      quick({ run_id, metrics, params, tags }) {
        if (typeof run_id !== 'string' || run_id === '' || !Array.isArray(metrics)) return undefined;
        const empty = (sent: unknown): boolean => sent === undefined || (Array.isArray(sent) && sent.length === 0);
        if (!empty(params) || !empty(tags)) return undefined;
        const points: Point[] = [];
        for (const raw of metrics) {
          const read = plainPoint(raw);
          if (read === undefined) return undefined;
          points.push(read);
        }
        return { run_id, metrics: points, params: [], tags: [] };
      },
      handler: async ({ run_id: id, metrics, params, tags }) => {
        await tracking.logBatch(id, { metrics: metrics.map(toMetric), params, tags });
        return {};
      },
    }),
    route({
      method: 'GET',
      path: 'metrics/get-history',
      permission: 'read',
      input: z.object({ run_id: required, metric_key: required, max_results: int, page_token: text }),
      handler: async (input) => {
        const { items, nextPageToken } = await tracking.metricHistory(input.run_id, input.metric_key, {
          maxResults: input.max_results,
          pageToken: input.page_token,
        });
        return { ...listed('metrics', items.map(metricWire)), ...token(nextPageToken) };
      },
    }),
    route({
      method: 'GET',
      path: 'metrics/get-history-bulk-interval',
      permission: 'read',
      input: z.object({
        run_ids: list(z.string()),
        metric_key: required,
        start_step: int,
        end_step: int,
        max_results: int,
      }),
      handler: async (input) => {
        const { run_ids: ids, start_step: start, end_step: end, max_results: most = 2500 } = input;
        if (ids.length === 0) throw missingValue('run_ids');
        if (ids.length > 100)
          throw bad(
            'run_ids',
            `GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received ${ids.length} run_ids.${DOCS}`,
          );
        if (most < 1 || most > 2500) throw bad('max_results', `max_results must be between 1 and 2500.${DOCS}`);
        if ((start === undefined) !== (end === undefined))
          throw bad('start_step', 'If either start step or end step are specified, both must be specified.');
        if (start !== undefined && end !== undefined && start > end)
          throw bad(
            'start_step',
            `end_step must be greater than start_step. Found start_step=${start} and end_step=${end}.`,
          );
        const range = start === undefined || end === undefined ? {} : { fromStep: start, toStep: end };
        const metrics = [];
        for (const id of ids) {
          const { points } = await tracking.sampleHistory(id, input.metric_key, {
            maxPoints: Math.max(2, most),
            ...range,
          });
          const rows = [...points].sort((a, b) => a.step - b.step || a.timestamp - b.timestamp).slice(-most);
          for (const one of rows) metrics.push({ ...metricWire(one), run_id: id });
        }
        return listed('metrics', metrics);
      },
    }),
  ];
}

const DOCS = ' See the API docs for more information about request parameters.';

const bad = (field: string, text_: string): MillwrightError =>
  new MillwrightError('MW-INVALID', text_, { where: field });
