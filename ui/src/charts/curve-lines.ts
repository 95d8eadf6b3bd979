/** Curves of runs as arrays, ready to draw: smoothing, ranges, the value at a place. Pure numbers. */
import type { SeriesShape } from './series-shape.ts';

export type XKind = 'step' | 'time' | 'relative';

export interface Line {
  readonly id: string;
  /** Stands at the line's end. */
  readonly name: string;
  readonly color: string;
  readonly dash?: string | undefined;
  readonly shape?: SeriesShape | undefined;
  /** Rising. */
  readonly xs: readonly number[];
  /** null = unknown: the line breaks here. */
  readonly ys: readonly (number | null)[];
  /** The values before smoothing, drawn faintly behind. */
  readonly raw?: readonly (number | null)[];
  /** Spread around the line. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

/** Exponential moving average without the pull towards the start (debiased): `weight` of the past in [0, 1). */
export function smoothed(ys: readonly (number | null)[], weight: number): readonly (number | null)[] {
  if (weight <= 0) return ys;
  let sum = 0;
  let share = 0;
  return ys.map((y) => {
    if (y === null) return null;
    sum = sum * weight + y * (1 - weight);
    share = share * weight + (1 - weight);
    return sum / share;
  });
}

/** Index of the first x that is not below `at`; the length when all are. */
function firstNotBelow(xs: readonly number[], at: number): number {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The point nearest to `at`; undefined outside of the line by more than `reach`. */
export function nearest(line: Line, at: number, reach: number): { readonly x: number; readonly y: number } | undefined {
  const right = firstNotBelow(line.xs, at);
  const index = right > 0 && at - (line.xs[right - 1] ?? 0) <= (line.xs[right] ?? Infinity) - at ? right - 1 : right;
  const [x, y] = [line.xs[index], line.ys[index]];
  return x === undefined || y === null || y === undefined || Math.abs(x - at) > reach ? undefined : { x, y };
}

export const lastKnown = (line: Line): number | undefined => line.ys.findLast((y) => y !== null) ?? undefined;

/** Lowest and highest of what is drawn between two x; positive ones only on a log scale. */
export function rangeOf(
  lines: readonly Line[],
  from: number,
  to: number,
  log: boolean,
): readonly [low: number, high: number] | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const line of lines) {
    for (let i = firstNotBelow(line.xs, from); i < line.xs.length && (line.xs[i] ?? 0) <= to; i += 1) {
      for (const values of [line.ys, line.low, line.high]) {
        const y = values?.[i];
        if (y === null || y === undefined || (log && y <= 0)) continue;
        if (y < low) low = y;
        if (y > high) high = y;
      }
    }
  }
  return low > high ? undefined : [low, high];
}

/** Mean and spread of several lines at the x that they share, for a group of runs. */
export function banded(
  lines: readonly Line[],
  spread: 'range' | 'sd',
): {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
} {
  const at = new Map<number, number[]>();
  for (const { xs, ys } of lines) {
    xs.forEach((x, i) => {
      const y = ys[i];
      if (y === null || y === undefined) return;
      const there = at.get(x);
      if (there === undefined) at.set(x, [y]);
      else there.push(y);
    });
  }
  // Where fewer than half of the runs have a point, the mean would jump with who is there.
  const rows = [...at].filter(([, values]) => values.length * 2 >= lines.length).toSorted(([a], [b]) => a - b);
  const stats = rows.map(([x, values]) => {
    const mean = values.reduce((sum, y) => sum + y, 0) / values.length;
    const variance = values.reduce((sum, y) => sum + (y - mean) ** 2, 0) / Math.max(1, values.length - 1);
    const sd = Math.sqrt(variance);
    return spread === 'sd'
      ? { x, mean, low: mean - sd, high: mean + sd }
      : { x, mean, low: Math.min(...values), high: Math.max(...values) };
  });
  return {
    xs: stats.map((one) => one.x),
    ys: stats.map((one) => one.mean),
    low: stats.map((one) => one.low),
    high: stats.map((one) => one.high),
  };
}
