import { describe, expect, it } from 'vitest';
import {
  benjaminiHochberg,
  contingencyChiSquare,
  kolmogorovSmirnov,
  populationStability,
  proportionTest,
  psiNullQuantile,
  standardizedShift,
  totalVariation,
  wasserstein,
} from './distances.ts';
import { countBetween, decileEdges, equalEdges, quantile } from './quantiles.ts';
import { createRandom, sampleOf, seedOf } from './random.ts';
import { chiSquareQuantile, chiSquareTail, kolmogorovTail, logGamma, upperGamma } from './tails.ts';

/** The same generator as in the script that made the reference values with scipy 1.17.1. */
function lcg(seed: number, n: number): number[] {
  let s = seed;
  return Array.from({ length: n }, () => {
    s = (1664525 * s + 1013904223) % 2 ** 32;
    return s / 2 ** 32;
  });
}
const ascending = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();
const tenth = (values: Float64Array): Float64Array => values.map((x) => Math.round(x * 10) / 10);
const relative = (seen: number, wanted: number): number => Math.abs(seen / wanted - 1);

const a = ascending(lcg(3, 300));
const b = ascending(lcg(4, 200).map((x) => x ** 1.2));

describe('tails against scipy', () => {
  it.each([
    [0.5, 1, 0.47950012218695337],
    [3.84, 1, 0.05004352124870519],
    [20, 9, 0.017912404529843298],
    [9, 9, 0.43727418891386693],
    [100, 3, 1.5541594313896026e-21],
    [1200, 4, 1.5928883283555285e-258],
    [60, 50, 0.1572420272383916],
  ])('chi-square sf(%f, %i)', (x, k, p) => {
    expect(relative(chiSquareTail(x, k), p)).toBeLessThan(1e-11);
  });
  it.each([
    [0.05, 1, 3.8414588206941285],
    [0.01, 9, 21.665994333461928],
    [1e-6, 3, 30.664849706213598],
    [0.5, 99, 98.33413733447392],
  ])('chi-square isf(%f, %i)', (q, k, x) => {
    expect(relative(chiSquareQuantile(q, k), x)).toBeLessThan(1e-11);
  });
  it.each([
    [0.2, 0.999999999999495],
    [0.5, 0.9639452436648751],
    [0.8, 0.5441424115741981],
    [0.99, 0.2808738392255489],
    [1, 0.26999967167735456],
    [1.01, 0.25943416909359746],
    [1.36, 0.049485876755377876],
    [5, 3.857499695927835e-22],
    [15, 7.387766136974512e-196],
  ])('Kolmogorov %f', (x, p) => {
    expect(relative(kolmogorovTail(x), p)).toBeLessThan(1e-12);
  });
  it.each([
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247],
    [1.5, -0.12078223763524526],
    [10.25, 13.368023671476045],
    [500.5, 2608.2229044109863],
  ])('ln gamma(%f)', (x, y) => {
    expect(relative(logGamma(x), y)).toBeLessThan(1e-12);
  });
  it('holds the edges', () => {
    expect(upperGamma(1, 0)).toBe(1);
    expect(upperGamma(1, Number.POSITIVE_INFINITY)).toBe(0);
    expect(upperGamma(0, 1)).toBeNaN();
    expect(kolmogorovTail(0)).toBe(1);
  });
});

describe('Kolmogorov-Smirnov', () => {
  it('D equals scipy with and without ties', () => {
    expect(kolmogorovSmirnov(a, b).d).toBeCloseTo(0.15, 12);
    expect(kolmogorovSmirnov(tenth(a), tenth(b)).d).toBeCloseTo(0.13666666666666666, 12);
  });
  it('p stays within the stated error of the exact p', () => {
    expect(Math.abs(kolmogorovSmirnov(a, b).p - 0.008336939675395796)).toBeLessThan(0.002);
    const c = ascending(lcg(5, 2000));
    const d = ascending(lcg(6, 1500).map((x) => x + 0.02));
    const seen = kolmogorovSmirnov(c, d);
    expect(seen.d).toBeCloseTo(0.03183333333333333, 12);
    expect(Math.abs(seen.p - 0.3438244744960448)).toBeLessThan(0.005);
  });
  it('is 0 and sure for equal columns, 1 for disjoint ones, NaN for an empty one', () => {
    expect(kolmogorovSmirnov(a, a)).toEqual({ d: 0, p: 1 });
    expect(kolmogorovSmirnov([1, 2], [3, 4]).d).toBe(1);
    expect(kolmogorovSmirnov([], [1]).d).toBeNaN();
  });
});

