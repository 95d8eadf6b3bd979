/** Traces and assessments as MLflow writes them: rows of its database, messages of its API (two versions), its YAML files. */
import type { Assessment, AssessmentKind, Json, Span, TraceInfo, TraceState } from '../../domain/traces.ts';
import { TRACE_STATES } from '../../domain/traces.ts';
import { number, optionalNumber, optionalText, type Row, text, truth } from './rows.ts';

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);
const part = (value: unknown): Row => (isRow(value) ? value : {});

/** `{key: value}`, given as such or as a list of entries. */
function texts(value: unknown): Record<string, string> {
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.filter(isRow).map((one) => [text(one['key']), one['value']])
    : Object.entries(part(value));
  return Object.fromEntries(entries.map(([key, one]) => [key, text(one)]));
}

/** Texts that may be JSON, as the values that they mean. */
function parsed(value: unknown): Json {
  if (typeof value !== 'string') return (value ?? null) as Json;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

/** A moment as text (`2026-01-31T10:00:00Z`), as ms, or not at all. */
function moment(value: unknown): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'number') return value;
  const ms = value instanceof Date ? value.getTime() : Date.parse(text(value));
  return Number.isNaN(ms) ? optionalNumber(value) : ms;
}

/** `1.5s`, or a number of ms under another name. */
function duration(row: Row): number | undefined {
  const seconds = /^([\d.]+)s$/.exec(text(row['execution_duration']))?.[1];
  if (seconds !== undefined) return Math.round(Number(seconds) * 1000);
  return optionalNumber(row['execution_duration_ms'] ?? row['execution_time_ms']);
}

const stateOf = (value: unknown): TraceState => TRACE_STATES.find((state) => state === value) ?? 'STATE_UNSPECIFIED';

/** `row`: of the table, the message of version 2 or 3, or the YAML file; `own`: what the caller read besides. */
export function traceOf(
  row: Row,
  experimentId: string,
  own: Partial<Pick<TraceInfo, 'tags' | 'metadata'>> & { readonly assessments?: readonly Assessment[] } = {},
): TraceInfo {
  const id = text(row['trace_id'] ?? row['request_id']);
  const durationMs = duration(row);
  const clientRequestId = optionalText(row['client_request_id']);
  const request = optionalText(row['request_preview']);
  const response = optionalText(row['response_preview']);
  const requestTime = moment(row['request_time'] ?? row['timestamp_ms']) ?? 0;
  const listed = Array.isArray(row['assessments']) ? row['assessments'].filter(isRow) : [];
  return {
    id,
    experimentId,
    requestTime,
    ...(durationMs === undefined ? {} : { durationMs }),
    state: stateOf(row['state'] ?? row['status']),
    ...(clientRequestId === undefined ? {} : { clientRequestId }),
    ...(request === undefined ? {} : { requestPreview: request }),
    ...(response === undefined ? {} : { responsePreview: response }),
    metadata: own.metadata ?? texts(row['trace_metadata'] ?? row['request_metadata']),
    tags: own.tags ?? texts(row['tags']),
    assessments: own.assessments ?? listed.map((one) => assessmentOf(one, id, requestTime)),
    spanCount: 0,
  };
}

function judged(row: Row): Pick<Assessment, 'kind' | 'value' | 'error'> {
  const [feedback, expectation] = [row['feedback'], row['expectation']];
  if (isRow(feedback))
    return { kind: 'feedback', value: (feedback['value'] ?? null) as Json, ...failure(feedback['error']) };
  if (isRow(expectation)) {
    const packed = part(expectation['serialized_value'])['value'];
    return {
      kind: 'expectation',
      value: packed === undefined ? ((expectation['value'] ?? null) as Json) : parsed(packed),
    };
  }
  return { kind: 'issue', value: text(part(row['issue'])['issue_name']) };
}

function failure(given: unknown): Pick<Assessment, 'error'> {
  if (!isRow(given)) return {};
  const message = optionalText(given['error_message']);
  const stack = optionalText(given['stack_trace']);
  return {
    error: {
      code: text(given['error_code']),
      ...(message === undefined ? {} : { message }),
      ...(stack === undefined ? {} : { stack }),
    },
  };
}

function around(row: Row, traceId: string, createdAt: number) {
  const spanId = optionalText(row['span_id']);
  const rationale = optionalText(row['rationale']);
  const overrides = optionalText(row['overrides']);
  return {
    id: text(row['assessment_id']),
    traceId,
    ...(spanId === undefined ? {} : { spanId }),
    ...(rationale === undefined ? {} : { rationale }),
    ...(overrides === undefined ? {} : { overrides }),
    valid: row['valid'] === undefined || row['valid'] === null ? true : truth(row['valid']),
    createdAt,
  };
}

