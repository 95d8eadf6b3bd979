/** What a request's `parameters` say to the data plane beside the tensors. */
import { MillwrightError } from '../../domain/errors.ts';

export interface CallOptions {
  readonly eventTime?: number;
  readonly stickyKey?: string;
  readonly timeoutMs?: number;
  readonly priority?: number;
}

/** Triton counts priorities from 1, the highest; here 0 is ordinary and more is earlier. The middle of nine levels is the ordinary one. */
export const PRIORITY_LEVELS = 9;
export const DEFAULT_PRIORITY_LEVEL = 5;
const LONGEST_TIMEOUT_MS = 600_000;

function bad(name: string, expected: string): never {
  throw new MillwrightError('MW-INVALID', `the parameter ${name} must be ${expected}`, { where: `parameters.${name}` });
}

function timeOf(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  const ms =
    typeof number === 'number'
      ? number
      : typeof number === 'string'
        ? /^\d+$/.test(number)
          ? Number(number)
          : Date.parse(number)
        : Number.NaN;
  // A year out of range would break the log's readers.
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15)
    bad('event_time', 'milliseconds since the epoch or an ISO 8601 time');
  return Math.floor(ms);
}

function wholeOf(name: string, value: unknown): number {
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number < 0 || typeof value === 'boolean')
    return bad(name, 'a whole number from 0');
  return Math.floor(number);
}

/** Of an open call: fields are added as they are found, because most calls have none. */
type Growing = { -readonly [K in keyof CallOptions]: CallOptions[K] };
const NONE: CallOptions = {};

/** Throws MW-INVALID. */
export function stickyKeyOf(key: unknown): string {
  if (typeof key !== 'string' || key.length > 200) return bad('sticky_key', 'a text of at most 200 characters');
  return key;
}

/**
 * `event_time` (ms or ISO 8601), `sticky_key` (text), `timeout` (microseconds) and `priority` (1 = first) of Triton's schedule_policy.
 * Others are ignored. Throws MW-INVALID naming the parameter.
 */
export function callOptions(parameters: Readonly<Record<string, unknown>> | undefined): CallOptions {
  if (parameters === undefined) return NONE;
  const { event_time: time, sticky_key: key, timeout, priority } = parameters;
  const options: Growing = {};
  if (time !== undefined) options.eventTime = timeOf(time);
  if (key !== undefined) options.stickyKey = stickyKeyOf(key);
  if (timeout !== undefined) {
    const micros = wholeOf('timeout', timeout);
    if (micros > 0) options.timeoutMs = Math.min(micros / 1000, LONGEST_TIMEOUT_MS);
  }
  if (priority !== undefined) {
    const level = wholeOf('priority', priority);
    if (level > 0) options.priority = DEFAULT_PRIORITY_LEVEL - Math.min(level, PRIORITY_LEVELS);
  }
  return options;
}

/** `3` → 3. Throws MW-NOT-FOUND for what is no version number. */
export function versionOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const version = Number(text);
  if (Number.isInteger(version) && version > 0) return version;
  throw new MillwrightError('MW-NOT-FOUND', `"${text.slice(0, 40)}" is not a version number`);
}

/** Whole seconds to wait before asking again, at least 1; undefined when asking again is no use. */
export function retryAfterSeconds(error: unknown): number | undefined {
  if (!(error instanceof MillwrightError)) return undefined;
  const { status } = error.kind;
  if (status !== 429 && status !== 503) return undefined;
  return Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000));
}

/** Of each part of an error. Messages name what the caller sent, and that may be megabytes: in gRPC's trailers it would end the connection. */
const SHOWN = 2000;
const short = (text: string): string => (text.length <= SHOWN ? text : `${text.slice(0, SHOWN).toWellFormed()}…`);

/** The one text of an error in the protocol's own shape: code, message, place and next step. */
export function errorText(error: unknown): { readonly status: number; readonly text: string; readonly code: string } {
  if (!(error instanceof MillwrightError)) {
    return {
      status: 500,
      code: 'MW-INTERNAL',
      text: 'MW-INTERNAL: the data plane failed; see plane/plane.log in the home',
    };
  }
  const where = error.where === undefined ? '' : ` (at ${short(error.where)})`;
  const next = error.next === undefined ? '' : `; ${short(error.next)}`;
  // A model that fails on a good request is the server's fault on this path, whatever it is on the control API.
  const status = error.code === 'MW-MODEL-OUTPUT' ? 500 : error.kind.status;
  return { status, code: error.code, text: `${error.code}: ${short(error.message)}${where}${next}` };
}
