import { describe, expect, it } from 'vitest';
import { createRandom } from './random.ts';
import { estimateMetric, PERFORMANCE_METRICS, pairedGain, scoreMetric, type Scores } from './scores.ts';

/** The same generator as in the script that made the reference values with scikit-learn 1.9.1. */
function lcg(seed: number, n: number): number[] {
  let s = seed;
  return Array.from({ length: n }, () => {
    s = (1664525 * s + 1013904223) % 2 ** 32;
    return s / 2 ** 32;
  });
}
const prediction: number[] = lcg(1, 200).map((x) => Math.round(x * 100) / 100);
const outcome: number[] = lcg(2, 200).map((x, i) => (x < (prediction[i] ?? 0) ? 1 : 0));
const reference: Scores = { outcome, prediction };

describe('metrics against scikit-learn', () => {
  it('log loss, Brier, AUC with ties, accuracy, observed/expected, rate', () => {
    expect(outcome.reduce((s: number, y) => s + y, 0)).toBe(101);
    expect(scoreMetric('log_loss', reference)).toBeCloseTo(0.5230855453933296, 12);
    expect(scoreMetric('brier', reference)).toBeCloseTo(0.17577849999999998, 12);
    expect(scoreMetric('auc', reference)).toBeCloseTo(0.8145314531453146, 12);
    expect(scoreMetric('accuracy', reference)).toBeCloseTo(0.745, 12);
    expect(scoreMetric('observed_expected', reference)).toBeCloseTo(1.014973369510602, 12);
    expect(scoreMetric('outcome_rate', reference)).toBeCloseTo(0.505, 12);
  });
  it('clips certainty at 1e-15', () => {
    const seen = scoreMetric('log_loss', { outcome: [1, 0, 1, 0], prediction: [1, 0, 0, 1] });
    expect(seen).toBeCloseTo(17.26958809681289, 2);
    expect(Number.isFinite(seen)).toBe(true);
  });
  it('is NaN where the metric does not exist', () => {
    expect(scoreMetric('auc', { outcome: [1, 1], prediction: [0.2, 0.4] })).toBeNaN();
    expect(scoreMetric('observed_expected', { outcome: [1, 0], prediction: [0, 0] })).toBeNaN();
    for (const metric of PERFORMANCE_METRICS) expect(scoreMetric(metric, { outcome: [], prediction: [] })).toBeNaN();
    expect(
      estimateMetric('auc', { outcome: [1], prediction: [1] }, ['a'], { random: createRandom(1) }),
    ).toBeUndefined();
  });
});

interface Days {
  outcome: number[];
  prediction: number[];
  blocks: number[];
}

/** Days that share a shock: the rows of one day move together. */
function days(seed: number, count: number, rows: number, spread: number): Days {
  const random = createRandom(seed);
  const made: Days = { outcome: [], prediction: [], blocks: [] };
  for (let d = 0; d < count; d++) {
    const shock = (random() - 0.5) * spread;
    for (let r = 0; r < rows; r++) {
      const p = 0.1 + 0.4 * random();
      made.prediction.push(p);
      made.outcome.push(random() < p + shock ? 1 : 0);
      made.blocks.push(d);
    }
  }
  return made;
}

