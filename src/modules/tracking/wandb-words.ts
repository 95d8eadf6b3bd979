/** What a wandb client logs, in the words of tracking. Keys that MLflow's rules refuse are spelt so that they pass; nothing else is changed. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Entry, Metric } from '../../domain/tracking.ts';

const MAX_KEY = 250;
const MAX_DEPTH = 8;
const MAX_VALUE = 6000;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A string (to the end where it has none), or a bare word. Sticky and without a way back: with one that looks for strings from every
 * quote, a line of escaped quotes took the time of its length squared.
 */
const PIECES = /"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)|-?(?:NaN|Infinity)|[^"NI-]+|[^]/gy;
const BARE = /^-?(?:NaN|Infinity)$/;

/**
 * A line of wandb's: JSON in which Go's NaN and infinities may stand bare; they come back as the words. Throws MW-INVALID.
 */
export function parseLine(line: string): Json {
  try {
    const bare = line.includes('NaN') || line.includes('Infinity');
    const text = bare ? line.replaceAll(PIECES, (piece) => (BARE.test(piece) ? `"${piece}"` : piece)) : line;
    return JSON.parse(text) as Json;
  } catch {
    throw new MillwrightError('MW-INVALID', 'a line is not JSON', { where: line.slice(0, 100) });
  }
}

/** `acc/val (%)` -> `acc/val (_)` -> `acc/val ___`: letters, digits, `_ - . : space`, and single slashes between parts. */
export function keyOf(name: string): string {
  const parts = name
    .replaceAll(/[^\p{L}\p{N}_.\- :/]/gu, '_')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => (part === '.' || part === '..' ? '_' : part));
  return parts.join('/').slice(0, MAX_KEY) || '_';
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Leaves of nested objects with their dotted names. Media (`_type`) are files and no values. */
export function* leaves(value: Json, name = '', depth = 0): Generator<readonly [string, Json], void, undefined> {
  if (!isObject(value) || depth >= MAX_DEPTH) {
    yield [name, value];
    return;
  }
  if ('_type' in value) return;
  for (const [key, below] of Object.entries(value))
    yield* leaves(below, name === '' ? key : `${name}.${key}`, depth + 1);
}

/** Numbers, booleans as 0 and 1, and the words JSON has no numbers for; undefined for anything else. */
export function numberOf(value: Json): number | undefined {
  if (typeof value === 'number') return storable(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.MAX_VALUE;
  return value === '-Infinity' ? -Number.MAX_VALUE : undefined;
}

/** A whole number that every store holds; what is none becomes `otherwise`: a client would send its chunk again for ever. */
function wholeOf(value: Json | undefined, otherwise: number): number {
  const whole = typeof value === 'number' ? Math.round(value) : Number.NaN;
  return Number.isSafeInteger(whole) ? whole : otherwise;
}

/** Milliseconds of a line's `_timestamp`, which is in seconds. */
function timeOf(line: { readonly [key: string]: Json }, now: number): number {
  const seconds = line['_timestamp'];
  const time = wholeOf(typeof seconds === 'number' ? seconds * 1000 : undefined, now);
  return time < 0 ? now : time;
}

/** JSON's 1e400 is infinite; a store holds finite numbers and NaN. */
const storable = (value: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));

/** One line of `wandb-history.jsonl`. `_step` is the step, `_timestamp` seconds since the epoch. */
export function historyMetrics(line: Json, now: number): readonly Metric[] {
  if (!isObject(line)) return [];
  const step = wholeOf(line['_step'], 0);
  const timestamp = timeOf(line, now);
  const metrics: Metric[] = [];
  for (const [name, value] of leaves(line)) {
    const number = name.startsWith('_') ? undefined : numberOf(value);
    if (number !== undefined) metrics.push({ key: keyOf(name), value: number, timestamp, step });
  }
  return metrics;
}

/** One line of `wandb-events.jsonl`: `system.cpu` becomes `system/cpu`, where MLflow's own system metrics are. */
export function systemMetrics(line: Json, index: number, now: number): readonly Metric[] {
  if (!isObject(line)) return [];
  const timestamp = timeOf(line, now);
  const metrics: Metric[] = [];
  for (const [name, value] of Object.entries(line)) {
    const number = name.startsWith('_') ? undefined : numberOf(value);
    if (number === undefined) continue;
    const key = name.replace(/^system\./, '').replaceAll('/', '_');
    metrics.push({ key: keyOf(`system/${key}`), value: number, timestamp, step: index });
  }
  return metrics;
}

/** `{lr: {value: .1}, opt: {value: {name: 'adam'}}}` -> `lr`, `opt.name`; wandb's own `_wandb` stays out. */
export function configParams(config: Json): readonly Entry[] {
  if (!isObject(config)) return [];
  const params: Entry[] = [];
  for (const [key, entry] of Object.entries(config)) {
    if (key.startsWith('_')) continue;
    const value = isObject(entry) && 'value' in entry ? (entry['value'] ?? null) : entry;
    for (const [name, leaf] of leaves(value, key)) {
      const text = typeof leaf === 'string' ? leaf : JSON.stringify(leaf);
      params.push({ key: keyOf(name), value: text.slice(0, MAX_VALUE) });
    }
  }
  return params;
}
