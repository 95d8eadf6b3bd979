/** Trace, Span, Assessment: MLflow's meanings; a span is OpenTelemetry's. Times are ms since the epoch unless the name says Ns. */
import { MillwrightError } from './errors.ts';

export const TRACE_STATES = ['STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS'] as const;
export type TraceState = (typeof TRACE_STATES)[number];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Where in the attributes a value stood whose type JSON cannot say: the path, and what it was. */
export interface ExactType {
  readonly path: readonly (string | number)[];
  /** `double`: a whole number that was a float. `int`: too large for a JSON number, kept as text. `bytes`: base64. */
  readonly type: 'double' | 'int' | 'bytes';
}

export interface SpanEvent {
  readonly name: string;
  readonly timeNs: string;
  readonly attributes: Readonly<Record<string, Json>>;
}

export interface SpanLink {
  /** 32 hex */
  readonly traceId: string;
  /** 16 hex */
  readonly spanId: string;
  readonly attributes: Readonly<Record<string, Json>>;
}

export type SpanStatus = 'UNSET' | 'OK' | 'ERROR';

export interface Span {
  /** 32 lower-case hex characters: OpenTelemetry's id of the trace. */
  readonly traceId: string;
  /** 16 lower-case hex characters, unique in the trace. */
  readonly id: string;
  /** Absent for a root. */
  readonly parentId?: string;
  readonly name: string;
  /** OpenTelemetry's SpanKind, 0..5. */
  readonly kind: number;
  /** Nanoseconds since the epoch as decimal text: they do not fit a JavaScript number. */
  readonly startNs: string;
  /** Absent while the span runs. */
  readonly endNs?: string;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  readonly attributes: Readonly<Record<string, Json>>;
  readonly exact: readonly ExactType[];
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

export type AssessmentKind = 'feedback' | 'expectation' | 'issue';

export interface Assessment {
  readonly id: string;
  readonly traceId: string;
  readonly name: string;
  readonly kind: AssessmentKind;
  /** Of an issue: its name. */
  readonly value: Json;
  readonly error?: { readonly code: string; readonly message?: string; readonly stack?: string };
  /** HUMAN, LLM_JUDGE or CODE, and who. */
  readonly source: { readonly type: string; readonly id: string };
  readonly spanId?: string;
  readonly rationale?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Id of the assessment that this one replaces; that one is not valid any more. */
  readonly overrides?: string;
  readonly valid: boolean;
}

export interface TraceInfo {
  /** `tr-<32 hex>` for what OpenTelemetry sent; a client may have chosen another. */
  readonly id: string;
  readonly experimentId: string;
  readonly requestTime: number;
  /** Absent while the trace runs. */
  readonly durationMs?: number;
  readonly state: TraceState;
  readonly clientRequestId?: string;
  readonly requestPreview?: string;
  readonly responsePreview?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly assessments: readonly Assessment[];
  /** Spans that are in the store; those of older clients are an artifact of the trace and count 0. */
  readonly spanCount: number;
  /** The tag `mlflow.traceName`, else the name of the root span. */
  readonly name?: string;
}

/** Spans of one trace that came together. */
export interface SpanBatch {
  readonly traceId: string;
  readonly experimentId: string;
  /** What the resource says of itself; a tag that is there already stays. */
  readonly resource: Readonly<Record<string, string>>;
  readonly spans: readonly Span[];
}

export const TRACE_NAME_TAG = 'mlflow.traceName';
/** The value TRACKING_STORE tells MLflow's client to read the spans from the server and not from an artifact. */
export const SPANS_LOCATION_TAG = 'mlflow.trace.spansLocation';
export const SPANS_IN_STORE = 'TRACKING_STORE';
export const TRACE_LOCATION_TAG = 'mlflow.artifactLocation';
export const SOURCE_RUN = 'mlflow.sourceRun';
export const TRACE_SESSION = 'mlflow.trace.session';
export const TRACE_USER = 'mlflow.trace.user';
export const TOKEN_USAGE = 'mlflow.trace.tokenUsage';
export const TRACE_COST = 'mlflow.trace.cost';
/** Set once a client has said how the trace ended: what spans suggest does not change its times any more. */
export const INFO_FINALIZED = 'mlflow.trace.infoFinalized';

/** MLflow's key first, then OpenInference's, OpenTelemetry GenAI's and Traceloop's. */
const INPUT_KEYS = ['mlflow.spanInputs', 'input.value', 'gen_ai.input.messages', 'traceloop.entity.input'];
const OUTPUT_KEYS = ['mlflow.spanOutputs', 'output.value', 'gen_ai.output.messages', 'traceloop.entity.output'];
const TYPE_KEYS = ['mlflow.spanType', 'openinference.span.kind', 'traceloop.span.kind'];
const INTERNAL = new Set([...INPUT_KEYS, ...OUTPUT_KEYS, 'mlflow.traceRequestId']);

function firstOf(span: Pick<Span, 'attributes'>, keys: readonly string[]): Json | undefined {
  for (const key of keys) {
    const value = span.attributes[key];
    if (value !== undefined) return value;
  }
  return undefined;
}

export const spanInputs = (span: Pick<Span, 'attributes'>): Json | undefined => firstOf(span, INPUT_KEYS);
export const spanOutputs = (span: Pick<Span, 'attributes'>): Json | undefined => firstOf(span, OUTPUT_KEYS);

/** LLM, CHAIN, TOOL …; `UNKNOWN` as MLflow says when nobody said. */
export function spanType(span: Pick<Span, 'attributes'>): string {
  const value = firstOf(span, TYPE_KEYS);
  return typeof value === 'string' && value !== '' ? value.slice(0, 100) : 'UNKNOWN';
}

/** What a person set, without inputs, outputs and ids. */
export function plainAttributes(span: Pick<Span, 'attributes'>): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(span.attributes).filter(([key]) => !INTERNAL.has(key)));
}

/** Text that every engine stores and finds again: without NUL and half characters, which PostgreSQL refuses. */
export function storableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole;
}

/** The same for every text in a value. */
export function storableJson(value: Json): Json {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(storableJson);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [storableText(key), storableJson(one)]));
}

/** A value as a filter compares it: text as it is, anything else as JSON. */
export const jsonText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** By start, then id: the order of the store's answers. */
export function bySpanStart(a: Span, b: Span): number {
  const x = BigInt(a.startNs);
  const y = BigInt(b.startNs);
  return x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1;
}

export const traceNotFound = (id: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `Trace with ID '${id}' not found.`, { where: 'trace_id' });

export const assessmentNotFound = (traceId: string, id: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `Assessment with ID '${id}' not found for trace '${traceId}'`, {
    where: 'assessment_id',
  });
