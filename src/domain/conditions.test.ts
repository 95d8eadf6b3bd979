import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateCondition, parseCondition } from './conditions.ts';
import { MillwrightError } from './errors.ts';

function holds(text: string, values: Readonly<Record<string, number | undefined>>): boolean | undefined {
  return evaluateCondition(parseCondition(text), (name) => values[name]).holds;
}

function errorOf(text: string): string {
  try {
    parseCondition(text);
    return 'accepted';
  } catch (error) {
    return error instanceof MillwrightError ? `${error.code}: ${error.message}` : String(error);
  }
}

describe('parsing', () => {
  it('reads a comparison with a number, a name, and a name with an offset', () => {
    expect(parseCondition('accuracy >= 0.70')).toEqual({
      join: 'and',
      clauses: [{ left: 'accuracy', op: '>=', right: { offset: 0.7 } }],
    });
    expect(parseCondition('log_loss<champion.log_loss').clauses).toEqual([
      { left: 'log_loss', op: '<', right: { name: 'champion.log_loss', offset: 0 } },
    ]);
    expect(parseCondition('log_loss < champion.log_loss + 0.005').clauses[0]).toMatchObject({
      right: { offset: 0.005 },
    });
    expect(parseCondition('auc >= champion.auc - 1%').clauses[0]).toMatchObject({ right: { offset: -0.01 } });
  });

  it('reads ranges in three spellings', () => {
    const outside = [{ left: 'value', op: 'outside', low: 0.8, high: 1.25 }];
    expect(parseCondition('value outside 0.8..1.25').clauses).toEqual(outside);
    expect(parseCondition('value outside .8 .. 1.25').clauses).toEqual(outside);
    expect(parseCondition('distance between 1 and 6000').clauses).toEqual([
      { left: 'distance', op: 'inside', low: 1, high: 6000 },
    ]);
    expect(parseCondition('x inside -1e3..-2').clauses).toEqual([{ left: 'x', op: 'inside', low: -1000, high: -2 }]);
  });

  it.each([
    ['error_rate > 1%', 0.01],
    ['latency.p99 > 250ms', 250],
    ['latency.p99 > 2s', 2_000],
    ['age < 3 m', 180_000],
    ['age < 1.5h', 5_400_000],
    ['n > -2.5e2', -250],
  ])('reads the unit of %s', (text, number) => {
    expect(parseCondition(text).clauses[0]).toMatchObject({ right: { offset: number } });
  });

  it('joins clauses by and or by or; the "and" of a range is its own', () => {
    expect(parseCondition('a > 1 and b > 2 and c inside 1 and 2').clauses).toHaveLength(3);
    expect(parseCondition('a between 1 and 2 or b < 3')).toMatchObject({ join: 'or', clauses: [{}, {}] });
    expect(parseCondition('order > 1 and android < 2').clauses.map(({ left }) => left)).toEqual(['order', 'android']);
  });

  it.each([
    ['', 'expected a metric name at column 1'],
    ['accuracy', 'expected one of < <= > >= == != outside inside at column 9'],
    ['accuracy >', 'expected a number at column 11'],
    ['accuracy => 1', 'expected one of < <= > >= == != outside inside at column 10'],
    ['0.7 < accuracy', 'expected a metric name at column 1'],
    ['value outside 0.8', 'expected ".." at column 18'],
    ['value outside 2..1', 'expected a range whose low end comes first at column 19'],
    ['a > 1 b > 2', 'expected "and", "or" or the end at column 7'],
    ['a > 1 and', 'expected a metric name at column 10'],
    ['a > 1 and b > 2 or c > 3', 'expected "and" (and/or cannot be mixed) at column 19'],
    ['a > b + ', 'expected a number at column 9'],
    ['(a > 1)', 'expected a metric name at column 1'],
  ])('refuses %j and says where', (text, message) => {
    expect(errorOf(text)).toBe(`MW-CONFIG-EXPRESSION: ${message} of "${text}"`);
  });

  it('refuses more than 16 clauses and more than 500 characters', () => {
    const clauses = (n: number): string => Array.from({ length: n }, () => 'a > 1').join(' and ');
    expect(parseCondition(clauses(16)).clauses).toHaveLength(16);
    expect(errorOf(clauses(17))).toContain('at most 16 clauses');
    expect(errorOf(`a > ${'1'.repeat(497)}`)).toContain('at most 500 characters');
  });

  it('ends every text with a condition or a coded error', () => {
    const word = fc.constantFrom(
      'a',
      'b.c',
      '>',
      '<=',
      '!=',
      'outside',
      'inside',
      'and',
      'or',
      '1',
      '2%',
      '..',
      '+',
      '-',
      '(',
      'é',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(word).map((words) => words.join(' ')),
          fc.string(),
        ),
        (text) => {
          expect(errorOf(text)).toMatch(/^accepted$|^MW-CONFIG-EXPRESSION: /);
        },
      ),
    );
  });
});

