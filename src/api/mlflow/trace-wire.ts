/** Traces as MLflow's JSON (proto3's rules for Timestamp, Duration and Value) and spans as OpenTelemetry's, both ways. */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import type { Assessment, ExactType, Json, Span, TraceInfo } from '../../domain/traces.ts';
import { TRACE_STATES } from '../../domain/traces.ts';
import { messages, optional, required, text } from './fields.ts';
import { listed } from './wire.ts';

type Wire = Readonly<Record<string, unknown>>;

const timestamp = (ms: number): string => new Date(ms).toISOString();
const duration = (ms: number): string => `${ms / 1000}s`;

function toMs(value: string, where: string): number {
  const ms = Date.parse(value);
  if (!Number.isNaN(ms)) return ms;
  const name = where.split('.').at(-1) ?? where;
  throw new MillwrightError('MW-INVALID', `${name} is not a time such as 2026-01-31T10:00:00Z`, { where });
}

/** `1.234s` */
function durationMs(value: string, where: string): number {
  if (/^\d{1,12}(?:\.\d{1,9})?s$/.test(value)) return Math.round(Number(value.slice(0, -1)) * 1000);
  throw new MillwrightError('MW-INVALID', 'execution_duration is not a duration such as 1.5s', { where });
}

const json = z.json();
const strings = z
  .record(z.string(), z.coerce.string())
  .nullish()
  .transform((value) => value ?? {});

export const location = z.looseObject({ mlflow_experiment: z.looseObject({ experiment_id: required }) });

export const assessmentInput = z.looseObject({
  assessment_id: text,
  assessment_name: text,
  trace_id: text,
  span_id: text,
  source: optional(z.looseObject({ source_type: text, source_id: text })),
  create_time: text,
  last_update_time: text,
  feedback: optional(
    z.looseObject({
      value: json.optional(),
      error: optional(z.looseObject({ error_code: text, error_message: text, stack_trace: text })),
    }),
  ),
  expectation: optional(
    z.looseObject({
      value: json.optional(),
      serialized_value: optional(z.looseObject({ serialization_format: text, value: text })),
    }),
  ),
  issue: optional(z.looseObject({ issue_name: text })),
  rationale: text,
  metadata: strings,
  overrides: text,
  valid: optional(z.boolean()),
});
type AssessmentInput = z.output<typeof assessmentInput>;

export const infoInput = z.looseObject({
  trace_id: required,
  client_request_id: text,
  trace_location: location,
  request_preview: text,
  response_preview: text,
  request_time: required,
  execution_duration: text,
  state: optional(z.enum(TRACE_STATES)),
  trace_metadata: strings,
  tags: strings,
  assessments: messages(assessmentInput),
});

type Judged = Pick<Assessment, 'kind' | 'value' | 'error'>;

function expectationValue(given: NonNullable<AssessmentInput['expectation']>): Json {
  const packed = given.serialized_value;
  if (packed === undefined) return given.value ?? null;
  try {
    return json.parse(JSON.parse(packed.value ?? ''));
  } catch {
    throw new MillwrightError('MW-INVALID', 'serialized_value.value is not JSON', {
      where: 'assessment.expectation.serialized_value',
    });
  }
}

/** What was said: undefined when the message says nothing of the three kinds. */
export function judgedOf(given: AssessmentInput): Judged | undefined {
  if (given.feedback !== undefined) {
    const { value, error } = given.feedback;
    if (error === undefined) return { kind: 'feedback', value: value ?? null };
    return {
      kind: 'feedback',
      value: value ?? null,
      error: {
        code: error.error_code ?? '',
        ...(error.error_message === undefined ? {} : { message: error.error_message }),
        ...(error.stack_trace === undefined ? {} : { stack: error.stack_trace }),
      },
    };
  }
  if (given.expectation !== undefined) return { kind: 'expectation', value: expectationValue(given.expectation) };
  return given.issue === undefined ? undefined : { kind: 'issue', value: given.issue.issue_name ?? '' };
}

