import { describe, expect, it } from 'vitest';
import { createRandom } from './random.ts';
import { holm, spreadOf, studentQuantile, studentTails, welch } from './student.ts';

const relative = (seen: number, wanted: number): number => Math.abs(seen / wanted - 1);
const spread = (values: readonly number[]) => spreadOf(values) ?? expect.fail('no values');

// scipy 1.17.1: 2 * stats.t.sf(abs(t), df); stats.t.ppf(p, df)
describe('Student against scipy', () => {
  it.each([
    [0.5, 3, 0.651447964848151],
    [2, 1, 0.2951672353008665],
    [2.776, 4, 0.05002277831997642],
    [-1.3, 7.5, 0.23212677881560878],
    [12, 30, 5.580185415199261e-13],
    [40, 2.3, 0.00025457972965460676],
    [1e-9, 5, 0.9999999992407866],
    [6, 1000, 2.7553691733774752e-9],
  ])('both tails of %f with %f degrees', (t, degrees, p) => {
    expect(relative(studentTails(t, degrees), p)).toBeLessThan(1e-11);
  });
  it.each([
    [0.05, 1, 12.706204736174694],
    [0.05, 2, 4.302652729749462],
    [0.05, 4.7, 2.62072607535317],
    [0.05, 30, 2.0422724563012378],
    [0.01, 9, 3.249835541592126],
    [0.2, 1000, 1.2823987214609247],
    [0.05, 1e6, 1.959966356814107],
  ])('quantile for tails of %f with %f degrees', (tails, degrees, t) => {
    expect(relative(studentQuantile(tails, degrees), t)).toBeLessThan(1e-9);
  });
});

// scipy 1.17.1: r = stats.ttest_ind(a, b, equal_var=False); r.df, r.pvalue, r.confidence_interval(0.95)
describe('Welch against scipy', () => {
  it.each([
    {
      a: [0.81, 0.83, 0.79, 0.82, 0.8],
      b: [0.76, 0.78, 0.77, 0.71, 0.79],
      wanted: [0.048, 5.933426350408599, 0.02217599974521114, 0.009673818463158443, 0.08632618153684142],
    },
    {
      a: [1, 2, 3],
      b: [10, 10.5, 9.5, 10.2, 9.9, 30],
      wanted: [-11.35, 5.292692716330253, 0.018523925067490617, -19.90203600782277, -2.7979639921772304],
    },
    {
      a: [0.5, 0.5, 0.5],
      b: [0.4, 0.45, 0.42],
      wanted: [0.07666666666666666, 2, 0.03409079119864152, 0.014150571872908926, 0.1391827614604244],
    },
    {
      a: [5.1, 5.2],
      b: [5.15, 5.05],
      wanted: [0.05, 2, 0.5527864045000389, -0.2542434922296663, 0.3542434922296677],
    },
  ])('$a and $b', ({ a, b, wanted }) => {
    const found = welch(spread(a), spread(b));
    const seen = [found?.difference, found?.degrees, found?.p, found?.low, found?.high];
    for (const [i, value] of wanted.entries()) expect(relative(seen[i] ?? Number.NaN, value)).toBeLessThan(1e-9);
  });

  it('says nothing of one run, and of two groups that do not vary', () => {
    expect(welch(spread([1]), spread([1, 2, 3]))).toBeUndefined();
    expect(welch(spread([0.5, 0.5]), spread([0.6, 0.6]))).toBeUndefined();
  });

  it('raises a false alarm as often as it says: 5 % of 4,000 pairs of equal groups', () => {
    const random = createRandom(7);
    const normal = (): number => {
      let sum = 0;
      for (let i = 0; i < 12; i++) sum += random();
      return sum - 6;
    };
    let alarms = 0;
    for (let i = 0; i < 4000; i++) {
      const [a, b] = [4, 7].map((n, side) => spread(Array.from({ length: n }, () => normal() * (1 + side * 2))));
      if (a !== undefined && b !== undefined && (welch(a, b)?.p ?? 1) < 0.05) alarms += 1;
    }
    expect(alarms / 4000).toBeGreaterThan(0.035);
    expect(alarms / 4000).toBeLessThan(0.065);
  });
});

describe('spreads', () => {
  it('hold the interval of the mean, and no deviation of a single value', () => {
    expect(spreadOf([])).toBeUndefined();
    expect(spreadOf([3])).toEqual({ n: 1, mean: 3, min: 3, max: 3 });
    expect(spreadOf([0.1, 0.1, 0.1])).toMatchObject({ mean: 0.1, sd: 0, low: 0.1, high: 0.1 });
    const found = spread([1, 2, 3, 4]);
    expect(found.sd).toBeCloseTo(1.2909944487358056, 12);
    expect((found.high ?? 0) - found.mean).toBeCloseTo(3.182446305284263 * (1.2909944487358056 / 2), 9);
  });
  it('keep small differences of large values, and do not overflow', () => {
    expect(spread([1e9 + 1, 1e9 + 2, 1e9 + 3]).sd).toBeCloseTo(1, 6);
    expect(spread([Number.MAX_VALUE, Number.MAX_VALUE]).mean).toBe(Number.MAX_VALUE);
    expect(spread([Number.MAX_VALUE, 0]).sd).toBeUndefined();
  });
});

// statsmodels 0.15.0: multipletests(p, method='holm')[1]
describe('Holm against statsmodels', () => {
  it.each([
    [
      [0.01, 0.04, 0.03, 0.005],
      [0.03, 0.06, 0.06, 0.02],
    ],
    [[0.5], [0.5]],
    [
      [0.2, 0.9, 0.04],
      [0.4, 0.9, 0.12],
    ],
    [
      [0.001, 0.001, 0.6],
      [0.003, 0.003, 0.6],
    ],
    [[], []],
  ])('%j', (p, wanted) => {
    holm(p).forEach((value, i) => expect(value).toBeCloseTo(wanted[i] ?? Number.NaN, 12));
    expect(holm(p)).toHaveLength(wanted.length);
  });
});