describe('distances', () => {
  it('Wasserstein equals scipy', () => {
    expect(wasserstein(a, b)).toBeCloseTo(0.07226069059791558, 12);
    expect(wasserstein(tenth(a), tenth(b))).toBeCloseTo(0.07183333333333333, 12);
    expect(wasserstein([0, 1, 3], [5, 6, 8, 8])).toBeCloseTo(5.416666666666666, 12);
    expect(wasserstein(a, a)).toBe(0);
  });
  it('has no unit for a constant reference', () => {
    expect(standardizedShift([1, 1], [2, 2], 0)).toBeUndefined();
    expect(standardizedShift([0, 1], [1, 2], 0.5)).toBe(2);
  });
  it('total variation', () => {
    const x = new Map([
      ['a', 3],
      ['b', 1],
    ]);
    expect(totalVariation(x, x)).toBe(0);
    expect(totalVariation(x, new Map([['c', 9]]))).toBe(1);
    expect(
      totalVariation(
        x,
        new Map([
          ['a', 1],
          ['b', 1],
          ['c', 2],
        ]),
      ),
    ).toBeCloseTo(0.5, 12);
  });
  it('PSI equals the formula and its null quantile bounds quiet data', () => {
    const edges = Array.from({ length: 11 }, (_, i) => quantile(a, i / 10));
    expect(populationStability(edges, countBetween(a, edges), b)).toBeCloseTo(0.18165092549159298, 10);
    expect(psiNullQuantile(100, 100, 10, 0.01)).toBeCloseTo(0.02 * 21.665994333461928, 10);
    let above = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const random = createRandom(seed);
      const reference = ascending(Array.from({ length: 2000 }, random));
      const deciles = decileEdges(reference);
      const current = ascending(Array.from({ length: 400 }, random));
      const psi = populationStability(deciles, countBetween(reference, deciles), current);
      if (psi > psiNullQuantile(2000, 400, 10, 0.01)) above++;
    }
    expect(above).toBeLessThanOrEqual(9);
  });
});

describe('contingency chi-square', () => {
  const map = (entries: Record<string, number>): Map<string, number> => new Map(Object.entries(entries));
  it('equals scipy on a plain table', () => {
    const seen = contingencyChiSquare(map({ a: 120, b: 90, c: 60, d: 30 }), map({ a: 80, b: 95, c: 70, d: 55 }));
    expect(seen.statistic).toBeCloseTo(16.25730708083649, 10);
    expect(seen.degrees).toBe(3);
    expect(relative(seen.p, 0.0010042276974638782)).toBeLessThan(1e-10);
  });
  it('merges unseen values', () => {
    const seen = contingencyChiSquare(map({ a: 500, b: 300 }), map({ a: 400, b: 300, x: 40, y: 60 }));
    expect(seen.statistic).toBeCloseTo(111.11111111111111, 9);
    expect(relative(seen.p, 7.456392881248831e-25)).toBeLessThan(1e-10);
  });
  it('pools rare cells, one unseen row alarms nobody', () => {
    const seen = contingencyChiSquare(
      map({ a: 600, b: 390, c: 4, d: 3, e: 3 }),
      map({ a: 280, b: 214, c: 3, d: 2, u: 1 }),
    );
    expect(seen.degrees).toBe(2);
    expect(relative(seen.p, 0.32800462379848494)).toBeLessThan(1e-10);
    expect(contingencyChiSquare(map({ a: 900 }), map({ a: 899, new: 1 })).p).toBeGreaterThan(0.3);
  });
  it('says nothing about a constant', () => {
    expect(contingencyChiSquare(map({ a: 10 }), map({ a: 12 })).p).toBe(1);
  });
});

describe('many tests', () => {
  it('Benjamini-Hochberg equals scipy', () => {
    const wanted = [0.03, 0.06, 0.06, 0.03, 0.8, 0.24];
    benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.8, 0.2]).forEach((p, i) => {
      expect(p).toBeCloseTo(wanted[i] ?? 0, 12);
    });
    expect(benjaminiHochberg([])).toEqual([]);
    expect(benjaminiHochberg([Number.NaN, 0.01])).toEqual([1, 0.02]);
  });
  it('two proportions', () => {
    expect(relative(proportionTest(30, 1000, 70, 1200), 0.0014890926405832599)).toBeLessThan(1e-10);
    expect(proportionTest(0, 10, 0, 20)).toBe(1);
  });
});

describe('quantiles and samples', () => {
  it('quantile equals numpy', () => {
    const values = [1, 2, 4, 8, 16];
    expect([0, 0.1, 0.25, 0.5, 0.9, 1].map((q) => quantile(values, q))).toEqual([1, 1.4, 2, 4, 12.8, 16]);
    expect(quantile([], 0.5)).toBeNaN();
  });
  it('bins hold every row, also outside the edges and for constants', () => {
    expect(countBetween([-9, 0, 1, 2, 3, 99], [0, 1, 2, 3])).toEqual([3, 1, 2]);
    expect(countBetween([5, 5], decileEdges([5, 5, 5]))).toEqual([2]);
    expect(decileEdges([5, 5, 5])).toEqual([5, 5]);
    expect(equalEdges(0, 1, 4)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });
  it('one seed gives one sequence, uniform', () => {
    const x = createRandom(7);
    const y = createRandom(7);
    const values = Array.from({ length: 20_000 }, x);
    expect(Array.from({ length: 20_000 }, y)).toEqual(values);
    expect(createRandom(8)()).not.toBe(values[0]);
    expect(Math.abs(values.reduce((s, v) => s + v, 0) / 20_000 - 0.5)).toBeLessThan(0.01);
    expect(values.every((v) => v >= 0 && v < 1)).toBe(true);
    expect(seedOf('flights')).not.toBe(seedOf('flight'));
  });
  it('samples without replacement', () => {
    const all = Array.from({ length: 100 }, (_, i) => i);
    const taken = sampleOf(all, 30, createRandom(1));
    expect(new Set(taken).size).toBe(30);
    expect(sampleOf(all, 500, createRandom(1))).toHaveLength(100);
  });
});
