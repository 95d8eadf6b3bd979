/** Metrics of scored predictions against outcomes, and their intervals by resampling whole blocks. */
import { MillwrightError } from '../errors.ts';
import type { PerformanceMetric } from '../project.ts';
import type { Estimate } from '../registry.ts';
import { quantile } from './quantiles.ts';
import type { Random } from './random.ts';

/** Same length, no NaN. Outcomes are 0 or 1 (shares between them work for all but the AUC, which splits at 0.5). */
export interface Scores {
  readonly outcome: ArrayLike<number>;
  readonly prediction: ArrayLike<number>;
}

/** One label per row; rows of one label are drawn together (days: flights of one day share the weather). */
export type Blocks = ArrayLike<string | number>;

export interface Resampling {
  readonly random: Random;
  /** Default 1,000. Above 20,000 blocks at most 200, because each resample draws every block. */
  readonly resamples?: number;
}

/** Every performance metric in the order pages show them. */
export const PERFORMANCE_METRICS: readonly PerformanceMetric[] = [
  'observed_expected',
  'log_loss',
  'brier',
  'auc',
  'accuracy',
  'outcome_rate',
];

type RatioMetric = Exclude<PerformanceMetric, 'auc'>;

/** Each of these metrics is a ratio of two sums over rows; a row's share in the upper sum. */
function upper(metric: RatioMetric, y: number, p: number): number {
  switch (metric) {
    case 'log_loss': {
      const q = Math.min(1 - 1e-15, Math.max(1e-15, p));
      return -(y * Math.log(q) + (1 - y) * Math.log1p(-q));
    }
    case 'brier':
      return (p - y) ** 2;
    case 'accuracy':
      return p >= 0.5 === y >= 0.5 ? 1 : 0;
    case 'observed_expected':
    case 'outcome_rate':
      return y;
  }
}

/** The metric when block b counts `weights[b]` times. NaN where it does not exist (no rows, one class, nothing expected). */
type Evaluator = (weights: ArrayLike<number>) => number;

function ratioEvaluator(metric: RatioMetric, scores: Scores, index: Uint32Array, blocks: number): Evaluator {
  const above = new Float64Array(blocks);
  const below = new Float64Array(blocks);
  for (let i = 0; i < index.length; i++) {
    const b = index[i] ?? 0;
    const p = scores.prediction[i] ?? 0;
    above[b] = (above[b] ?? 0) + upper(metric, scores.outcome[i] ?? 0, p);
    below[b] = (below[b] ?? 0) + (metric === 'observed_expected' ? p : 1);
  }
  return (weights) => {
    let a = 0;
    let d = 0;
    for (let b = 0; b < blocks; b++) {
      const w = weights[b] ?? 0;
      a += w * (above[b] ?? 0);
      d += w * (below[b] ?? 0);
    }
    return d > 0 ? a / d : Number.NaN;
  };
}