export function newAssessment(
  traceId: string,
  given: AssessmentInput,
): Omit<Assessment, 'id' | 'createdAt' | 'updatedAt' | 'valid'> {
  const judged = judgedOf(given);
  if (judged === undefined) {
    throw new MillwrightError('MW-INVALID', 'Unknown assessment type: neither feedback, expectation nor issue', {
      where: 'assessment',
    });
  }
  return {
    ...judged,
    traceId,
    name: given.assessment_name ?? (judged.kind === 'issue' ? '' : judged.kind),
    source: { type: given.source?.source_type ?? 'CODE', id: given.source?.source_id ?? 'default' },
    ...(given.span_id === undefined || given.span_id === '' ? {} : { spanId: given.span_id }),
    ...(given.rationale === undefined ? {} : { rationale: given.rationale }),
    ...(given.overrides === undefined || given.overrides === '' ? {} : { overrides: given.overrides }),
    metadata: given.metadata,
  };
}

/** Assessments that come without an id have the empty one. */
export function infoOf(given: z.output<typeof infoInput>): TraceInfo {
  const at = 'trace.trace_info';
  const requestTime = toMs(given.request_time, `${at}.request_time`);
  return {
    id: given.trace_id,
    experimentId: given.trace_location.mlflow_experiment.experiment_id,
    requestTime,
    ...(given.execution_duration === undefined
      ? {}
      : { durationMs: durationMs(given.execution_duration, `${at}.execution_duration`) }),
    state: given.state ?? 'STATE_UNSPECIFIED',
    ...(given.client_request_id === undefined ? {} : { clientRequestId: given.client_request_id }),
    ...(given.request_preview === undefined ? {} : { requestPreview: given.request_preview }),
    ...(given.response_preview === undefined ? {} : { responsePreview: given.response_preview }),
    metadata: given.trace_metadata,
    tags: given.tags,
    assessments: given.assessments.map((one) => {
      const created = one.create_time === undefined ? requestTime : toMs(one.create_time, `${at}.assessments`);
      return {
        ...newAssessment(given.trace_id, one),
        id: one.assessment_id ?? '',
        createdAt: created,
        updatedAt: one.last_update_time === undefined ? created : toMs(one.last_update_time, `${at}.assessments`),
        valid: one.valid ?? true,
      };
    }),
    spanCount: 0,
  };
}

function judgedWire({ kind, value, error }: Assessment): Wire {
  if (kind === 'issue') return { issue: { issue_name: typeof value === 'string' ? value : '' } };
  if (kind === 'feedback') {
    const wire =
      error &&
      ({
        error_code: error.code,
        ...(error.message === undefined ? {} : { error_message: error.message }),
        ...(error.stack === undefined ? {} : { stack_trace: error.stack }),
      } as const);
    return { feedback: { value, ...(wire === undefined ? {} : { error: wire }) } };
  }
  // proto3's Value has no integers and MLflow packs what is no scalar.
  const scalar = value === null || typeof value !== 'object';
  return {
    expectation: scalar
      ? { value }
      : { serialized_value: { serialization_format: 'JSON_FORMAT', value: JSON.stringify(value) } },
  };
}

export function assessmentWire(one: Assessment): Wire {
  return {
    assessment_id: one.id,
    assessment_name: one.name,
    trace_id: one.traceId,
    ...(one.spanId === undefined ? {} : { span_id: one.spanId }),
    source: { source_type: one.source.type, source_id: one.source.id },
    create_time: timestamp(one.createdAt),
    last_update_time: timestamp(one.updatedAt),
    ...judgedWire(one),
    ...(one.rationale === undefined ? {} : { rationale: one.rationale }),
    ...(Object.keys(one.metadata).length === 0 ? {} : { metadata: one.metadata }),
    ...(one.overrides === undefined ? {} : { overrides: one.overrides }),
    valid: one.valid,
  };
}

