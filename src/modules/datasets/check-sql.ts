/** Checks as SQL aggregates. Names and values go in quoted; nothing that a person wrote is put into SQL as it stands. */
import { compare } from '../../domain/conditions.ts';
import type { CheckResult, Column } from '../../domain/datasets.ts';
import type { Check } from './check-grammar.ts';

export interface CompiledCheck {
  readonly expressions: readonly string[];
  /** From the values of the expressions, in their order, to what was observed and whether it passes. */
  readonly judge: (values: readonly (number | null)[]) => Omit<CheckResult, 'text'>;
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Up to six digits: what a person compares with the limit. */
const show = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
const failed = (observed: string): CompiledCheck => ({ expressions: [], judge: () => ({ passed: false, observed }) });
const isNumber = (column: Column): boolean => column.type === 'number' || column.type === 'integer';

/** NaN is how pandas writes "missing" into a column of floats; SQL sees a value greater than all others in it. */
function missing(column: Column): string {
  const name = identifier(column.name);
  return column.type === 'number' ? `(${name} IS NULL OR isnan(CAST(${name} AS DOUBLE)))` : `(${name} IS NULL)`;
}

function measure(check: Extract<Check, { kind: 'measure' }>, column: Column): CompiledCheck {
  const name = identifier(column.name);
  const gone = missing(column);
  const expression = {
    missing: `count(*) FILTER (WHERE ${gone}) / CAST(nullif(count(*), 0) AS DOUBLE)`,
    distinct: `count(DISTINCT ${name}) FILTER (WHERE NOT ${gone})`,
    min: `min(CAST(${name} AS DOUBLE)) FILTER (WHERE NOT ${gone})`,
    max: `max(CAST(${name} AS DOUBLE)) FILTER (WHERE NOT ${gone})`,
    mean: `avg(CAST(${name} AS DOUBLE)) FILTER (WHERE NOT ${gone})`,
  }[check.measure];
  return {
    expressions: [expression],
    judge: ([value]) =>
      value === null || value === undefined
        ? { passed: false, observed: 'no values' }
        : { passed: compare(check.op, value, check.limit), observed: `${check.measure} ${show(value)}` },
  };
}

function between(check: Extract<Check, { kind: 'between' }>, column: Column): CompiledCheck {
  const value = `CAST(${identifier(column.name)} AS DOUBLE)`;
  const present = `NOT ${missing(column)}`;
  return {
    expressions: [
      `count(*) FILTER (WHERE ${present} AND NOT (${value} BETWEEN ${check.low} AND ${check.high}))`,
      `min(${value}) FILTER (WHERE ${present})`,
      `max(${value}) FILTER (WHERE ${present})`,
    ],
    judge: ([outside, low, high]) => {
      if (low === null || high === null || low === undefined || high === undefined)
        return { passed: true, observed: 'no values' };
      const range = `values from ${show(low)} to ${show(high)}`;
      return outside === 0
        ? { passed: true, observed: range }
        : { passed: false, observed: `${outside} rows outside, ${range}` };
    },
  };
}

function unique(column: Column): CompiledCheck {
  const name = identifier(column.name);
  const present = `NOT ${missing(column)}`;
  return {
    expressions: [`count(*) FILTER (WHERE ${present})`, `count(DISTINCT ${name}) FILTER (WHERE ${present})`],
    judge: ([rows, distinct]) => {
      const repeated = (rows ?? 0) - (distinct ?? 0);
      return {
        passed: repeated === 0,
        observed: repeated === 0 ? `${distinct ?? 0} different values` : `${repeated} rows repeat a value`,
      };
    },
  };
}

function oneOf(check: Extract<Check, { kind: 'in' }>, column: Column): CompiledCheck {
  const name = identifier(column.name);
  const numbers = check.values.map(Number);
  if (isNumber(column) && !numbers.every((value) => Number.isFinite(value))) {
    return failed(`"${column.name}" holds numbers, and the list has other values`);
  }
  const inside = isNumber(column)
    ? `CAST(${name} AS DOUBLE) IN (${numbers.join(', ')})`
    : `CAST(${name} AS VARCHAR) IN (${check.values.map(literal).join(', ')})`;
  return {
    expressions: [`count(*) FILTER (WHERE NOT ${missing(column)} AND NOT (${inside}))`],
    judge: ([other]) => ({ passed: other === 0, observed: `${other ?? 'unknown'} rows with another value` }),
  };
}

/** `columns`: of the data. `nearest` suggests a name for one that does not exist. */
export function compileCheck(
  check: Check,
  columns: readonly Column[],
  nearest: (name: string) => string | undefined,
): CompiledCheck {
  if (check.kind === 'rows') {
    return {
      expressions: ['count(*)'],
      judge: ([rows]) => ({ passed: compare(check.op, rows ?? 0, check.limit), observed: `${rows ?? 0} rows` }),
    };
  }
  const column = columns.find((known) => known.name === check.column);
  if (column === undefined) {
    const close = nearest(check.column);
    return failed(`there is no column "${check.column}"${close === undefined ? '' : `; did you mean "${close}"?`}`);
  }
  const needsNumber =
    check.kind === 'between' ||
    (check.kind === 'measure' && check.measure !== 'missing' && check.measure !== 'distinct');
  if (needsNumber && !isNumber(column)) return failed(`"${column.name}" is a ${column.type} column, not numbers`);
  switch (check.kind) {
    case 'measure':
      return measure(check, column);
    case 'between':
      return between(check, column);
    case 'unique':
      return unique(column);
    case 'in':
      return oneOf(check, column);
  }
}
