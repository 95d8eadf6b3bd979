/**
 * The small language of gates and alerts: `accuracy >= 0.70`, `log_loss < champion.log_loss + 0.005`,
 * `latency.p99 > champion.latency.p99 * 2`, `value outside 0.8..1.25`, `error_rate > 1%`. Joined by `and` or by `or`, not both; no parentheses.
 */
import { MillwrightError } from './errors.ts';

export type Operator = '<' | '<=' | '>' | '>=' | '==' | '!=';

export interface Operand {
  /** Dotted name, or undefined for a plain number. */
  readonly name?: string;
  /** What the named value is multiplied with before anything is added; absent = 1. */
  readonly factor?: number;
  /** The number itself, or what is added to the named value. */
  readonly offset: number;
}

export interface ComparisonClause {
  readonly left: string;
  readonly op: Operator;
  readonly right: Operand;
}

export interface RangeClause {
  readonly left: string;
  readonly op: 'outside' | 'inside';
  readonly low: number;
  readonly high: number;
}

export type Clause = ComparisonClause | RangeClause;

export interface Condition {
  readonly join: 'and' | 'or';
  readonly clauses: readonly Clause[];
}

/** One clause with the numbers that were seen; `holds` is undefined when a value is unknown. */
export interface ClauseResult {
  readonly text: string;
  readonly observed: number | undefined;
  readonly required: string;
  readonly holds: boolean | undefined;
}

/** Parts that are no words (`eval/auc`, `f1 score`) stand in backticks: `champion.\`eval/auc\``. */
const NAME = /^(?:[a-z_][\w]*|`[^`]{1,250}`)(?:\.(?:[\w]+|`[^`]{1,250}`))*/i;
// A dot that is followed by another is not part of the number but of the range: `1..2`.
const NUMBER = /^[-+]?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:e[-+]?\d+)?/i;
/** Units scale to the base unit: seconds for time would surprise readers of milliseconds, so time is in ms, shares in 1. */
const UNITS: Readonly<Record<string, number>> = { '%': 0.01, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

class Reader {
  readonly text: string;
  at = 0;
  constructor(text: string) {
    this.text = text;
  }
  skip(): void {
    while (this.text[this.at] === ' ') this.at += 1;
  }
  rest(): string {
    this.skip();
    return this.text.slice(this.at);
  }
  take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.rest())?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
  fail(expected: string): never {
    throw new MillwrightError(
      'MW-CONFIG-EXPRESSION',
      `expected ${expected} at column ${this.at + 1} of "${this.text}"`,
      {
        next: 'write for example: accuracy >= 0.70, or value outside 0.8..1.25',
      },
    );
  }
  name(): string | undefined {
    return this.take(NAME)?.replaceAll('`', '');
  }
  number(): number {
    const digits = this.take(NUMBER);
    if (digits === undefined) return this.fail('a number');
    const unit = this.take(/^(?:%|ms\b|s\b|m\b|h\b)/);
    return Number(digits) * (unit === undefined ? 1 : (UNITS[unit] ?? 1));
  }
}

function readClause(reader: Reader): Clause {
  const left = reader.name() ?? reader.fail('a metric name');
  const word = reader.take(/^(?:outside|inside|between)\b/);
  if (word !== undefined) {
    const low = reader.number();
    if (reader.take(/^(?:\.\.|and\b)/) === undefined) reader.fail('".."');
    const high = reader.number();
    if (low > high) reader.fail('a range whose low end comes first');
    return { left, op: word === 'outside' ? 'outside' : 'inside', low, high };
  }
  const op = reader.take(/^(?:<=|>=|==|!=|<|>)/) ?? reader.fail('one of < <= > >= == != outside inside');
  const name = reader.name();
  if (name === undefined) return { left, op: op as Operator, right: { offset: reader.number() } };
  const factor = reader.take(/^\*/) === undefined ? undefined : reader.number();
  const sign = reader.take(/^[-+]/);
  const offset = sign === undefined ? 0 : reader.number() * (sign === '-' ? -1 : 1);
  return { left, op: op as Operator, right: { name, ...(factor === undefined ? {} : { factor }), offset } };
}

/** Parses a condition. Throws MW-CONFIG-EXPRESSION with the column. At most 500 characters and 16 clauses. */
export function parseCondition(text: string): Condition {
  const reader = new Reader(text.slice(0, 500));
  if (text.length > 500) reader.fail('at most 500 characters');
  const clauses = [readClause(reader)];
  let join: 'and' | 'or' | undefined;
  while (reader.rest() !== '') {
    const word = reader.take(/^(?:and|or)\b/) ?? reader.fail('"and", "or" or the end');
    if (join !== undefined && join !== word) reader.fail(`"${join}" (and/or cannot be mixed)`);
    join = word as 'and' | 'or';
    clauses.push(readClause(reader));
    if (clauses.length > 16) reader.fail('at most 16 clauses');
  }
  return { join: join ?? 'and', clauses };
}

/** False for any comparison with NaN but `!=`. */
export function compare(op: Operator, a: number, b: number): boolean {
  switch (op) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '==':
      return a === b;
    case '!=':
      return a !== b;
  }
}

function judge(clause: Clause, lookup: (name: string) => number | undefined): ClauseResult {
  const seen = lookup(clause.left);
  // NaN is "unknown": a comparison with it would be silently false and could pass a `!=` gate.
  const observed = seen === undefined || Number.isNaN(seen) ? undefined : seen;
  if ('low' in clause) {
    const required = `${clause.op} ${clause.low}..${clause.high}`;
    const within = observed === undefined ? undefined : observed >= clause.low && observed <= clause.high;
    const holds = within === undefined ? undefined : clause.op === 'inside' ? within : !within;
    return { text: `${clause.left} ${required}`, observed, required, holds };
  }
  const { name, factor, offset } = clause.right;
  const base = name === undefined ? 0 : lookup(name);
  const limit = base === undefined || Number.isNaN(base) ? undefined : base * (factor ?? 1) + offset;
  const times = factor === undefined ? '' : ` * ${factor}`;
  const shift = offset === 0 ? '' : offset > 0 ? ` + ${offset}` : ` - ${-offset}`;
  const shown = name === undefined ? String(offset) : `${name}${times}${shift}`;
  const required = name === undefined ? `${clause.op} ${shown}` : `${clause.op} ${shown} (${limit ?? 'unknown'})`;
  return {
    text: `${clause.left} ${clause.op} ${shown}`,
    observed,
    required,
    holds: observed === undefined || limit === undefined ? undefined : compare(clause.op, observed, limit),
  };
}

export interface ConditionResult {
  /** undefined: not enough is known to say. */
  readonly holds: boolean | undefined;
  readonly clauses: readonly ClauseResult[];
}

/** Three-valued: `and` with one false clause is false even if another is unknown; `or` with one true clause is true. */
export function evaluateCondition(condition: Condition, lookup: (name: string) => number | undefined): ConditionResult {
  const clauses = condition.clauses.map((clause) => judge(clause, lookup));
  const decisive = condition.join === 'or';
  const unknown = clauses.some((clause) => clause.holds === undefined);
  const decided = clauses.some((clause) => clause.holds === decisive);
  return { holds: decided ? decisive : unknown ? undefined : !decisive, clauses };
}
