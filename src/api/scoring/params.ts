/** MLflow's `params`: checked against the model's params schema; what it does not know is left out with a warning, as MLflow does. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature, ParamSpec } from '../../domain/registry.ts';
import { isObject } from '../oip/json-body.ts';

export interface Params {
  /** What goes to the model, defaults filled in; undefined when the model takes none. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly ignored: readonly string[];
}

/** What the data plane itself takes from `params`: see oip/call-options.ts. */
const OURS: ReadonlySet<string> = new Set(['event_time', 'sticky_key', 'timeout', 'priority']);

function fits(value: unknown, type: string): boolean {
  switch (type) {
    case 'integer':
    case 'long':
      return typeof value === 'bigint' || Number.isInteger(value);
    case 'float':
    case 'double':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'datetime':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value));
    default:
      return true;
  }
}

function check(spec: ParamSpec, value: unknown): unknown {
  const list = spec.shape !== undefined;
  const good = list
    ? Array.isArray(value) && value.every((one) => fits(one, spec.type))
    : value === null || fits(value, spec.type);
  if (good) return value;
  throw new MillwrightError(
    'MW-INVALID',
    `the parameter "${spec.name}" must be ${list ? 'a list of ' : ''}${spec.type}`,
    {
      where: `params.${spec.name}`,
    },
  );
}

/** Throws MW-INVALID naming the parameter. */
export function paramsOf(given: unknown, signature: ModelSignature): Params {
  const known = signature.params ?? [];
  if (given !== undefined && given !== null && !isObject(given))
    throw new MillwrightError('MW-INVALID', 'params must be an object', { where: 'params' });
  const sent: Readonly<Record<string, unknown>> = isObject(given) ? given : {};
  const ignored = Object.keys(sent).filter((name) => !OURS.has(name) && !known.some((spec) => spec.name === name));
  if (known.length === 0) return { ignored };
  const values = Object.fromEntries(
    known.map((spec) => [spec.name, Object.hasOwn(sent, spec.name) ? check(spec, sent[spec.name]) : spec.default]),
  );
  return { values, ignored };
}

/** The warning's header: names only, and only what a header may hold. */
export function ignoredHeader(ignored: readonly string[]): Record<string, string> {
  if (ignored.length === 0) return {};
  const names = ignored.map((name) => name.replaceAll(/[^\w.-]/g, '?').slice(0, 60)).slice(0, 10);
  return { 'mw-warning': `params ignored: ${names.join(' ')}` };
}