describe('judging', () => {
  it.each([
    ['a < 1', 0.5, true],
    ['a < 1', 1, false],
    ['a <= 1', 1, true],
    ['a > 1', 1, false],
    ['a >= 1', 1, true],
    ['a == 1', 1, true],
    ['a != 1', 1, false],
    ['a inside 1..2', 1, true],
    ['a inside 1..2', 2, true],
    ['a inside 1..2', 2.01, false],
    ['a outside 1..2', 2, false],
    ['a outside 1..2', 0.99, true],
    ['a < 1', -Infinity, true],
  ])('%s of %d is %s', (text, value, expected) => {
    expect(holds(text, { a: value })).toBe(expected);
  });

  it('multiplies the other value before it adds, and shows both', () => {
    const values: Record<string, number> = { 'latency.p99': 21, 'champion.latency.p99': 10 };
    const at = (text: string) => evaluateCondition(parseCondition(text), (name) => values[name]);
    expect(at('latency.p99 > champion.latency.p99 * 2').holds).toBe(true);
    expect(at('latency.p99 > champion.latency.p99 * 2 + 1ms').holds).toBe(false);
    expect(at('latency.p99 > champion.latency.p99*2 and latency.p99 < champion.latency.p99 * 3 - 5').holds).toBe(true);
    expect(at('latency.p99 > nothing * 2').holds).toBeUndefined();
    expect(at('latency.p99 > champion.latency.p99 * 2 + 1').clauses[0]).toMatchObject({
      text: 'latency.p99 > champion.latency.p99 * 2 + 1',
      required: '> champion.latency.p99 * 2 + 1 (21)',
    });
    expect(() => parseCondition('latency.p99 > champion.latency.p99 *')).toThrow(/expected a number/);
  });

  it('compares with another value and its offset', () => {
    expect(holds('a < b + 0.1', { a: 1.05, b: 1 })).toBe(true);
    expect(holds('a < b - 0.1', { a: 0.95, b: 1 })).toBe(false);
  });

  it.each([
    ['a > 1', undefined],
    ['a != 1', undefined],
    ['a outside 1..2', undefined],
    ['a inside 1..2', undefined],
    ['one > a', undefined],
    ['a != a', undefined],
  ])('%s is unknown when a is unknown or NaN', (text, expected) => {
    expect(holds(text, { one: 1 })).toBe(expected);
    expect(holds(text, { one: 1, a: Number.NaN })).toBe(expected);
  });

  it('is three-valued: a decisive clause decides, else an unknown one keeps it open', () => {
    const values = { yes: 1, no: 0 };
    expect(holds('yes > 0 and no > 0 and unknown > 0', values)).toBe(false);
    expect(holds('yes > 0 and unknown > 0', values)).toBeUndefined();
    expect(holds('yes > 0 and yes > 0', values)).toBe(true);
    expect(holds('no > 0 or unknown > 0 or yes > 0', values)).toBe(true);
    expect(holds('no > 0 or unknown > 0', values)).toBeUndefined();
    expect(holds('no > 0 or no > 0', values)).toBe(false);
  });

  it('agrees with Kleene logic for any mix', () => {
    const value = fc.constantFrom(true, false, undefined);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), fc.constantFrom('and', 'or'), (truths, join) => {
        const text = truths.map((_, index) => `v${index} > 0`).join(` ${join} `);
        const numbers = Object.fromEntries(
          truths.map((truth, index) => [`v${index}`, truth === undefined ? undefined : Number(truth)]),
        );
        const decisive = join === 'or';
        const expected = truths.includes(decisive) ? decisive : truths.includes(undefined) ? undefined : !decisive;
        expect(holds(text, numbers)).toBe(expected);
      }),
    );
  });

  it('says what was seen and what was required', () => {
    const { clauses } = evaluateCondition(
      parseCondition('a < champion.a + 0.5 and b > champion.b and c outside 1..2'),
      (name) => ({ a: 1, 'champion.a': 2, c: 3 })[name],
    );
    expect(clauses).toEqual([
      { text: 'a < champion.a + 0.5', observed: 1, required: '< champion.a + 0.5 (2.5)', holds: true },
      { text: 'b > champion.b', observed: undefined, required: '> champion.b (unknown)', holds: undefined },
      { text: 'c outside 1..2', observed: 3, required: 'outside 1..2', holds: true },
    ]);
  });
});

describe('names in backticks', () => {
  it('may hold what MLflow allows in a metric', () => {
    expect(holds('`eval/f1 score` >= 0.5', { 'eval/f1 score': 0.6 })).toBe(true);
    expect(holds('`val-auc` > champion.`val-auc` + 0.1', { 'val-auc': 0.8, 'champion.val-auc': 0.75 })).toBe(false);
    expect(holds('`a/b`.low > 0', { 'a/b.low': 1 })).toBe(true);
  });
  it.each(['`` > 1', '`open > 1', '` > 1'])('%s is refused', (text) => {
    expect(() => parseCondition(text)).toThrow(/expected a metric name at column 1/);
  });
});