function byPrediction(prediction: ArrayLike<number>): Uint32Array {
  const order = new Uint32Array(prediction.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((i, j) => (prediction[i] ?? 0) - (prediction[j] ?? 0));
}

/** Above this many blocks the table of wins between pairs of blocks costs more than walking the sorted rows each time. */
const PAIR_TABLE_BLOCKS = 512;

/**
 * AUC = wins of positives over negatives (ties count half) / pairs. With wins[p][q] counted once for positives of block p
 * against negatives of block q, a resample is Σ w_p w_q wins[p][q] / (Σ w P)(Σ w N): exact, and free of the row count.
 */
function aucEvaluator(scores: Scores, index: Uint32Array, blocks: number): Evaluator {
  const order = byPrediction(scores.prediction);
  const pair = blocks <= PAIR_TABLE_BLOCKS;
  const positive = (i: number): boolean => (scores.outcome[i] ?? 0) > 0.5;
  const walk = (onTie: (from: number, to: number) => void): void => {
    for (let from = 0; from < order.length; ) {
      let to = from + 1;
      const at = scores.prediction[order[from] ?? 0];
      while (to < order.length && scores.prediction[order[to] ?? 0] === at) to++;
      onTie(from, to);
      from = to;
    }
  };
  if (!pair) {
    return (weights) => {
      let negatives = 0;
      let positives = 0;
      let wins = 0;
      walk((from, to) => {
        let tiedNegatives = 0;
        let tiedPositives = 0;
        for (let k = from; k < to; k++) {
          const i = order[k] ?? 0;
          const w = weights[index[i] ?? 0] ?? 0;
          if (positive(i)) tiedPositives += w;
          else tiedNegatives += w;
        }
        wins += tiedPositives * (negatives + tiedNegatives / 2);
        negatives += tiedNegatives;
        positives += tiedPositives;
      });
      return positives > 0 && negatives > 0 ? wins / (positives * negatives) : Number.NaN;
    };
  }
  const wins = new Float64Array(blocks * blocks);
  const negatives = new Float64Array(blocks);
  const positives = new Float64Array(blocks);
  const tied = new Float64Array(blocks);
  walk((from, to) => {
    tied.fill(0);
    let tiedNegatives = 0;
    for (let k = from; k < to; k++) {
      const i = order[k] ?? 0;
      if (positive(i)) continue;
      const b = index[i] ?? 0;
      tied[b] = (tied[b] ?? 0) + 1;
      tiedNegatives++;
    }
    for (let k = from; k < to; k++) {
      const i = order[k] ?? 0;
      if (!positive(i)) continue;
      const p = index[i] ?? 0;
      positives[p] = (positives[p] ?? 0) + 1;
      const row = p * blocks;
      for (let q = 0; q < blocks; q++) wins[row + q] = (wins[row + q] ?? 0) + (negatives[q] ?? 0) + (tied[q] ?? 0) / 2;
    }
    if (tiedNegatives > 0) for (let q = 0; q < blocks; q++) negatives[q] = (negatives[q] ?? 0) + (tied[q] ?? 0);
  });
  return (weights) => {
    let won = 0;
    let p = 0;
    let n = 0;
    for (let b = 0; b < blocks; b++) {
      const w = weights[b] ?? 0;
      if (w === 0) continue;
      p += w * (positives[b] ?? 0);
      n += w * (negatives[b] ?? 0);
      let row = 0;
      for (let q = 0; q < blocks; q++) row += (weights[q] ?? 0) * (wins[b * blocks + q] ?? 0);
      won += w * row;
    }
    return p > 0 && n > 0 ? won / (p * n) : Number.NaN;
  };
}

function evaluator(metric: PerformanceMetric, scores: Scores, index: Uint32Array, blocks: number): Evaluator {
  return metric === 'auc' ? aucEvaluator(scores, index, blocks) : ratioEvaluator(metric, scores, index, blocks);
}

function indexBlocks(blocks: Blocks, rows: number): { readonly index: Uint32Array; readonly count: number } {
  if (blocks.length !== rows) {
    throw new MillwrightError(
      'MW-INVALID',
      `${blocks.length} block labels for ${rows} rows: one label a row is needed`,
    );
  }
  const numbers = new Map<string | number, number>();
  const index = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) {
    const label = blocks[i] ?? '';
    let number = numbers.get(label);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(label, number);
    }
    index[i] = number;
  }
  return { index, count: numbers.size };
}