export function infoWire(info: TraceInfo): Wire {
  return {
    trace_id: info.id,
    ...(info.clientRequestId === undefined ? {} : { client_request_id: info.clientRequestId }),
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: info.experimentId } },
    ...(info.requestPreview === undefined ? {} : { request_preview: info.requestPreview }),
    ...(info.responsePreview === undefined ? {} : { response_preview: info.responsePreview }),
    request_time: timestamp(info.requestTime),
    ...(info.durationMs === undefined ? {} : { execution_duration: duration(info.durationMs) }),
    state: info.state,
    trace_metadata: info.metadata,
    tags: info.tags,
    ...listed('assessments', info.assessments.map(assessmentWire)),
  };
}

const V2_STATUS: Readonly<Record<string, string>> = { STATE_UNSPECIFIED: 'TRACE_STATUS_UNSPECIFIED' };
const entriesOf = (record: Readonly<Record<string, string>>): readonly Wire[] =>
  Object.entries(record).map(([key, value]) => ({ key, value }));

export function infoWireV2(info: TraceInfo): Wire {
  return {
    request_id: info.id,
    experiment_id: info.experimentId,
    timestamp_ms: info.requestTime,
    ...(info.durationMs === undefined ? {} : { execution_time_ms: info.durationMs }),
    status: V2_STATUS[info.state] ?? info.state,
    ...listed('request_metadata', entriesOf(info.metadata)),
    ...listed('tags', entriesOf(info.tags)),
  };
}

type Kinds = ReadonlyMap<string, ExactType['type']>;
const pathKey = (path: readonly (string | number)[]): string => JSON.stringify(path);
const exactKinds = (exact: readonly ExactType[]): Kinds => new Map(exact.map((one) => [pathKey(one.path), one.type]));

function anyValue(value: Json, path: readonly (string | number)[], kinds: Kinds): Wire {
  const kind = kinds.size === 0 ? undefined : kinds.get(pathKey(path));
  if (kind === 'double') return { double_value: value };
  if (kind === 'int') return { int_value: value };
  if (kind === 'bytes') return { bytes_value: value };
  switch (typeof value) {
    case 'string':
      return { string_value: value };
    case 'boolean':
      return { bool_value: value };
    case 'number':
      return Number.isInteger(value) ? { int_value: value } : { double_value: value };
    default:
      if (value === null) return {};
      if (Array.isArray(value)) {
        return { array_value: { values: value.map((one: Json, i) => anyValue(one, [...path, i], kinds)) } };
      }
      return { kvlist_value: { values: keyValues(Object.fromEntries(Object.entries(value)), path, kinds) } };
  }
}

function keyValues(
  record: Readonly<Record<string, Json>>,
  path: readonly (string | number)[],
  kinds: Kinds,
): readonly Wire[] {
  return Object.entries(record).map(([key, value]) => ({ key, value: anyValue(value, [...path, key], kinds) }));
}

const NONE: Kinds = new Map();
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

/** OpenTelemetry's Span in proto3 JSON: ids as base64, 64-bit numbers as text. */
function spanWire(span: Span): Wire {
  const events = span.events.map((event) => ({
    name: event.name,
    time_unix_nano: event.timeNs,
    ...listed('attributes', keyValues(event.attributes, [], NONE)),
  }));
  const links = span.links.map((link) => ({
    trace_id: base64(link.traceId),
    span_id: base64(link.spanId),
    ...listed('attributes', keyValues(link.attributes, [], NONE)),
  }));
  return {
    trace_id: base64(span.traceId),
    span_id: base64(span.id),
    ...(span.parentId === undefined ? {} : { parent_span_id: base64(span.parentId) }),
    name: span.name,
    kind: span.kind,
    start_time_unix_nano: span.startNs,
    ...(span.endNs === undefined ? {} : { end_time_unix_nano: span.endNs }),
    ...listed('attributes', keyValues(span.attributes, [], exactKinds(span.exact))),
    ...listed('events', events),
    ...listed('links', links),
    status: {
      code: `STATUS_CODE_${span.status}`,
      ...(span.statusMessage === '' ? {} : { message: span.statusMessage }),
    },
  };
}

export const traceWire = (info: TraceInfo, spans: readonly Span[]): Wire => ({
  trace_info: infoWire(info),
  ...listed('spans', spans.map(spanWire)),
});
