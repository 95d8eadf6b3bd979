/** Performance of the predictions of a window whose outcomes were known at its end. */
import type { PerformanceMetric } from '../../domain/project.ts';
import type { Estimate } from '../../domain/registry.ts';
import { createRandom, seedOf } from '../../domain/statistics/random.ts';
import { estimateMetric, PERFORMANCE_METRICS } from '../../domain/statistics/scores.ts';
import type { LabelledRow } from '../../ports/analytics-store.ts';

const DAY = 86_400_000;

export interface PerformanceReading {
  /** Each metric that exists, `value` (the monitor's own) and `coverage` (share of predictions with an outcome). */
  readonly values: Readonly<Record<string, Estimate>>;
  readonly byVersion: Readonly<Record<string, Readonly<Record<string, Estimate>>>>;
}

/** Days for windows of days; a tenth of a shorter window, which would else have one or two blocks and no interval. */
function blockLength(windowMs: number): number {
  return windowMs >= 5 * DAY ? DAY : Math.max(1, windowMs / 10);
}

function measure(rows: readonly LabelledRow[], blockMs: number, seed: string): Record<string, Estimate> {
  const scores = {
    outcome: Float64Array.from(rows, (row) => row.outcome),
    prediction: Float64Array.from(rows, (row) => row.score),
  };
  // Rows of one day share their weather: days are drawn, not rows (a row bootstrap was 4-5 times too narrow on flights).
  const blocks = rows.map((row) => Math.floor(row.time / blockMs));
  const values: Record<string, Estimate> = {};
  for (const metric of PERFORMANCE_METRICS) {
    const estimate = estimateMetric(metric, scores, blocks, { random: createRandom(seedOf(`${seed} ${metric}`)) });
    if (estimate !== undefined && Number.isFinite(estimate.value)) values[metric] = estimate;
  }
  return values;
}

/** `seed` names the evaluation, so that its intervals can be computed again. */
export function readPerformance(
  rows: readonly LabelledRow[],
  metric: PerformanceMetric,
  predictions: number,
  windowMs: number,
  seed: string,
): PerformanceReading {
  const blockMs = blockLength(windowMs);
  const whole = measure(rows, blockMs, seed);
  const values = { ...whole };
  const own = values[metric];
  if (own !== undefined) values['value'] = own;
  if (predictions > 0) values['coverage'] = { value: rows.length / predictions, n: predictions };
  const versions = new Map<number, LabelledRow[]>();
  for (const row of rows) {
    const list = versions.get(row.version);
    if (list === undefined) versions.set(row.version, [row]);
    else list.push(row);
  }
  const byVersion: Record<string, Readonly<Record<string, Estimate>>> = {};
  for (const [version, served] of [...versions].sort(([a], [b]) => a - b)) {
    // One version served the whole window: its numbers are the window's.
    byVersion[version] = versions.size === 1 ? whole : measure(served, blockMs, `${seed} v${version}`);
  }
  return { values, byVersion };
}
