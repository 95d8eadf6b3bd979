import { describe, expect, it } from 'vitest';
import { RUN_GRAMMAR } from './search-grammar.ts';
import { matchesFilter, parseFilter, parseOrder } from './tracking-filter.ts';
import { isLater, matchesLike } from './tracking.ts';

const parse = (text: string) => parseFilter(text, RUN_GRAMMAR);

describe('parseFilter', () => {
  it('reads every kind of key and value', () => {
    expect(parse('')).toEqual([]);
    expect(parse('metrics.loss<=-1.5e-3')).toEqual([{ entity: 'metric', key: 'loss', op: '<=', value: -0.0015 }]);
    expect(parse("metric.`a b` > 1 AND params.\"x y\" = 'it''s'")).toEqual([
      { entity: 'metric', key: 'a b', op: '>', value: 1 },
      { entity: 'param', key: 'x y', op: '=', value: "it's" },
    ]);
    expect(parse('tags.mlflow.user ilike "A%"')).toEqual([
      { entity: 'tag', key: 'mlflow.user', op: 'ILIKE', value: 'A%' },
    ]);
    expect(parse("run_id in ('a','b')")).toEqual([{ entity: 'attribute', key: 'run_id', op: 'IN', value: ['a', 'b'] }]);
    expect(parse("attributes.`run name` = 'x'")).toEqual([
      { entity: 'attribute', key: 'run_name', op: '=', value: 'x' },
    ]);
    expect(parse('tags.a is not null and tags.b IS NULL')).toEqual([
      { entity: 'tag', key: 'a', op: 'IS NOT NULL' },
      { entity: 'tag', key: 'b', op: 'IS NULL' },
    ]);
  });

  it.each([
    'metrics.auc >',
    'metrics.auc > abc',
    "metrics.auc LIKE 'x'",
    "params.a > '1'",
    'params.a = 1',
    "params.a = '1' OR params.b = '2'",
    "(params.a = '1')",
    "params.a = 'open",
    'nonsense.a = 1',
    "attributes.unknown = 'x'",
    "attributes.constructor = 'x'",
    "tags.a = 'x'; drop table runs",
    "run_id IN ('a'",
    'tags.a IS',
    "start_time > 'x'",
    `tags.a LIKE '${'%a'.repeat(20)}'`,
    'x'.repeat(30_000),
  ])('refuses %s with the place', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'MW-INVALID' }));
  });

  it('reads an order, and refuses a key named twice', () => {
    expect(parseOrder(['metrics.`a b` DESC', 'start_time'], RUN_GRAMMAR)).toEqual([
      { entity: 'metric', key: 'a b', ascending: false },
      { entity: 'attribute', key: 'start_time', ascending: true },
    ]);
    expect(() => parseOrder(['Created', 'start_time DESC'], RUN_GRAMMAR)).toThrow(/duplicate/);
    expect(() => parseOrder(['start_time SIDEWAYS'], RUN_GRAMMAR)).toThrow(/ASC or DESC/);
  });
});

describe('evaluation', () => {
  it('lets nothing but IS NULL hold for a missing value, and no comparison for NaN', () => {
    const none = () => undefined;
    expect(matchesFilter(parse("tags.a != 'x'"), none)).toBe(false);
    expect(matchesFilter(parse('tags.a IS NULL'), none)).toBe(true);
    expect(matchesFilter(parse('metrics.a != 1'), () => Number.NaN)).toBe(false);
  });

  it('matches LIKE without backtracking', () => {
    expect(matchesLike('abc', 'a%c', false)).toBe(true);
    expect(matchesLike('abc', 'A_C', false)).toBe(false);
    expect(matchesLike('abc', 'A_C', true)).toBe(true);
    expect(matchesLike('', '%', false)).toBe(true);
    expect(matchesLike('abc', 'ab', false)).toBe(false);
    expect(matchesLike('a'.repeat(20_000), `${'%a'.repeat(500)}b`, false)).toBe(false);
  });

  it('takes the later point by step, time, value; NaN after numbers', () => {
    const point = (step: number, timestamp: number, value: number) => ({ key: 'm', step, timestamp, value });
    expect(isLater(point(2, 1, 0), point(1, 9, 9))).toBe(true);
    expect(isLater(point(1, 2, 0), point(1, 1, 9))).toBe(true);
    expect(isLater(point(1, 1, 2), point(1, 1, 1))).toBe(true);
    expect(isLater(point(1, 1, Number.NaN), point(1, 1, 1))).toBe(true);
    expect(isLater(point(1, 1, 1), point(1, 1, 1))).toBe(false);
  });
});
