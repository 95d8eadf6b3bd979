/** Gates over estimates: how a name of the condition language finds its number. Used by pipelines, aliases and monitors. Pure. */
import { type Condition, evaluateCondition } from './conditions.ts';
import type { Estimate, GateResult } from './registry.ts';

export type Estimates = Readonly<Record<string, Estimate>>;

/** `name`, or `name.low`, `name.high`, `name.n` for the interval and the rows of an estimate. */
export function readEstimate(values: Estimates, name: string): number | undefined {
  if (Object.hasOwn(values, name)) return values[name]?.value;
  const [, base = '', part = ''] = /^(.*)\.(low|high|n)$/.exec(name) ?? [];
  const estimate = Object.hasOwn(values, base) ? values[base] : undefined;
  return part === 'low' ? estimate?.low : part === 'high' ? estimate?.high : part === 'n' ? estimate?.n : undefined;
}

/** True when a side of a clause is one of these names followed by a dot: `champion.auc`, `gain.log_loss`. */
export function asksFor(condition: Condition, names: readonly string[]): boolean {
  const asks = (name: string | undefined): boolean =>
    name !== undefined && names.some((prefix) => name.startsWith(`${prefix}.`));
  return condition.clauses.some((clause) => asks(clause.left) || ('right' in clause && asks(clause.right.name)));
}

export interface Gate {
  readonly text: string;
  readonly condition: Condition;
  readonly where: string;
}

/** One gate with the numbers that were seen. The clause that decided is the one shown. */
export function judgeGate(gate: Gate, lookup: (name: string) => number | undefined): GateResult {
  const { holds, clauses } = evaluateCondition(gate.condition, lookup);
  const first = clauses.find((clause) => clause.holds !== true) ?? clauses[0];
  return {
    text: gate.text,
    passed: holds,
    required: first?.required ?? '',
    where: gate.where,
    ...(first?.observed === undefined ? {} : { observed: first.observed }),
  };
}

const LOWER_IS_BETTER = new Set(['log_loss', 'brier']);
const HIGHER_IS_BETTER = new Set(['auc', 'accuracy']);

/**
 * `gain.X` from two plain values, where nobody scored both on the same rows: positive is better, and without an interval.
 * Only for metrics whose better side is known; of others the gain is unknown, and an unknown gate refuses.
 */
export function plainGains(mine: Estimates, theirs: Estimates): Estimates {
  const gains = Object.entries(mine).flatMap(([name, { value }]): [string, Estimate][] => {
    const other = theirs[name]?.value;
    if (other === undefined) return [];
    if (LOWER_IS_BETTER.has(name)) return [[`gain.${name}`, { value: other - value }]];
    return HIGHER_IS_BETTER.has(name) ? [[`gain.${name}`, { value: value - other }]] : [];
  });
  return Object.fromEntries(gains);
}
