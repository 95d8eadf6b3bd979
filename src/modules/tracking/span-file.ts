/** `traces.json`, the artifact in which clients below 3.4 (and today's, when a server takes no OTLP) keep the spans of a trace. */
import { z } from 'zod';
import type { Json, Span, SpanStatus } from '../../domain/traces.ts';

const nano = z.union([z.string().regex(/^\d{1,20}$/), z.number().nonnegative()]);
const attributes = z.record(z.string(), z.unknown()).nullish();

const current = z.object({
  trace_id: z.string(),
  span_id: z.string(),
  parent_span_id: z.string().nullish(),
  name: z.string(),
  start_time_unix_nano: nano,
  end_time_unix_nano: nano.nullish(),
  status: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  attributes,
  events: z.array(z.object({ name: z.string(), time_unix_nano: nano, attributes })).nullish(),
  links: z.array(z.object({ trace_id: z.string(), span_id: z.string(), attributes })).nullish(),
});

/** The form of clients 2.14 to 2.x. */
const older = z.object({
  context: z.object({ trace_id: z.string(), span_id: z.string() }),
  parent_id: z.string().nullish(),
  name: z.string(),
  start_time: nano,
  end_time: nano.nullish(),
  status_code: z.string().nullish(),
  status_message: z.string().nullish(),
  attributes,
  events: z.array(z.object({ name: z.string(), timestamp: nano, attributes })).nullish(),
});

const file = z.object({ spans: z.array(z.union([current, older])).max(100_000) });

const nanoText = (value: string | number): string =>
  typeof value === 'string' ? value : BigInt(Math.round(value)).toString();

/** Base64, `0x…` or hex, as the versions write it. */
function hexId(text: string, bytes: number): string {
  if (/^0x[0-9a-f]+$/i.test(text))
    return text
      .slice(2)
      .toLowerCase()
      .padStart(bytes * 2, '0');
  if (new RegExp(`^[0-9a-f]{${bytes * 2}}$`, 'i').test(text)) return text.toLowerCase();
  return Buffer.from(text, 'base64')
    .toString('hex')
    .padStart(bytes * 2, '0');
}

function statusOf(code: string | null | undefined): SpanStatus {
  if (code === undefined || code === null) return 'UNSET';
  if (code.endsWith('ERROR')) return 'ERROR';
  return code.endsWith('OK') ? 'OK' : 'UNSET';
}

/** Each value is JSON in a text. */
function valuesOf(record: Readonly<Record<string, unknown>> | null | undefined): Record<string, Json> {
  const entries = Object.entries(record ?? {}).map(([key, value]): [string, Json] => {
    if (typeof value !== 'string') return [key, z.json().catch(null).parse(value)];
    try {
      return [key, z.json().parse(JSON.parse(value))];
    } catch {
      return [key, value];
    }
  });
  return Object.fromEntries(entries);
}

function spanOf(item: z.output<typeof current> | z.output<typeof older>): Span {
  const now = 'span_id' in item;
  const traceId = hexId(now ? item.trace_id : item.context.trace_id, 16);
  const id = hexId(now ? item.span_id : item.context.span_id, 8);
  const parent = now ? item.parent_span_id : item.parent_id;
  const end = now ? item.end_time_unix_nano : item.end_time;
  const events = now
    ? (item.events ?? []).map((event) => ({ name: event.name, at: event.time_unix_nano, of: event.attributes }))
    : (item.events ?? []).map((event) => ({ name: event.name, at: event.timestamp, of: event.attributes }));
  return {
    traceId,
    id,
    ...(parent === undefined || parent === null || parent === '' ? {} : { parentId: hexId(parent, 8) }),
    name: item.name,
    kind: 1,
    startNs: nanoText(now ? item.start_time_unix_nano : item.start_time),
    ...(end === undefined || end === null ? {} : { endNs: nanoText(end) }),
    status: statusOf(now ? item.status?.code : item.status_code),
    statusMessage: (now ? item.status?.message : item.status_message) ?? '',
    attributes: valuesOf(item.attributes),
    exact: [],
    events: events.map((event) => ({ name: event.name, timeNs: nanoText(event.at), attributes: valuesOf(event.of) })),
    links: (now ? (item.links ?? []) : []).map((link) => ({
      traceId: hexId(link.trace_id.replace(/^tr-/, ''), 16),
      spanId: hexId(link.span_id, 8),
      attributes: valuesOf(link.attributes),
    })),
  };
}

/** Nanoseconds have more digits than a JavaScript number: they are read as text. Inside a value a quote has a backslash before it. */
const exact = (text: string): string =>
  text.replaceAll(/([{,]\s*"(?:start_|end_)?time(?:_unix_nano|stamp)?":\s*)(\d{16,20})(?=\s*[,}])/g, '$1"$2"');

/** The spans of the file; none when it is not such a file: it came from a client and may be anything. */
export function parseSpanFile(text: string): readonly Span[] {
  let raw: unknown;
  try {
    raw = JSON.parse(exact(text));
  } catch {
    return [];
  }
  const parsed = file.safeParse(raw);
  return parsed.success ? parsed.data.spans.map(spanOf) : [];
}
