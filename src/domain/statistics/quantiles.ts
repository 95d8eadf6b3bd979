/** Quantiles and histograms of sorted columns. */

/** Quantile by linear interpolation between order statistics (Hyndman and Fan type 7, numpy's default). NaN without values. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const at = Math.min(n - 1, Math.max(0, (n - 1) * q));
  const below = Math.floor(at);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(n - 1, below + 1)] ?? Number.NaN;
  return low + (high - low) * (at - below);
}

/** How many of the sorted values are <= x. */
export function countUpTo(sorted: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows in the bins (-∞, e1], (e1, e2], …, (e_last-1, ∞): the outer bins are open, so nothing falls outside. `edges` has one more entry than bins. */
export function countBetween(sorted: ArrayLike<number>, edges: readonly number[]): number[] {
  const inner = edges.slice(1, -1);
  const counts: number[] = [];
  let before = 0;
  for (const edge of inner) {
    const upTo = countUpTo(sorted, edge);
    counts.push(upTo - before);
    before = upTo;
  }
  counts.push(sorted.length - before);
  return counts;
}

/** Decile edges without repeats: 2 to 11 ascending numbers; one edge twice for a constant column. */
export function decileEdges(sorted: ArrayLike<number>): number[] {
  if (sorted.length === 0) return [];
  const edges: number[] = [];
  for (let i = 0; i <= 10; i++) {
    const edge = quantile(sorted, i / 10);
    if (edges.length === 0 || edge > (edges.at(-1) ?? 0)) edges.push(edge);
  }
  return edges.length === 1 ? [edges[0] ?? 0, edges[0] ?? 0] : edges;
}

/** `bins` + 1 equally wide edges. */
export function equalEdges(low: number, high: number, bins: number): number[] {
  return Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins);
}
