/** Traces for our own pages. */
import { MillwrightError } from '../../../domain/errors.ts';
import {
  plainAttributes,
  SOURCE_RUN,
  spanInputs,
  spanOutputs,
  spanType,
  TOKEN_USAGE,
  TRACE_COST,
  TRACE_SESSION,
  TRACE_USER,
} from '../../../domain/traces.ts';
import type { Assessment, Json, Span, TraceInfo } from '../../../domain/traces.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'traces' | 'trace' | 'traceSpan' | 'bulkTraces'>;

const MAX_SPANS = 20_000;

function numbersIn(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    return {};
  }
}

const numberAt = (record: Readonly<Record<string, unknown>>, key: string): number | undefined => {
  const value = record[key];
  return typeof value === 'number' ? value : undefined;
};

function tokensOf(metadata: Readonly<Record<string, string>>) {
  const usage = numbersIn(metadata[TOKEN_USAGE]);
  const input = numberAt(usage, 'input_tokens') ?? 0;
  const output = numberAt(usage, 'output_tokens') ?? 0;
  const total = numberAt(usage, 'total_tokens') ?? input + output;
  return total === 0 ? {} : { tokens: { input, output, total } };
}

function summary(info: TraceInfo, experiment: string | undefined) {
  const { metadata } = info;
  const cost = numberAt(numbersIn(metadata[TRACE_COST]), 'total_cost');
  const tags = Object.entries(info.tags).filter(([key]) => !key.startsWith('mlflow.'));
  const optional = {
    name: info.name,
    durationMs: info.durationMs,
    request: info.requestPreview,
    response: info.responsePreview,
    runId: metadata[SOURCE_RUN],
    session: metadata[TRACE_SESSION],
    user: metadata[TRACE_USER],
    cost,
  };
  return {
    id: info.id,
    experimentId: info.experimentId,
    experiment: experiment ?? info.experimentId,
    requestTime: info.requestTime,
    state: info.state,
    tags: Object.fromEntries(tags),
    ...optional,
    ...tokensOf(metadata),
    spans: info.spanCount,
    said: info.assessments
      .filter((one) => one.valid)
      .map((one) => ({ name: one.name, kind: one.kind, value: one.error === undefined ? one.value : null })),
  };
}

const microseconds = (from: bigint, to: string): number => Number(BigInt(to) - from) / 1000;

function totalTokens({ attributes }: Span): number | undefined {
  const usage = attributes['mlflow.chat.tokenUsage'];
  if (typeof usage === 'object' && usage !== null && !Array.isArray(usage)) {
    return numberAt(Object.fromEntries(Object.entries(usage)), 'total_tokens');
  }
  const input = attributes['gen_ai.usage.input_tokens'];
  const output = attributes['gen_ai.usage.output_tokens'];
  if (typeof input !== 'number' && typeof output !== 'number') return undefined;
  return (typeof input === 'number' ? input : 0) + (typeof output === 'number' ? output : 0);
}

function outline(span: Span, start: bigint) {
  const tokens = totalTokens(span);
  return {
    id: span.id,
    ...(span.parentId === undefined ? {} : { parentId: span.parentId }),
    name: span.name,
    type: spanType(span),
    status: span.status,
    ...(span.statusMessage === '' ? {} : { statusMessage: span.statusMessage.slice(0, 500) }),
    startUs: microseconds(start, span.startNs),
    ...(span.endNs === undefined ? {} : { durationUs: Math.max(0, microseconds(BigInt(span.startNs), span.endNs)) }),
    ...(tokens === undefined ? {} : { tokens }),
    events: span.events.length,
  };
}

function said(one: Assessment) {
  return {
    id: one.id,
    name: one.name,
    kind: one.kind,
    value: one.value,
    ...(one.error === undefined ? {} : { error: one.error.message ?? one.error.code }),
    source: one.source.type,
    by: one.source.id,
    ...(one.rationale === undefined ? {} : { rationale: one.rationale }),
    ...(one.spanId === undefined ? {} : { spanId: one.spanId }),
    createdAt: one.createdAt,
    valid: one.valid,
  };
}

/** Clients of languages without dictionaries send JSON in a text: shown as what it is. */
function opened(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value) || value.length > 1_000_000) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

export function traceHandlers({ tracking, clock }: ApiDeps): Mine {
  async function names(): Promise<ReadonlyMap<string, string>> {
    const { items } = await tracking.searchExperiments({ maxResults: 1000 });
    return new Map(items.map((one) => [one.id, one.name]));
  }

  return {
    traces: async (_ctx, { query }) => {
      const started = clock.monotonic();
      const all = await names();
      const experimentIds = [...all]
        .filter(([id, name]) => query.experiment === undefined || query.experiment === id || query.experiment === name)
        .map(([id]) => id);
      const { traces, total } = await tracking.findTraces(
        {
          experimentIds,
          filter: query.filter,
          orderBy: query.order === undefined ? [] : query.order.split(',').map((part) => part.trim()),
        },
        { limit: query.limit ?? 100, offset: query.offset ?? 0 },
      );
      return {
        traces: traces.map((info) => summary(info, all.get(info.experimentId))),
        total,
        queryMs: Math.round((clock.monotonic() - started) * 10) / 10,
      };
    },
    trace: async (_ctx, { params }) => {
      const info = await tracking.getTrace(params.id);
      const spans = await tracking.traceSpans(info);
      const [first] = spans;
      const start = first === undefined ? 0n : BigInt(first.startNs);
      return {
        trace: { ...summary(info, (await names()).get(info.experimentId)), spans: spans.length },
        metadata: info.metadata,
        spans: spans.slice(0, MAX_SPANS).map((span) => outline(span, start)),
        truncated: spans.length > MAX_SPANS,
        assessments: info.assessments.map(said),
      };
    },
    traceSpan: async (_ctx, { params }) => {
      const info = await tracking.getTrace(params.id);
      const span = (await tracking.traceSpans(info)).find((one) => one.id === params.span);
      if (span === undefined) {
        throw new MillwrightError('MW-NOT-FOUND', `trace ${params.id} has no span ${params.span}`, { where: 'span' });
      }
      const start = BigInt(span.startNs);
      return {
        id: span.id,
        ...(span.parentId === undefined ? {} : { parentId: span.parentId }),
        name: span.name,
        type: spanType(span),
        status: span.status,
        statusMessage: span.statusMessage,
        startNs: span.startNs,
        ...(span.endNs === undefined ? {} : { endNs: span.endNs }),
        inputs: opened(spanInputs(span)),
        outputs: opened(spanOutputs(span)),
        attributes: plainAttributes(span),
        events: span.events.map((event) => ({
          name: event.name,
          atUs: microseconds(start, event.timeNs),
          attributes: event.attributes,
        })),
        links: span.links.map((link) => ({ traceId: link.traceId, spanId: link.spanId, attributes: link.attributes })),
      };
    },
    bulkTraces: async (_ctx, { body }) => {
      const found = await tracking.getTraces(body.traces);
      const byExperiment = Map.groupBy(found, (one) => one.experimentId);
      let changed = 0;
      for (const [experimentId, traces] of byExperiment) {
        changed += await tracking.deleteTraces({ experimentId, ids: traces.map((one) => one.id) });
      }
      return { changed };
    },
  };
}
