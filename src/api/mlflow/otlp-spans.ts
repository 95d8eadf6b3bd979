/**
 * OTLP's trace request, as protobuf or as JSON, to spans. Both are read by one pass over unknown values: protobufjs gives the names
 * of OTLP's JSON (camelCase), 64-bit numbers as text, and bytes where JSON has hex.
 */
import { storableText } from '../../domain/traces.ts';
import type { ExactType, Json, Span, SpanBatch, SpanEvent, SpanLink, SpanStatus } from '../../domain/traces.ts';

const MAX_DEPTH = 64;
const MAX_ENTRIES = 2000;
const MAX_EXACT = 500;
const MAX_NAME = 1000;
const MAX_KEY = 500;

class Rejected extends Error {}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [];
  if (value.length > MAX_ENTRIES) throw new Rejected(`a span holds more than ${MAX_ENTRIES} of one kind`);
  return value;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? storableText(value) : '');

/** Lower-case hex of exactly `bytes` bytes, or undefined. All zero is OTLP's word for none. */
function idOf(value: unknown, bytes: number): string | undefined {
  const hex = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : textOf(value).toLowerCase();
  return hex.length === bytes * 2 && /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex) ? hex : undefined;
}

/** Up to the year 2262, which is what a signed 64-bit number of nanoseconds holds. */
function nanoOf(value: unknown): string | undefined {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : textOf(value);
  if (!/^\d{1,19}$/.test(text) || BigInt(text) > 9_223_372_036_854_775_807n || /^0+$/.test(text)) return undefined;
  return text;
}

interface Path {
  readonly at: readonly (string | number)[];
  readonly exact: ExactType[];
}

function note({ at, exact }: Path, type: ExactType['type']): void {
  if (exact.length < MAX_EXACT) exact.push({ path: at, type });
}

function doubleOf(value: unknown, path: Path): Json {
  const number = typeof value === 'number' ? value : Number(textOf(value));
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'NaN' : number > 0 ? 'Infinity' : '-Infinity';
  if (Number.isInteger(number)) note(path, 'double');
  return number;
}

function intOf(value: unknown, path: Path): Json {
  const text = typeof value === 'number' ? String(value) : textOf(value);
  if (!/^-?\d{1,19}$/.test(text)) throw new Rejected('an intValue is no 64-bit integer');
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  note(path, 'int');
  return text;
}

function valueOf(value: unknown, path: Path): Json {
  if (path.at.length > MAX_DEPTH) throw new Rejected(`an attribute is nested deeper than ${MAX_DEPTH} levels`);
  const any = fieldsOf(value);
  if ('stringValue' in any) return textOf(any['stringValue']);
  if ('boolValue' in any) return any['boolValue'] === true;
  if ('intValue' in any) return intOf(any['intValue'], path);
  if ('doubleValue' in any) return doubleOf(any['doubleValue'], path);
  if ('bytesValue' in any) {
    note(path, 'bytes');
    const bytes = any['bytesValue'];
    return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64') : textOf(bytes);
  }
  if ('arrayValue' in any) {
    const values = fieldsOf(any['arrayValue'])['values'];
    return (Array.isArray(values) ? values : []).map((one: unknown, i) =>
      valueOf(one, { at: [...path.at, i], exact: path.exact }),
    );
  }
  if ('kvlistValue' in any) {
    const values = fieldsOf(any['kvlistValue'])['values'];
    return Object.fromEntries(
      (Array.isArray(values) ? values : []).map((one: unknown) => {
        const pair = fieldsOf(one);
        const key = textOf(pair['key']);
        return [key, valueOf(pair['value'], { at: [...path.at, key], exact: path.exact })];
      }),
    );
  }
  return null;
}

function attributesOf(list: unknown, exact: ExactType[]): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    listOf(list).map((one) => {
      const pair = fieldsOf(one);
      const key = textOf(pair['key']).slice(0, MAX_KEY);
      return [key, valueOf(pair['value'], { at: [key], exact })];
    }),
  );
}

const STATUSES: readonly SpanStatus[] = ['UNSET', 'OK', 'ERROR'];
const STATUS_NAMES: Readonly<Record<string, SpanStatus>> = { STATUS_CODE_OK: 'OK', STATUS_CODE_ERROR: 'ERROR' };

function statusOf(code: unknown): SpanStatus {
  if (typeof code === 'number') return STATUSES[code] ?? 'UNSET';
  const name = textOf(code);
  return (Object.hasOwn(STATUS_NAMES, name) ? STATUS_NAMES[name] : undefined) ?? 'UNSET';
}

