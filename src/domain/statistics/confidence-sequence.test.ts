import { describe, expect, test } from 'vitest';
import { armDifference, createDifferenceSequence, rowValue, scaleOf } from './confidence-sequence.ts';
import { createRandom } from './random.ts';

const ALPHA = 0.05;
const coin = (random: () => number, p: number): number => (random() < p ? 1 : 0);

/** The share of simulated tests that said "there is a difference" at some look, looking after each pair. */
function alarms(
  tests: number,
  looks: number,
  draw: (random: () => number) => readonly [number, number],
): { readonly sequence: number; readonly zTest: number } {
  let sequence = 0;
  let zTest = 0;
  for (let seed = 1; seed <= tests; seed++) {
    const random = createRandom(seed);
    const valid = createDifferenceSequence(ALPHA);
    let [validDone, zDone, a, b] = [false, false, 0, 0];
    for (let n = 1; n <= looks && !(validDone && zDone); n++) {
      const [x, y] = draw(random);
      valid.add(x, y);
      validDone ||= valid.decided;
      a += x;
      b += y;
      // The test of a course in statistics, whose n is to be fixed beforehand: z of two proportions, from 30 a side on.
      const pooled = (a + b) / (2 * n);
      const z = (a - b) / n / Math.sqrt(Math.max(1e-12, pooled * (1 - pooled) * (2 / n)));
      zDone ||= n >= 30 && Math.abs(z) > 1.959964;
    }
    sequence += Number(validDone);
    zTest += Number(zDone);
  }
  return { sequence: sequence / tests, zTest: zTest / tests };
}

describe('the confidence sequence of a difference', () => {
  test('equal versions looked at after each of 1,500 pairs: at most 5 of 100 tests ever decide; the z-test decides in far more', () => {
    const even = alarms(2000, 1500, (random) => [coin(random, 0.5), coin(random, 0.5)]);
    expect(even.sequence).toBeLessThanOrEqual(ALPHA);
    // Not vacuous: it does use some of what it may.
    expect(even.sequence).toBeGreaterThan(0.002);
    expect(even.zTest).toBeGreaterThan(0.25);
    const rare = alarms(2000, 1500, (random) => [coin(random, 0.03), coin(random, 0.03)]);
    expect(rare.sequence).toBeLessThanOrEqual(ALPHA);
    const losses = alarms(500, 1500, (random) => [random() ** 4, random() ** 4]);
    expect(losses.sequence).toBeLessThanOrEqual(ALPHA);
  });

  test('the true difference is inside at every look in at least 95 of 100 tests', () => {
    let missed = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const random = createRandom(seed);
      const sequence = createDifferenceSequence(ALPHA);
      let out = false;
      for (let n = 1; n <= 600; n++) {
        sequence.add(coin(random, 0.7), coin(random, 0.4));
        if (n % 10 !== 0) continue;
        const { low, high } = sequence.interval();
        out ||= low > 0.3 || high < 0.3;
      }
      missed += Number(out);
    }
    expect(missed / 400).toBeLessThanOrEqual(ALPHA);
  });

  test('a real difference is found, in its direction, and soon: 10 points within 1,500 pairs in at least 95 of 100 tests', () => {
    const ends: number[] = [];
    for (let seed = 1; seed <= 200; seed++) {
      const random = createRandom(seed);
      const sequence = createDifferenceSequence(ALPHA);
      for (let n = 1; n <= 1500; n++) {
        sequence.add(coin(random, 0.5), coin(random, 0.4));
        if (!sequence.decided) continue;
        ends.push(n);
        expect(sequence.interval().low).toBeGreaterThan(0);
        break;
      }
    }
    expect(ends.length / 200).toBeGreaterThanOrEqual(0.95);
    const middle = ends.toSorted((a, b) => a - b)[Math.floor(ends.length / 2)] ?? 0;
    // A z-test with n fixed beforehand needs about 385 a side for 80 % power.
    expect(middle).toBeLessThan(800);
  });

  test('it narrows with rows, is symmetric, and says nothing before there are any', () => {
    const empty = armDifference([], [1, 0], 50, ALPHA);
    expect(empty).toEqual({ n: 0, difference: 0, low: -1, high: 1 });
    const random = createRandom(3);
    const [a, b] = [0.5, 0.5].map((p) => Float64Array.from({ length: 4000 }, () => coin(random, p)));
    const few = armDifference((a ?? []).slice(0, 200), (b ?? []).slice(0, 200), 50, ALPHA);
    const many = armDifference(a ?? [], b ?? [], 50, ALPHA);
    expect(many.high - many.low).toBeLessThan((few.high - few.low) / 2.5);
    const turned = armDifference(b ?? [], a ?? [], 50, ALPHA);
    expect(turned.low).toBeCloseTo(-many.high, 9);
    expect(armDifference([1, 1, 1, 1], [0, 0, 0, 0], 50, 1e-4)).toMatchObject({
      n: 4,
      difference: 1,
      low: -1,
      high: 1,
    });
  });

  test('constant arms: a difference without any noise is decided, none is not', () => {
    const ones = new Float64Array(500).fill(1);
    const zeros = new Float64Array(500);
    expect(armDifference(ones, zeros, 50, ALPHA).low).toBeGreaterThan(0.5);
    const none = armDifference(zeros, zeros, 50, ALPHA);
    expect(none.low).toBeLessThan(0);
    expect(none.high).toBeGreaterThan(0);
  });

  test('an uneven split uses groups: 10 % against 90 % compares each row with the mean of nine, and what has no partner waits', () => {
    const random = createRandom(5);
    const candidate = Float64Array.from({ length: 500 }, () => coin(random, 0.6));
    const stable = Float64Array.from({ length: 4600 }, () => coin(random, 0.4));
    const grouped = armDifference(candidate, stable, 10, ALPHA);
    expect(grouped.n).toBe(500);
    expect(grouped.low).toBeGreaterThan(0);
    // Nine rows know more than one.
    const single = armDifference(candidate, stable, 50, ALPHA);
    expect(grouped.high - grouped.low).toBeLessThan(0.85 * (single.high - single.low));
    expect(armDifference(stable, candidate, 90, ALPHA).high).toBeLessThan(0);
  });
});

describe('the value of a row', () => {
  test('each metric on [0, 1], and nothing where it has no meaning', () => {
    expect(rowValue('outcome_rate', Number.NaN, 1)).toBe(1);
    expect(rowValue('accuracy', 0.7, 1)).toBe(1);
    expect(rowValue('accuracy', 0.7, 0)).toBe(0);
    expect(rowValue('brier', 0.7, 1)).toBeCloseTo(0.09, 12);
    expect((rowValue('log_loss', 0.7, 1) ?? 0) * scaleOf('log_loss')).toBeCloseTo(-Math.log(0.7), 12);
    expect(rowValue('log_loss', 0, 1)).toBe(1);
    expect(rowValue('log_loss', 1, 0)).toBeCloseTo(1, 12);
    expect(rowValue('brier', Number.NaN, 1)).toBeUndefined();
    expect(rowValue('outcome_rate', 0.5, 57.3)).toBeUndefined();
    expect(rowValue('outcome_rate', 0.5, Number.NaN)).toBeUndefined();
  });
});
