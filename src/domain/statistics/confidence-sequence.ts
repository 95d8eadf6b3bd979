/**
 * The difference of two means with an interval that is valid at every look: the probability that it ever fails to cover the
 * difference, over all looks together, is at most alpha. A test may so be looked at after each outcome and stopped when it likes.
 */
import { logGamma, upperGamma } from './tails.ts';

export type AbMetric = 'outcome_rate' | 'accuracy' | 'log_loss' | 'brier';

export const higherIsBetter = (metric: AbMetric): boolean => metric === 'outcome_rate' || metric === 'accuracy';

/** A score of 0 or 1 would have an infinite log loss: scores are clipped to [CLIP, 1 - CLIP], which bounds the loss of a row. */
const CLIP = 1e-3;
const MOST_LOSS = -Math.log(CLIP);

/** Largest value of a row, in the metric's unit: means are compared on [0, 1] and shown times this. */
export const scaleOf = (metric: AbMetric): number => (metric === 'log_loss' ? MOST_LOSS : 1);

/**
 * One row's value on [0, 1]; undefined where the metric says nothing: an outcome outside [0, 1], or no score. `score` is the
 * probability of outcome 1.
 */
export function rowValue(metric: AbMetric, score: number, outcome: number): number | undefined {
  if (!(outcome >= 0 && outcome <= 1)) return undefined;
  if (metric === 'outcome_rate') return outcome;
  if (Number.isNaN(score)) return undefined;
  if (metric === 'accuracy') return score >= 0.5 === outcome >= 0.5 ? 1 : 0;
  if (metric === 'brier') return (Math.min(1, Math.max(0, score)) - outcome) ** 2;
  const p = Math.min(1 - CLIP, Math.max(CLIP, score));
  return -(outcome * Math.log(p) + (1 - outcome) * Math.log(1 - p)) / MOST_LOSS;
}

/** Where the interval is narrowest, in squared units of the range: about 400 pairs of even odds, 2,500 of 2 in 100. */
const BEST_AT = 50;

/**
 * ln of the gamma-exponential mixture, a supermartingale that starts at 1 for sums `s` of deviations with empirical variance
 * process `v` and range 1. Howard, Ramdas, McAuliffe and Sekhon, Time-uniform, nonparametric, nonasymptotic confidence
 * sequences, Annals of Statistics 49 (2021), Proposition 9 (c = 1).
 */
function logMixture(s: number, v: number, rho: number): number {
  const k = v + rho;
  const x = s + v + rho;
  const start = rho * Math.log(rho) - logGamma(rho) - Math.log1p(-upperGamma(rho, rho));
  return start + logGamma(k) + Math.log1p(-upperGamma(k, x)) - k * Math.log(x) + s + v;
}

/** The least `s` whose mixture reaches 1 / alpha (Ville's inequality); bisection to 1e-9 of it. */
function boundary(v: number, alpha: number): number {
  const limit = Math.log(1 / alpha);
  const rho = BEST_AT / (2 * limit + Math.log(1 + 2 * limit));
  let low = 0;
  let high = Math.sqrt(2 * v * limit) + 1;
  while (logMixture(high, v, rho) < limit) high *= 2;
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (logMixture(middle, v, rho) < limit) low = middle;
    else high = middle;
  }
  return high;
}

export interface Difference {
  /** Pairs that were compared. */
  readonly n: number;
  /** candidate - stable: on [-1, 1]. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** Sums of what was seen so far: the interval at any moment follows from them. */
export interface DifferenceSequence {
  /** `candidate` and `stable` on [0, 1]. */
  add(candidate: number, stable: number): void;
  interval(): Difference;
  /** Whether the interval leaves out 0; cheaper than the interval. */
  readonly decided: boolean;
}

/**
 * The empirical-Bernstein confidence sequence of the paper's Theorem 4 for differences in [-1, 1], predicted by the mean of those
 * before, with the boundary of Proposition 9 on both sides at alpha / 2. It asks that each difference, given those before, has
 * the same mean; neither a distribution nor a number of rows fixed beforehand.
 */
export function createDifferenceSequence(alpha: number): DifferenceSequence {
  let n = 0;
  let sum = 0;
  let variance = 0;
  return {
    add(candidate, stable) {
      // Halved: the theorem's range is then 1.
      const x = (candidate - stable) / 2;
      const predicted = n === 0 ? 0 : sum / n;
      variance += (x - predicted) ** 2;
      sum += x;
      n += 1;
    },
    interval() {
      if (n === 0) return { n, difference: 0, low: -1, high: 1 };
      const half = boundary(variance, alpha / 2);
      const at = (s: number): number => Math.min(1, Math.max(-1, (2 * s) / n));
      return { n, difference: at(sum), low: at(sum - half), high: at(sum + half) };
    },
    get decided() {
      if (n === 0) return false;
      // The mixture is never above exp(s² / 2v): most looks are answered without it.
      const s = Math.abs(sum);
      if (s * s < 2 * variance * Math.log(2 / alpha)) return false;
      return s > boundary(variance, alpha / 2);
    },
  };
}

/** How many rows of the larger side stand against one of the smaller; `split` is the candidate's share in percent, 0 < split < 100. */
function groupsOf(split: number): { readonly candidate: number; readonly stable: number } {
  const odds = split / (100 - split);
  return odds >= 1
    ? { candidate: Math.min(100, Math.round(odds)), stable: 1 }
    : { candidate: 1, stable: Math.min(100, Math.round(1 / odds)) };
}

/**
 * Compares two arms whose rows are on [0, 1] and in the order in which they became known. The k-th row (or mean of a group of
 * rows, so that an uneven split has as many groups on either side) stands against the k-th of the other: what moves both arms at
 * a time, such as the hour of the day, cancels. Rows without a partner yet wait.
 */
export function armDifference(
  candidate: ArrayLike<number>,
  stable: ArrayLike<number>,
  split: number,
  alpha: number,
): Difference {
  const size = groupsOf(split);
  const pairs = Math.min(Math.floor(candidate.length / size.candidate), Math.floor(stable.length / size.stable));
  const meanOf = (arm: ArrayLike<number>, from: number, count: number): number => {
    let sum = 0;
    for (let i = from; i < from + count; i++) sum += arm[i] ?? 0;
    return sum / count;
  };
  const sequence = createDifferenceSequence(alpha);
  for (let k = 0; k < pairs; k++) {
    sequence.add(meanOf(candidate, k * size.candidate, size.candidate), meanOf(stable, k * size.stable, size.stable));
  }
  return sequence.interval();
}
