/** JSON of a request: depth-limited, and with whole numbers kept beyond 2^53 where there are any. */
import { isUtf8 } from 'node:buffer';
import { MillwrightError } from '../../domain/errors.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Below it a loop over the bytes is faster than the engine's search, whose calls cost more than the few bytes between two brackets. */
const SMALL = 4096;
/** Lists and objects in one body: each costs memory many times its two bytes. */
const BRACKETS_LIMIT = 1_000_000;
/** Members of objects in one body: names that are all different take the parser microseconds each, and nothing else is answered meanwhile. */
const MEMBERS_LIMIT = 1_000_000;
/** As many elements as a tensor may have; in a body of 64 MiB there is room for twice as many. */
const VALUES_LIMIT = 17_000_000;
/** A body that is shorter cannot have more of either. */
const FEW_BYTES = 3 * MEMBERS_LIMIT;

/** Are there at most `limit` brackets that open, in strings or not? Then nothing can be deeper. */
function fewOpen(body: Uint8Array, limit: number): boolean {
  let opened = 0;
  if (body.length <= SMALL) {
    // [ and { differ in one bit.
    for (let at = 0; at < body.length; at += 1) if (((body[at] ?? 0) | 0x20) === 0x7b) opened += 1;
    return opened <= limit;
  }
  for (const bracket of [0x5b, 0x7b]) {
    for (let at = body.indexOf(bracket); at !== -1; at = body.indexOf(bracket, at + 1)) {
      opened += 1;
      if (opened > limit) return false;
    }
  }
  return true;
}

/** Are there too few commas and colons, in strings or not, to reach a limit? */
function fewParts(body: Uint8Array): boolean {
  if (body.length < FEW_BYTES) return true;
  let commas = 0;
  let colons = 0;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === COMMA) commas += 1;
    else if (byte === COLON) colons += 1;
  }
  return commas <= VALUES_LIMIT && colons <= MEMBERS_LIMIT;
}

function tooMany(what: string, next: string): never {
  throw new MillwrightError('MW-BODY-TOO-LARGE', `the JSON has more than ${what}`, { where: 'body', next });
}

/**
 * Throws MW-BODY-TOO-DEEP, MW-BODY-TOO-LARGE (a million lists and objects or members, or more values than a tensor may have). Counts
 * outside strings; one pass over the bytes.
 */
export function checkDepth(body: Uint8Array, limit: number): void {
  if (fewOpen(body, limit) && fewParts(body)) return;
  let depth = 0;
  let opened = 0;
  let commas = 0;
  let colons = 0;
  let inString = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      opened += 1;
      if (depth > limit)
        throw new MillwrightError('MW-BODY-TOO-DEEP', `the JSON is nested deeper than ${limit}`, {
          where: `byte ${index}`,
        });
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === COMMA) commas += 1;
    else if (byte === COLON) colons += 1;
  }
  const flat = 'send data as one flat list for each tensor, or as binary data';
  if (opened > BRACKETS_LIMIT) tooMany(`${BRACKETS_LIMIT} lists and objects`, flat);
  if (colons > MEMBERS_LIMIT)
    tooMany(`${MEMBERS_LIMIT} members of objects`, 'name the columns once (dataframe_split), or send several requests');
  if (commas > VALUES_LIMIT) tooMany(`${VALUES_LIMIT} values`, 'send the rows in several requests, or as binary data');
}

/** A run of 16 digits that is no fraction: 2^53 has 16, and 2^64 has 20. Longer ones fit no type, and making them takes the square of the time. */
const LONG_INTEGER = /(?<![.\d])\d{16,20}(?![.\deE])/;

/** bigint for whole numbers that a double would round, unless `exact` is false. */
export function parseJson(text: string, exact = true): unknown {
  try {
    if (!exact || !LONG_INTEGER.test(text)) return JSON.parse(text);
    return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' &&
      !Number.isSafeInteger(value) &&
      context?.source !== undefined &&
      /^-?\d{1,20}$/.test(context.source)
        ? BigInt(context.source)
        : value,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // Python's json writes them unless told not to; JSON has none of them.
    const number = /\b(?:NaN|Infinity)\b/.exec(text)?.[0];
    throw new MillwrightError('MW-INVALID', `the body is not JSON: ${reason}`, {
      where: 'body',
      next:
        number === undefined
          ? 'send a JSON object, for example {"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}'
          : `JSON has no ${number}: write null for a missing number, or send the tensor as binary data`,
    });
  }
}

/**
 * The JSON of an infer request. Whole numbers beyond 2^53 become bigint where a tensor of 64-bit integers is declared: looking for them
 * costs as much as half the parsing. Throws MW-INVALID, MW-BODY-TOO-DEEP, MW-BODY-TOO-LARGE.
 */
export function parseBody(body: Buffer, depthLimit: number): unknown {
  checkDepth(body, depthLimit);
  if (!isUtf8(body)) throw new MillwrightError('MW-INVALID', 'the JSON is not UTF-8', { where: 'body' });
  const text = body.toString('utf8');
  return parseJson(text, text.includes('INT64'));
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
