/** Two distributions on the same bins, at most 20, for a person to compare. */
import type { ColumnProfile } from '../../domain/datasets.ts';
import type { ColumnDrift } from '../../domain/monitoring.ts';
import { countBetween, equalEdges, quantile } from '../../domain/statistics/quantiles.ts';
import type { Counts } from '../../domain/statistics/distances.ts';

type Histogram = NonNullable<ColumnDrift['histogram']>;

const BINS = 20;

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, rows) => sum + rows, 0);
  return counts.map((rows) => (total === 0 ? 0 : rows / total));
}

/** Equal bins over the middle 98 % of both sides (one outlier would flatten the rest); few whole numbers get one bar each. */
export function numberHistogram(profile: ColumnProfile, current: Float64Array): Histogram | undefined {
  const reference = profile.sample ?? [];
  if (reference.length === 0 || current.length === 0) return undefined;
  const low = Math.min(quantile(reference, 0.01), quantile(current, 0.01));
  const high = Math.max(quantile(reference, 0.99), quantile(current, 0.99));
  const whole = profile.type === 'integer' && high - low < BINS;
  if (!(high > low)) {
    return { labels: [short(low)], reference: [1], current: [1] };
  }
  // Bins are closed above, so whole numbers sit between half steps.
  const edges = whole ? equalEdges(low - 0.5, high + 0.5, Math.round(high - low) + 1) : equalEdges(low, high, 15);
  const labels = edges
    .slice(1)
    .map((edge, i) => (whole ? short(edge - 0.5) : `${short(edges[i] ?? 0)}..${short(edge)}`));
  return {
    labels,
    reference: shares(countBetween(reference, edges)),
    current: shares(countBetween(current, edges)),
  };
}

/** The reference's most frequent values; all others are one bar. */
export function categoryHistogram(reference: Counts, current: Counts): Histogram {
  const named = [...reference.entries()].sort((a, b) => b[1] - a[1]).slice(0, BINS - 1);
  const names = new Set(named.map(([value]) => value));
  const rest = (counts: Counts): number => {
    let sum = 0;
    for (const [value, rows] of counts) if (!names.has(value)) sum += rows;
    return sum;
  };
  const referenceCounts = named.map(([, rows]) => rows);
  const currentCounts = named.map(([value]) => current.get(value) ?? 0);
  const others = [rest(reference), rest(current)] as const;
  const labels = named.map(([value]) => value);
  if (others[0] + others[1] > 0) {
    labels.push('other');
    referenceCounts.push(others[0]);
    currentCounts.push(others[1]);
  }
  return { labels, reference: shares(referenceCounts), current: shares(currentCounts) };
}