/** A message of the API, or a YAML file. */
export function assessmentOf(row: Row, traceId: string, tracedAt: number): Assessment {
  const createdAt = moment(row['create_time']) ?? tracedAt;
  const source = part(row['source']);
  return {
    ...around(row, traceId, createdAt),
    ...judged(row),
    name: text(row['assessment_name']),
    source: { type: text(source['source_type']), id: text(source['source_id']) },
    metadata: texts(row['metadata']),
    updatedAt: moment(row['last_update_time']) ?? createdAt,
  };
}

/** A row of the table. */
export function assessmentOfRow(row: Row, traceId: string): Assessment {
  const createdAt = number(row['created_timestamp']);
  const kinds: readonly AssessmentKind[] = ['feedback', 'expectation', 'issue'];
  const kind = kinds.find((one) => one === row['assessment_type']) ?? 'feedback';
  const value = parsed(row['value']);
  return {
    ...around(row, traceId, createdAt),
    kind,
    value: kind === 'issue' ? text(part(value)['issue_name']) : value,
    ...failure(parsed(row['error'])),
    name: text(row['name']),
    source: { type: text(row['source_type']), id: text(row['source_id']) },
    metadata: texts(parsed(row['assessment_metadata'])),
    updatedAt: optionalNumber(row['last_updated_timestamp']) ?? createdAt,
  };
}

/** Numbers that JavaScript would round stay text: nanoseconds since 1970 have 19 digits. */
export function parseExact(body: string): unknown {
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (context?.source ?? String(value))
      : value;
  return JSON.parse(body, exact);
}

interface Exact {
  readonly path: (string | number)[];
  readonly exact: Span['exact'][number][];
}

function anyOf(value: unknown, at: Exact): Json {
  const any = part(value);
  const note = (type: Exact['exact'][number]['type']): void => void at.exact.push({ path: at.path, type });
  if ('string_value' in any) return text(any['string_value']);
  if ('bool_value' in any) return any['bool_value'] === true;
  if ('int_value' in any) {
    const given = Number(any['int_value']);
    if (Number.isSafeInteger(given)) return given;
    note('int');
    return text(any['int_value']);
  }
  if ('double_value' in any) {
    const given = Number(any['double_value']);
    if (!Number.isFinite(given)) return text(any['double_value']);
    if (Number.isInteger(given)) note('double');
    return given;
  }
  if ('bytes_value' in any) {
    note('bytes');
    return text(any['bytes_value']);
  }
  if ('array_value' in any) {
    const values = part(any['array_value'])['values'];
    return (Array.isArray(values) ? values : []).map((one: unknown, i) =>
      anyOf(one, { path: [...at.path, i], exact: at.exact }),
    );
  }
  if ('kvlist_value' in any) return pairsOf(part(any['kvlist_value'])['values'], at);
  return null;
}

function pairsOf(list: unknown, { path, exact }: Exact): Record<string, Json> {
  return Object.fromEntries(
    (Array.isArray(list) ? list.filter(isRow) : []).map((one) => {
      const key = text(one['key']);
      return [key, anyOf(one['value'], { path: [...path, key], exact })];
    }),
  );
}

const hex = (base64: unknown): string => Buffer.from(text(base64), 'base64').toString('hex');
const list = (value: unknown): readonly Row[] => (Array.isArray(value) ? value.filter(isRow) : []);

/** A span of the third version of the API: OpenTelemetry's in proto3 JSON with names in snake case. */
export function spanOfMessage(row: Row): Span {
  const exact: Exact['exact'] = [];
  const parentId = hex(row['parent_span_id']);
  const endNs = text(row['end_time_unix_nano']);
  const status = part(row['status']);
  const code = text(status['code']);
  return {
    traceId: hex(row['trace_id']),
    id: hex(row['span_id']),
    ...(parentId === '' ? {} : { parentId }),
    name: text(row['name']),
    kind: typeof row['kind'] === 'number' ? row['kind'] : Math.max(0, KINDS.indexOf(text(row['kind']))),
    startNs: text(row['start_time_unix_nano']),
    ...(endNs === '' || endNs === '0' ? {} : { endNs }),
    status: code.endsWith('ERROR') || code === '2' ? 'ERROR' : code.endsWith('OK') || code === '1' ? 'OK' : 'UNSET',
    statusMessage: text(status['message']),
    attributes: pairsOf(row['attributes'], { path: [], exact }),
    exact,
    events: list(row['events']).map((event) => ({
      name: text(event['name']),
      timeNs: text(event['time_unix_nano']) || '0',
      attributes: pairsOf(event['attributes'], { path: [], exact: [] }),
    })),
    links: list(row['links']).map((link) => ({
      traceId: hex(link['trace_id']),
      spanId: hex(link['span_id']),
      attributes: pairsOf(link['attributes'], { path: [], exact: [] }),
    })),
  };
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (kind) => `SPAN_KIND_${kind}`,
);