function interval(
  measure: Evaluator,
  blocks: number,
  rows: number,
  resampling: Resampling,
): { readonly low: number; readonly high: number } | undefined {
  if (blocks < 2) return undefined;
  // The walk over all rows (AUC with very many blocks) is the only measure whose cost follows the rows.
  const most = blocks > 20_000 || (blocks > PAIR_TABLE_BLOCKS && rows > 50_000) ? 200 : 1000;
  const resamples = Math.min(resampling.resamples ?? 1000, most);
  const weights = new Uint32Array(blocks);
  const seen: number[] = [];
  for (let r = 0; r < resamples; r++) {
    weights.fill(0);
    for (let b = 0; b < blocks; b++) {
      const drawn = Math.floor(resampling.random() * blocks);
      weights[drawn] = (weights[drawn] ?? 0) + 1;
    }
    const value = measure(weights);
    if (!Number.isNaN(value)) seen.push(value);
  }
  // A metric that most resamples cannot give (one class a day) has no honest interval.
  if (seen.length < resamples / 2) return undefined;
  const sorted = Float64Array.from(seen).sort();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

function ones(count: number): Uint8Array {
  return new Uint8Array(count).fill(1);
}

/**
 * A metric of all rows: log loss (natural, predictions clipped to 1e-15), Brier, ROC AUC (ties half), accuracy (at 0.5),
 * observed / expected (Σ outcomes / Σ predictions), outcome rate. NaN where it does not exist.
 */
export function scoreMetric(metric: PerformanceMetric, scores: Scores): number {
  const rows = scores.outcome.length;
  if (rows === 0) return Number.NaN;
  return evaluator(metric, scores, new Uint32Array(rows), 1)(ones(1));
}

/**
 * The metric with its 95 % percentile interval, whole blocks drawn with replacement. No interval with fewer than two
 * blocks; with fewer than about ten it is too narrow. Undefined where the metric does not exist.
 */
export function estimateMetric(
  metric: PerformanceMetric,
  scores: Scores,
  blocks: Blocks,
  resampling: Resampling,
): Estimate | undefined {
  const rows = scores.outcome.length;
  if (rows === 0) return undefined;
  const { index, count } = indexBlocks(blocks, rows);
  const measure = evaluator(metric, scores, index, count);
  const value = measure(ones(count));
  if (Number.isNaN(value)) return undefined;
  return { value, ...interval(measure, count, rows, resampling), n: rows };
}

/** Positive = `a` is better. Observed / expected is better the nearer to 1, by ratio; the outcome rate judges no model: 0. */
function improvement(metric: PerformanceMetric, a: number, b: number): number {
  switch (metric) {
    case 'log_loss':
    case 'brier':
      return b - a;
    case 'auc':
    case 'accuracy':
      return a - b;
    case 'observed_expected':
      return Math.abs(Math.log(b)) - Math.abs(Math.log(a));
    case 'outcome_rate':
      return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : 0;
  }
}

/**
 * How much better `challenger` is than `champion` on the same rows (positive = better), with a 95 % interval in which both
 * are measured on the same resampled blocks: the noise they share cancels. Throws MW-INVALID when the rows differ.
 */
export function pairedGain(
  metric: PerformanceMetric,
  challenger: Scores,
  champion: Scores,
  blocks: Blocks,
  resampling: Resampling,
): Estimate | undefined {
  const rows = challenger.outcome.length;
  if (champion.outcome.length !== rows) {
    throw new MillwrightError(
      'MW-INVALID',
      `the challenger has ${rows} scored rows, the champion ${champion.outcome.length}`,
      {
        next: 'score both on the same rows, in the same order',
      },
    );
  }
  for (let i = 0; i < rows; i++) {
    if (challenger.outcome[i] !== champion.outcome[i]) {
      throw new MillwrightError(
        'MW-INVALID',
        `the outcomes differ at row ${i + 1}: the two score files are not of the same rows`,
        {
          next: 'score both on the same rows, in the same order',
        },
      );
    }
  }
  if (rows === 0) return undefined;
  const { index, count } = indexBlocks(blocks, rows);
  const a = evaluator(metric, challenger, index, count);
  const b = evaluator(metric, champion, index, count);
  const measure: Evaluator = (weights) => improvement(metric, a(weights), b(weights));
  const value = measure(ones(count));
  if (Number.isNaN(value)) return undefined;
  return { value, ...interval(measure, count, rows, resampling), n: rows };
}
