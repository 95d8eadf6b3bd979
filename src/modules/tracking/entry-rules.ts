/** Which keys and values may be logged. Rules, limits and texts are MLflow's (`mlflow/utils/validation.py`): its test suite matches them. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Batch, Entry, Metric } from '../../domain/tracking.ts';

const MAX_KEY = 250;
const MAX_PARAM_VALUE = 6000;
const MAX_TAG_VALUE = 8000;
export const MAX_EXPERIMENT_TAG_VALUE = 20_000;
export const MAX_REGISTRY_TAG_VALUE = 100_000;
const MAX_METRICS = 1000;
const MAX_ENTRIES = 100;

const KEY = /^[/\p{L}\p{N}_.\- :]*$/u;
const RUN_ID = /^[A-Za-z0-9][\w-]{0,255}$/;
const EXPERIMENT_ID = /^\d{1,15}$/;

export function invalidValue(path: string, value: unknown, reason = ''): MillwrightError {
  const shown = JSON.stringify(value) ?? 'null';
  const text = shown.length > 300 ? `${shown.slice(0, 300)}…` : shown;
  return new MillwrightError(
    'MW-INVALID',
    `Invalid value ${text} for parameter '${path}' supplied${reason === '' ? '.' : `: ${reason}`}`,
    {
      where: path,
    },
  );
}

export const missingValue = (path: string): MillwrightError =>
  new MillwrightError(
    'MW-INVALID',
    `Missing value for required parameter '${path}'. See the API docs for more information about request parameters.`,
    { where: path },
  );

const tooLong = (name: string, limit: number): MillwrightError =>
  new MillwrightError('MW-INVALID', `'${name}' exceeds the maximum length of ${limit} characters`, { where: name });

/** POSIX path normalisation, as far as keys need it: a key must be its own normal form, for it may become a file's name. */
function normal(key: string): string {
  const kept: string[] = [];
  for (const part of key.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else kept.push(part);
  }
  const joined = `${key.startsWith('/') ? '/' : ''}${kept.join('/')}`;
  return joined === '' ? '.' : joined;
}

/** Keys that passed: a training loop sends the same ones a thousand times a second. */
const passed = new Set<string>();
const MOST_PASSED = 10_000;

/** Throws MW-INVALID unless `key` may name a metric, param or tag. `path` is where it stood, e.g. `metrics[3].name`. */
export function checkKey(key: string, path: string, what = path): void {
  if (passed.has(key)) return;
  if (!KEY.test(key)) {
    throw invalidValue(
      path,
      key,
      'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).',
    );
  }
  const resolved = normal(key);
  if (resolved !== key || resolved === '.' || resolved.startsWith('..') || resolved.startsWith('/')) {
    throw invalidValue(
      path,
      key,
      `Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${resolved}'`,
    );
  }
  if (key.length > MAX_KEY) throw tooLong(what, MAX_KEY);
  if (passed.size >= MOST_PASSED) passed.clear();
  passed.add(key);
}

export function checkLength(value: string, limit: number, name: string): void {
  if (value.length > limit) throw tooLong(name, limit);
}

export function checkRunId(id: string, path = 'run_id'): void {
  if (!RUN_ID.test(id)) throw invalidValue(path, id);
}

export function checkExperimentId(id: string): void {
  if (!EXPERIMENT_ID.test(id)) {
    throw new MillwrightError('MW-INVALID', `Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`, {
      where: 'experiment_id',
    });
  }
}

/** Cut, not refused: MLflow's default, and a long run must not die of a long value. Never in the middle of a surrogate pair. */
function truncate(value: string, limit: number): string {
  if (value.length <= limit) return value;
  const end = value.charCodeAt(limit - 1);
  return value.slice(0, end >= 0xd800 && end <= 0xdbff ? limit - 1 : limit);
}

/** A number as Python prints a float: the texts carry it. */
const pythonFloat = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

const isPlain = ({ key, value, timestamp, step }: Metric): boolean =>
  passed.has(key) &&
  Number.isSafeInteger(timestamp) &&
  timestamp >= 0 &&
  Number.isSafeInteger(step) &&
  Math.abs(value) !== Infinity;

function checkMetric(metric: Metric, at = ''): Metric {
  const path = (name: string): string => (at === '' ? name : `${at}.${name}`);
  checkKey(metric.key, path('name'), 'Metric name');
  const { value, timestamp, step } = metric;
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw invalidValue(
      path('timestamp'),
      timestamp,
      `metric '${metric.key}' (value=${pythonFloat(value)}). Timestamp must be a nonnegative long (64-bit integer) `,
    );
  }
  if (!Number.isSafeInteger(step)) {
    throw invalidValue(
      path('step'),
      step,
      `metric '${metric.key}' (value=${pythonFloat(value)}). Step must be a valid long (64-bit integer).`,
    );
  }
  if (Math.abs(value) !== Infinity) return metric;
  return { ...metric, value: value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE };
}

/** The param as it may be stored: a long value is cut. */
export const checkParamValue = (key: string, value: string): Entry => ({
  key,
  value: truncate(value, MAX_PARAM_VALUE),
});

function checkParam({ key, value }: Entry, at = ''): Entry {
  checkKey(key, at === '' ? 'key' : `${at}.key`, 'Param key');
  return checkParamValue(key, value);
}

export function checkTag({ key, value }: Entry, at = ''): Entry {
  checkKey(key, at === '' ? 'key' : `${at}.key`);
  return { key, value: truncate(value, MAX_TAG_VALUE) };
}

function checkCount(what: string, limit: number, count: number): void {
  if (count <= limit) return;
  throw new MillwrightError(
    'MW-INVALID',
    `A batch logging request can contain at most ${limit} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
    { where: what },
  );
}

/**
 * Everything is checked before anything is written; returns the batch as it may be stored. Throws MW-INVALID. `single`: the entries
 * came alone, so that texts name no place in a list.
 */
export function checkBatch({ metrics = [], params = [], tags = [] }: Batch, single = false): Required<Batch> {
  const at = (list: string, i: number): string => (single ? '' : `${list}[${i}]`);
  checkCount('metrics', MAX_METRICS, metrics.length);
  checkCount('params', MAX_ENTRIES, params.length);
  checkCount('tags', MAX_ENTRIES, tags.length);
  checkCount('metrics, params, and tags', MAX_METRICS, metrics.length + params.length + tags.length);
  const keys = new Set<string>();
  const twice = new Set<string>();
  for (const { key } of params) {
    if (keys.has(key)) twice.add(key);
    keys.add(key);
  }
  if (twice.size > 0) {
    const named = [...twice].map((key) => `'${key}'`).join(', ');
    throw new MillwrightError(
      'MW-INVALID',
      `Duplicate parameter keys have been submitted: [${named}]. Please ensure the request contains only one param value per param key.`,
      { where: 'params' },
    );
  }
  return {
    metrics: metrics.map((metric, i) => (isPlain(metric) ? metric : checkMetric(metric, at('metrics', i)))),
    params: params.map((param, i) => checkParam(param, at('params', i))),
    tags: tags.map((tag, i) => checkTag(tag, at('tags', i))),
  };
}
