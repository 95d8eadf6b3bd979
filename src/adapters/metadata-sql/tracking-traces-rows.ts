/** Rows of traces, and how they become the domain's types. */
import type { Kysely } from 'kysely';
import { assessedNumber } from '../../domain/trace-filter.ts';
import { jsonText, SOURCE_RUN, spanType } from '../../domain/traces.ts';
import type { Assessment, Span, TraceInfo, TraceState } from '../../domain/traces.ts';
import { toExperimentNumber } from './tracking-tables.ts';

export interface TraceRow {
  id: string;
  experiment_id: number;
  request_time: number;
  /** What older versions kept; `{}` since. */
  info: string;
  state: string | null;
  duration_ms: number | null;
  name: string | null;
  client_request_id: string | null;
  request_preview: string | null;
  response_preview: string | null;
  span_count: number | null;
  run_id: string | null;
}

interface EntryRow {
  trace_id: string;
  key: string;
  value: string;
}

interface SpanRow {
  trace_id: string;
  span_id: string;
  status: string;
  type: string;
  name: string;
  /** `[{key, value}]` with values as text and cut: what a filter compares. */
  attributes: string;
  doc: string;
}

interface AssessmentRow {
  trace_id: string;
  id: string;
  kind: string;
  name: string;
  valid: number;
  created_at: number;
  number: number | null;
  value: string;
  doc: string;
}

export interface TraceTables {
  traces: TraceRow;
  trace_tags: EntryRow;
  trace_metadata: EntryRow;
  spans: SpanRow;
  assessments: AssessmentRow;
  trace_links: { kind: string; target: string; trace_id: string };
  artifacts: { owner_kind: string; owner_id: string };
}

export type TraceDb = Kysely<TraceTables>;

/** Of one attribute's text in the search column; whole values are in `doc`. */
const SEARCHED = 4000;

export function toSpanRow(traceId: string, span: Span): SpanRow {
  const attributes = Object.entries(span.attributes).flatMap(([key, value]) =>
    value === null ? [] : [{ key, value: jsonText(value).slice(0, SEARCHED) }],
  );
  return {
    trace_id: traceId,
    span_id: span.id,
    status: span.status,
    type: spanType(span),
    name: span.name,
    attributes: JSON.stringify(attributes),
    doc: JSON.stringify(span),
  };
}

export const fromSpanRow = (row: Pick<SpanRow, 'doc'>): Span => JSON.parse(row.doc) as Span;

export function toAssessmentRow(one: Assessment): AssessmentRow {
  return {
    trace_id: one.traceId,
    id: one.id,
    kind: one.kind,
    name: one.name,
    valid: one.valid ? 1 : 0,
    created_at: one.createdAt,
    number: assessedNumber(one) ?? null,
    value: jsonText(one.value),
    doc: JSON.stringify(one),
  };
}

/** Validity is a column because an override changes it without reading the rest. */
export function fromAssessmentRow(row: Pick<AssessmentRow, 'doc' | 'valid'>): Assessment {
  return { ...(JSON.parse(row.doc) as Assessment), valid: row.valid === 1 };
}

export function toTraceRow(info: TraceInfo): TraceRow {
  return {
    id: info.id,
    experiment_id: toExperimentNumber(info.experimentId),
    request_time: info.requestTime,
    info: '{}',
    state: info.state,
    duration_ms: info.durationMs ?? null,
    name: info.name ?? null,
    client_request_id: info.clientRequestId ?? null,
    request_preview: info.requestPreview ?? null,
    response_preview: info.responsePreview ?? null,
    span_count: info.spanCount,
    run_id: info.metadata[SOURCE_RUN]?.slice(0, 250) ?? null,
  };
}

export function fromTraceRow(
  row: TraceRow,
  tags: Readonly<Record<string, string>>,
  metadata: Readonly<Record<string, string>>,
  assessments: readonly Assessment[],
): TraceInfo {
  return {
    id: row.id,
    experimentId: String(row.experiment_id),
    requestTime: row.request_time,
    ...(row.duration_ms === null ? {} : { durationMs: row.duration_ms }),
    state: (row.state ?? 'STATE_UNSPECIFIED') as TraceState,
    ...(row.client_request_id === null ? {} : { clientRequestId: row.client_request_id }),
    ...(row.request_preview === null ? {} : { requestPreview: row.request_preview }),
    ...(row.response_preview === null ? {} : { responsePreview: row.response_preview }),
    metadata,
    tags,
    assessments,
    spanCount: row.span_count ?? 0,
    ...(row.name === null ? {} : { name: row.name }),
  };
}