function eventOf(value: unknown): SpanEvent {
  const event = fieldsOf(value);
  return {
    name: textOf(event['name']).slice(0, MAX_NAME),
    timeNs: nanoOf(event['timeUnixNano']) ?? '0',
    attributes: attributesOf(event['attributes'], []),
  };
}

function linksOf(list: unknown): readonly SpanLink[] {
  return listOf(list).flatMap((value) => {
    const link = fieldsOf(value);
    const traceId = idOf(link['traceId'], 16);
    const spanId = idOf(link['spanId'], 8);
    if (traceId === undefined || spanId === undefined) return [];
    return [{ traceId, spanId, attributes: attributesOf(link['attributes'], []) }];
  });
}

function spanOf(value: unknown): Span {
  const span = fieldsOf(value);
  const traceId = idOf(span['traceId'], 16);
  const id = idOf(span['spanId'], 8);
  if (traceId === undefined) throw new Rejected('a span has no trace id of 16 bytes');
  if (id === undefined) throw new Rejected('a span has no id of 8 bytes');
  const startNs = nanoOf(span['startTimeUnixNano']);
  if (startNs === undefined) throw new Rejected('a span has no start time');
  const endNs = nanoOf(span['endTimeUnixNano']);
  const parentId = idOf(span['parentSpanId'], 8);
  const status = fieldsOf(span['status']);
  const exact: ExactType[] = [];
  const kind = span['kind'];
  return {
    traceId,
    id,
    ...(parentId === undefined || parentId === id ? {} : { parentId }),
    name: textOf(span['name']).slice(0, MAX_NAME),
    kind: typeof kind === 'number' && Number.isInteger(kind) && kind >= 0 && kind <= 5 ? kind : 0,
    startNs,
    ...(endNs === undefined ? {} : { endNs }),
    status: statusOf(status['code']),
    statusMessage: textOf(status['message']).slice(0, 10_000),
    attributes: attributesOf(span['attributes'], exact),
    exact,
    events: listOf(span['events']).map(eventOf),
    links: linksOf(span['links']),
  };
}

/** What a resource says of itself as tags; not what the SDK says of itself, and nothing in MLflow's own namespace. */
function resourceTags(value: unknown): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [key, one] of Object.entries(attributesOf(fieldsOf(value)['attributes'], []))) {
    if (key === '' || key.startsWith('telemetry.sdk.') || key.startsWith('mlflow.')) continue;
    tags[key.slice(0, 250)] = (typeof one === 'string' ? one : JSON.stringify(one)).slice(0, 8000);
  }
  return tags;
}

export interface ReadSpans {
  /** One a trace. */
  readonly batches: readonly SpanBatch[];
  readonly spans: number;
  readonly rejected: number;
  /** Why the first one was rejected. */
  readonly reason?: string;
}

/** Spans by trace; what is no span is left out and counted. Throws RangeError when there are more than `limit`. */
export function readSpans(request: unknown, experimentId: string, limit: number): ReadSpans {
  const traces = new Map<string, { resource: Record<string, string>; spans: Span[] }>();
  let spans = 0;
  let rejected = 0;
  let reason: string | undefined;
  const resources = fieldsOf(request)['resourceSpans'];
  for (const one of Array.isArray(resources) ? resources : []) {
    const resourceSpans = fieldsOf(one);
    let tags: Record<string, string> = {};
    try {
      tags = resourceTags(resourceSpans['resource']);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
    }
    const scopes = resourceSpans['scopeSpans'];
    for (const scope of Array.isArray(scopes) ? scopes : []) {
      const list = fieldsOf(scope)['spans'];
      for (const item of Array.isArray(list) ? list : []) {
        spans += 1;
        if (spans > limit) throw new RangeError(`more than ${limit} spans in one request`);
        try {
          const span = spanOf(item);
          const trace = traces.get(span.traceId) ?? { resource: {}, spans: [] };
          trace.spans.push(span);
          Object.assign(trace.resource, tags);
          traces.set(span.traceId, trace);
        } catch (error) {
          if (!(error instanceof Rejected)) throw error;
          rejected += 1;
          reason ??= error.message;
        }
      }
    }
  }
  const batches = [...traces].map(([traceId, trace]) => ({ traceId: `tr-${traceId}`, experimentId, ...trace }));
  return { batches, spans, rejected, ...(reason === undefined ? {} : { reason }) };
}
