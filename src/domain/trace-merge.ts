/**
 * How what comes later joins what is stored of a trace. A client of today sends spans while the trace runs (OTLP) and its description
 * at the end, in any order and again on retry, so both functions give the same result for any order and any repeat.
 */
import {
  INFO_FINALIZED,
  jsonText,
  SPANS_IN_STORE,
  SPANS_LOCATION_TAG,
  spanInputs,
  spanOutputs,
  TOKEN_USAGE,
  TRACE_COST,
  TRACE_LOCATION_TAG,
  TRACE_NAME_TAG,
  TRACE_SESSION,
  TRACE_USER,
} from './traces.ts';
import { traceLocation } from './tracking.ts';
import type { Json, Span, SpanBatch, TraceInfo, TraceState } from './traces.ts';

const PREVIEW = 1000;
const TAG_PREFIX = 'mlflow.traceTag.';
const USAGE_KEY = 'mlflow.chat.tokenUsage';
const COST_KEY = 'mlflow.llm.cost';

const ms = (ns: string): number => Number(BigInt(ns) / 1_000_000n);
const isOpen = (state: TraceState): boolean => state === 'IN_PROGRESS' || state === 'STATE_UNSPECIFIED';

/** What is stored joined with a client's description: what the client says counts, what it does not say stays. */
export function mergeInfo(before: TraceInfo | undefined, given: TraceInfo): TraceInfo {
  const assessments = new Map((before?.assessments ?? []).map((one) => [one.id, one]));
  for (const one of given.assessments) assessments.set(one.id, one);
  const tags = {
    ...before?.tags,
    ...given.tags,
    [TRACE_LOCATION_TAG]: traceLocation(given.experimentId, given.id),
    // Only the server knows where the spans are.
    ...(before?.tags[SPANS_LOCATION_TAG] === undefined
      ? {}
      : { [SPANS_LOCATION_TAG]: before.tags[SPANS_LOCATION_TAG] }),
  };
  return named(
    {
      ...before,
      ...given,
      tags,
      metadata: { ...before?.metadata, ...given.metadata, [INFO_FINALIZED]: 'true' },
      assessments: [...assessments.values()],
      spanCount: before?.spanCount ?? 0,
    },
    before?.name,
  );
}

function named(info: TraceInfo, fallback: string | undefined): TraceInfo {
  const name = info.tags[TRACE_NAME_TAG] ?? fallback;
  const { name: _old, ...rest } = info;
  return name === undefined ? rest : { ...rest, name };
}

function preview(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : jsonText(value).slice(0, PREVIEW);
}

function numbersOf(value: Json | undefined): Readonly<Record<string, number>> | undefined {
  let record = value;
  if (typeof record === 'string') {
    try {
      record = JSON.parse(record) as Json;
    } catch {
      return undefined;
    }
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
  const numbers = Object.entries(record).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
  );
  return numbers.length === 0 ? undefined : Object.fromEntries(numbers);
}

/** Tokens of one span, in MLflow's words; also from OpenTelemetry's GenAI attributes. */
function usageOf(span: Pick<Span, 'attributes'>): Readonly<Record<string, number>> | undefined {
  const own = numbersOf(span.attributes[USAGE_KEY]);
  if (own !== undefined) return own;
  const input = span.attributes['gen_ai.usage.input_tokens'];
  const output = span.attributes['gen_ai.usage.output_tokens'];
  if (typeof input !== 'number' && typeof output !== 'number') return undefined;
  const i = typeof input === 'number' ? input : 0;
  const o = typeof output === 'number' ? output : 0;
  return { input_tokens: i, output_tokens: o, total_tokens: i + o };
}

/** True when a span says what it used: then the whole trace has to be added up again. */
export const hasUsage = (span: Span): boolean =>
  usageOf(span) !== undefined || numbersOf(span.attributes[COST_KEY]) !== undefined;

/** Sums over the topmost spans that say something: a parent's figure already holds its children's. */
function summed(
  spans: readonly Span[],
  figures: (span: Span) => Readonly<Record<string, number>> | undefined,
): Readonly<Record<string, number>> | undefined {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const told = new Map<string, Readonly<Record<string, number>>>();
  for (const span of spans) {
    const value = figures(span);
    if (value !== undefined) told.set(span.id, value);
  }
  const sum: Record<string, number> = {};
  for (const [id, value] of told) {
    const seen = new Set([id]);
    let parent = byId.get(id)?.parentId;
    while (parent !== undefined && !told.has(parent) && !seen.has(parent)) {
      seen.add(parent);
      parent = byId.get(parent)?.parentId;
    }
    if (parent !== undefined && told.has(parent) && !seen.has(parent)) continue;
    for (const [key, number] of Object.entries(value)) sum[key] = (sum[key] ?? 0) + number;
  }
  return told.size === 0 ? undefined : sum;
}

