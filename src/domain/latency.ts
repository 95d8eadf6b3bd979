/** Quantiles of log-scale histograms: linear within a bucket, so the error is at most the bucket's width. */

/** `bounds[i]` is the upper end of `counts[i]`, in ms; a last count beyond the bounds is open. */
export interface LatencyCounts {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** ms; undefined without any call. The histograms are added up; all have the same bounds, or are empty. */
export function latencyQuantile(histograms: readonly LatencyCounts[], q: number): number | undefined {
  const bounds = histograms.find((one) => one.bounds.length > 0)?.bounds ?? [];
  const size = Math.max(0, ...histograms.map((one) => one.counts.length));
  const counts = Array.from({ length: size }, (_, i) => histograms.reduce((sum, one) => sum + (one.counts[i] ?? 0), 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = q * total;
  for (const [i, count] of counts.entries()) {
    if (count > 0 && left <= count) {
      const low = bounds[i - 1] ?? 0;
      const high = bounds[i] ?? low;
      return low + ((high - low) * left) / count;
    }
    left -= count;
  }
  return bounds.at(-1);
}