describe('intervals', () => {
  it('cover the truth about 95 times in 100 when days share a shock', () => {
    let covered = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const made = days(seed, 28, 60, 0.2);
      const seen = estimateMetric('observed_expected', made, made.blocks, {
        random: createRandom(seed),
        resamples: 400,
      });
      if ((seen?.low ?? 2) <= 1 && (seen?.high ?? 0) >= 1) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(180);
    expect(covered).toBeLessThan(200);
  });
  it('rows resampled alone are far too narrow', () => {
    const made = days(5, 28, 200, 0.3);
    const width = (blocks: number[]): number => {
      const seen = estimateMetric('observed_expected', made, blocks, { random: createRandom(1) });
      return (seen?.high ?? 0) - (seen?.low ?? 0);
    };
    expect(width(made.blocks) / width(made.blocks.map((_, i) => i))).toBeGreaterThan(2);
  });
  it('AUC by the table of pairs equals AUC by walking the rows', () => {
    const made = days(9, 40, 20, 0.2);
    // Same resample, two routes: 800 one-row blocks walk the rows; grouping them by day gives the pair table.
    const rows = made.blocks.map((_, i) => i);
    const byRows = estimateMetric('auc', made, rows, { random: createRandom(1), resamples: 10 });
    const byDays = estimateMetric('auc', made, made.blocks, { random: createRandom(1), resamples: 10 });
    expect(byRows?.value).toBeCloseTo(byDays?.value ?? 0, 12);
    expect(byDays?.value).toBeCloseTo(scoreMetric('auc', made), 12);
    expect(byRows?.low).toBeLessThan(byRows?.value ?? 0);
  });
  it('is the same for the same seed, and absent for one block', () => {
    const again = (seed: number) =>
      estimateMetric(
        'brier',
        reference,
        outcome.map((_, i) => i % 10),
        { random: createRandom(seed) },
      );
    expect(again(3)).toEqual(again(3));
    expect(again(3)).not.toEqual(again(4));
    expect(
      estimateMetric(
        'brier',
        reference,
        outcome.map(() => 'd'),
        { random: createRandom(1) },
      ),
    ).toEqual({
      value: scoreMetric('brier', reference),
      n: 200,
    });
  });
  it('takes 1,000 resamples of 13,000 rows in 14 days within a blink', () => {
    const made = days(2, 14, 930, 0.1);
    const start = performance.now();
    for (const metric of PERFORMANCE_METRICS) estimateMetric(metric, made, made.blocks, { random: createRandom(1) });
    expect(performance.now() - start).toBeLessThan(1500);
  });
});

describe('paired gain', () => {
  const made = days(11, 28, 100, 0.2);
  const flat: Scores = { outcome: made.outcome, prediction: made.prediction.map(() => 0.3) };
  it('is positive for the better scores, with the shared noise cancelled', () => {
    for (const metric of ['log_loss', 'brier', 'auc'] as const) {
      const gain = pairedGain(metric, made, flat, made.blocks, { random: createRandom(1) });
      const back = pairedGain(metric, flat, made, made.blocks, { random: createRandom(1) });
      expect(gain?.value).toBeCloseTo(
        metric === 'auc' ? scoreMetric(metric, made) - 0.5 : scoreMetric(metric, flat) - scoreMetric(metric, made),
        10,
      );
      expect(gain?.low).toBeGreaterThan(0);
      expect(back?.value).toBeCloseTo(-(gain?.value ?? 0), 12);
    }
    const alone = estimateMetric('log_loss', made, made.blocks, { random: createRandom(1) });
    const gain = pairedGain('log_loss', made, flat, made.blocks, { random: createRandom(1) });
    expect((gain?.high ?? 9) - (gain?.low ?? 0)).toBeLessThan((alone?.high ?? 0) - (alone?.low ?? 0));
  });
  it('is exactly zero for equal scores', () => {
    expect(pairedGain('log_loss', made, made, made.blocks, { random: createRandom(1) })).toEqual({
      value: 0,
      low: 0,
      high: 0,
      n: 2800,
    });
  });
  it('judges observed/expected by its distance from 1', () => {
    const high: Scores = { outcome: made.outcome, prediction: made.prediction.map((p) => p * 1.5) };
    expect(
      pairedGain('observed_expected', made, high, made.blocks, { random: createRandom(1) })?.value,
    ).toBeGreaterThan(0.2);
  });
  it('refuses rows that are not the same', () => {
    const other: Scores = { outcome: made.outcome.map((y) => 1 - y), prediction: made.prediction };
    expect(() => pairedGain('brier', made, other, made.blocks, { random: createRandom(1) })).toThrow(/differ at row 1/);
    expect(() => pairedGain('brier', made, reference, made.blocks, { random: createRandom(1) })).toThrow(/200/);
    expect(() => estimateMetric('brier', made, [1, 2], { random: createRandom(1) })).toThrow(/one label a row/);
  });
});