function textAttribute(spans: readonly Span[], keys: readonly string[]): string | undefined {
  for (const span of spans) {
    for (const key of keys) {
      const value = span.attributes[key];
      if (typeof value === 'string' && value !== '') return value.slice(0, 250);
    }
  }
  return undefined;
}

function metadataOf(before: TraceInfo, batch: SpanBatch, all: readonly Span[] | undefined): Record<string, string> {
  const metadata: Record<string, string> = { ...before.metadata };
  const final = metadata[INFO_FINALIZED] === 'true';
  const add = (key: string, value: string | undefined, replace = false): void => {
    if (value !== undefined && (replace || metadata[key] === undefined)) metadata[key] = value;
  };
  add(TRACE_SESSION, textAttribute(batch.spans, ['session.id', 'gen_ai.conversation.id']));
  add(TRACE_USER, textAttribute(batch.spans, ['user.id']));
  if (all !== undefined) {
    const usage = summed(all, usageOf);
    const cost = summed(all, (span) => numbersOf(span.attributes[COST_KEY]));
    add(TOKEN_USAGE, usage && JSON.stringify(usage), !final);
    add(TRACE_COST, cost && JSON.stringify(cost), !final);
  }
  return metadata;
}

/**
 * What is stored joined with spans that came. `all`: every span of the trace with the new ones, needed when one of the new says what
 * it used (`hasUsage`); `spanCount`: how many there are now.
 */
export function mergeSpans(
  stored: TraceInfo | undefined,
  batch: SpanBatch,
  spanCount: number,
  all: readonly Span[] | undefined,
): TraceInfo {
  const start = Math.min(...batch.spans.map((span) => ms(span.startNs)));
  const ends = batch.spans.flatMap((span) => (span.endNs === undefined ? [] : [ms(span.endNs)]));
  const end = ends.length === 0 ? undefined : Math.max(...ends);
  const before: TraceInfo = stored ?? {
    id: batch.traceId,
    experimentId: batch.experimentId,
    requestTime: start,
    state: 'IN_PROGRESS',
    metadata: {},
    tags: {},
    assessments: [],
    spanCount: 0,
  };
  const final = before.metadata[INFO_FINALIZED] === 'true';
  const requestTime = final ? before.requestTime : Math.min(before.requestTime, start);
  const oldEnd = before.durationMs === undefined ? undefined : before.requestTime + before.durationMs;
  const latest = Math.max(end ?? -Infinity, oldEnd ?? -Infinity);
  const durationMs = final ? before.durationMs : Number.isFinite(latest) ? latest - requestTime : undefined;
  const root = batch.spans.find((span) => span.parentId === undefined);
  const ended = root?.endNs !== undefined;
  const state =
    isOpen(before.state) && root !== undefined && ended ? (root.status === 'ERROR' ? 'ERROR' : 'OK') : before.state;
  const request = before.requestPreview ?? preview(root && spanInputs(root));
  const response = before.responsePreview ?? preview(root && spanOutputs(root));
  const fromRoot = Object.entries(root?.attributes ?? {})
    .filter((entry): entry is [string, string] => entry[0].startsWith(TAG_PREFIX) && typeof entry[1] === 'string')
    .map(([key, value]) => [key.slice(TAG_PREFIX.length), value] as const);
  const { durationMs: _duration, requestPreview: _request, responsePreview: _response, ...kept } = before;
  return named(
    {
      ...kept,
      requestTime,
      state,
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(request === undefined ? {} : { requestPreview: request }),
      ...(response === undefined ? {} : { responsePreview: response }),
      tags: {
        ...batch.resource,
        ...before.tags,
        ...Object.fromEntries(fromRoot),
        [TRACE_LOCATION_TAG]: traceLocation(before.experimentId, before.id),
        [SPANS_LOCATION_TAG]: SPANS_IN_STORE,
      },
      metadata: metadataOf(before, batch, all),
      spanCount,
    },
    root?.name ?? before.name,
  );
}
