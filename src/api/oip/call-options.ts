/** What a request's `parameters` say to the data plane beside the tensors. */
import { MillwrightError } from '../../domain/errors.ts';

export interface CallOptions {
  readonly eventTime?: number;
  readonly stickyKey?: string;
  readonly timeoutMs?: number;
}

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

/** `event_time` (ms or ISO 8601), `sticky_key` (text), `timeout` (microseconds, Triton's schedule_policy). Others are ignored. */
export function callOptions(parameters: Readonly<Record<string, unknown>> | undefined): CallOptions {
  if (parameters === undefined) return {};
  const { event_time: time, sticky_key: key, timeout } = parameters;
  if (key !== undefined && (typeof key !== 'string' || key.length > 200))
    bad('sticky_key', 'a text of at most 200 characters');
  const micros = Number(timeout);
  return {
    ...(time === undefined ? {} : { eventTime: timeOf(time) }),
    ...(typeof key === 'string' ? { stickyKey: key } : {}),
    ...(timeout !== undefined && Number.isFinite(micros) && micros > 0
      ? { timeoutMs: Math.min(micros / 1000, 60_000) }
      : {}),
  };
}

/** `3` → 3. Throws MW-NOT-FOUND for what is no version number. */
export function versionOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const version = Number(text);
  if (Number.isInteger(version) && version > 0) return version;
  throw new MillwrightError('MW-NOT-FOUND', `"${text.slice(0, 40)}" is not a version number`);
}

/** The one text of an error in the protocol's own shape: code, message, place and next step. */
export function errorText(error: unknown): { readonly status: number; readonly text: string; readonly code: string } {
  if (!(error instanceof MillwrightError)) {
    return {
      status: 500,
      code: 'MW-INTERNAL',
      text: 'MW-INTERNAL: the data plane failed; see plane/plane.log in the home',
    };
  }
  const where = error.where === undefined ? '' : ` (at ${error.where})`;
  const next = error.next === undefined ? '' : `; ${error.next}`;
  // A model that fails on a good request is the server's fault on this path, whatever it is on the control API.
  const status = error.code === 'MW-MODEL-OUTPUT' ? 500 : error.kind.status;
  return { status, code: error.code, text: `${error.code}: ${error.message}${where}${next}` };
}
