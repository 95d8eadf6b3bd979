/** How far two columns lie apart, and how sure that is. Samples are sorted ascending and hold no NaN. */
import { countBetween } from './quantiles.ts';
import { chiSquareQuantile, chiSquareTail, kolmogorovTail } from './tails.ts';

/**
 * Two-sample Kolmogorov-Smirnov: D = max |F1 - F2| over the pooled values (ties by right-continuous counts, as in scipy), and
 * the asymptotic p with Stephens' small-sample term: Q((√ne + 0.12 + 0.11/√ne) D), ne = n m / (n + m). Against the exact p the
 * largest error seen in 12 cases each is 0.057 at 30 rows a side, 0.026 at 100 and 0.007 at 1,000, all near p = 0.5; at
 * p = 0.008 (300 and 200 rows) it is below 0.002. Ties make it conservative. Rows must be independent for p to mean anything.
 */
export function kolmogorovSmirnov(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { readonly d: number; readonly p: number } {
  const n = a.length;
  const m = b.length;
  if (n === 0 || m === 0) return { d: Number.NaN, p: Number.NaN };
  let i = 0;
  let j = 0;
  let d = 0;
  while (i < n && j < m) {
    const at = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < n && (a[i] ?? 0) <= at) i++;
    while (j < m && (b[j] ?? 0) <= at) j++;
    d = Math.max(d, Math.abs(i / n - j / m));
  }
  const root = Math.sqrt((n * m) / (n + m));
  return { d, p: kolmogorovTail((root + 0.12 + 0.11 / root) * d) };
}

/** First Wasserstein distance ∫ |F1 - F2| dx, in the unit of the column. */
export function wasserstein(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  const m = b.length;
  if (n === 0 || m === 0) return Number.NaN;
  let i = 0;
  let j = 0;
  let sum = 0;
  let last = Math.min(a[0] ?? 0, b[0] ?? 0);
  while (i < n || j < m) {
    const at = i >= n ? (b[j] ?? 0) : j >= m ? (a[i] ?? 0) : Math.min(a[i] ?? 0, b[j] ?? 0);
    sum += Math.abs(i / n - j / m) * (at - last);
    while (i < n && (a[i] ?? 0) <= at) i++;
    while (j < m && (b[j] ?? 0) <= at) j++;
    last = at;
  }
  return sum;
}

/** Wasserstein in reference standard deviations; undefined for a constant reference, where any unit would be arbitrary. */
export function standardizedShift(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  sd: number | undefined,
): number | undefined {
  if (sd === undefined || !(sd > 0) || a.length === 0 || b.length === 0) return undefined;
  return wasserstein(a, b) / sd;
}

export type Counts = ReadonlyMap<string, number>;

function total(counts: Counts): number {
  let sum = 0;
  for (const rows of counts.values()) sum += rows;
  return sum;
}

/** Half the sum of absolute differences of the shares: 0 equal, 1 nothing in common. */
export function totalVariation(a: Counts, b: Counts): number {
  const n = total(a);
  const m = total(b);
  if (n === 0 || m === 0) return Number.NaN;
  let sum = 0;
  for (const [value, rows] of a) sum += Math.abs(rows / n - (b.get(value) ?? 0) / m);
  for (const [value, rows] of b) if (!a.has(value)) sum += rows / m;
  return sum / 2;
}

/**
 * Chi-square test of the 2 x k contingency table (both sides are samples: neither is taken as exact). Values the reference
 * never had are one cell; cells whose expected count is below 5 on either side are pooled, smallest first, until all reach 5.
 * No Yates correction. p = 1 when fewer than two cells remain.
 */
export function contingencyChiSquare(
  reference: Counts,
  current: Counts,
): { readonly statistic: number; readonly degrees: number; readonly p: number } {
  const n = total(reference);
  const m = total(current);
  if (n === 0 || m === 0) return { statistic: Number.NaN, degrees: 0, p: Number.NaN };
  let unseen = 0;
  for (const [value, rows] of current) if (!reference.has(value)) unseen += rows;
  const cells: (readonly [number, number])[] = [];
  for (const [value, rows] of reference) cells.push([rows, current.get(value) ?? 0]);
  if (unseen > 0) cells.push([0, unseen]);
  cells.sort((x, y) => x[0] + x[1] - (y[0] + y[1]));
  const smaller = Math.min(n, m) / (n + m);
  const kept: (readonly [number, number])[] = [];
  let rare: readonly [number, number] = [0, 0];
  for (const cell of cells) {
    const rareFits = (rare[0] + rare[1]) * smaller >= 5;
    const cellFits = (cell[0] + cell[1]) * smaller >= 5;
    if (cellFits && (rareFits || rare[0] + rare[1] === 0)) kept.push(cell);
    else rare = [rare[0] + cell[0], rare[1] + cell[1]];
  }
  if (rare[0] + rare[1] > 0) kept.push(rare);
  let statistic = 0;
  for (const [r, c] of kept) {
    const share = (r + c) / (n + m);
    statistic += (r - n * share) ** 2 / (n * share) + (c - m * share) ** 2 / (m * share);
  }
  const degrees = kept.length - 1;
  return degrees < 1
    ? { statistic: 0, degrees: 0, p: 1 }
    : { statistic, degrees, p: chiSquareTail(statistic, degrees) };
}

/**
 * Population stability index Σ (c - r) ln(c / r) over the reference's quantile bins, outer bins open, shares floored at 1e-4.
 * Without any drift it is near (1/n + 1/m) times chi-square with bins - 1 degrees: compare it with `psiNullQuantile`, never
 * with a bare 0.1.
 */
export function populationStability(
  edges: readonly number[],
  referenceCounts: readonly number[],
  current: ArrayLike<number>,
): number {
  const n = referenceCounts.reduce((sum, rows) => sum + rows, 0);
  if (n === 0 || current.length === 0 || edges.length < 2) return Number.NaN;
  const counts = countBetween(current, edges);
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const r = Math.max(1e-4, (referenceCounts[i] ?? 0) / n);
    const c = Math.max(1e-4, (counts[i] ?? 0) / current.length);
    sum += (c - r) * Math.log(c / r);
  }
  return sum;
}

/** What PSI exceeds with probability `tail` when nothing drifted. */
export function psiNullQuantile(n: number, m: number, bins: number, tail: number): number {
  return bins < 2 ? 0 : (1 / n + 1 / m) * chiSquareQuantile(tail, bins - 1);
}

/** Two proportions, pooled variance, two-sided; the square of z is chi-square with one degree. 1 when both are all or none. */
export function proportionTest(hitsA: number, n: number, hitsB: number, m: number): number {
  if (n === 0 || m === 0) return Number.NaN;
  const pooled = (hitsA + hitsB) / (n + m);
  if (pooled <= 0 || pooled >= 1) return 1;
  const z = (hitsA / n - hitsB / m) / Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  return chiSquareTail(z * z, 1);
}

/** Benjamini-Hochberg adjusted p-values (step-up, monotone, at most 1), in the order given. NaN counts as 1. */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const order = p
    .map((value, index) => ({ value: Number.isNaN(value) ? 1 : value, index }))
    .sort((a, b) => b.value - a.value);
  const adjusted = p.map(() => 1);
  let least = 1;
  order.forEach(({ value, index }, position) => {
    least = Math.min(least, (value * p.length) / (p.length - position));
    adjusted[index] = least;
  });
  return adjusted;
}
