/**
 * Points of one metric as columns of numbers, and their bytes in a chunk: all timestamps, then all steps, then all values, each 8 bytes
 * little-endian. NaN is itself. Points are always in the order of a history and never repeat.
 */
import type { Metric } from '../../domain/tracking.ts';

export interface Points {
  readonly timestamp: Float64Array;
  readonly step: Float64Array;
  readonly value: Float64Array;
}

const POINT_BYTES = 24;

const make = (count: number): Points => ({
  timestamp: new Float64Array(count),
  step: new Float64Array(count),
  value: new Float64Array(count),
});

export const NO_POINTS: Points = make(0);

export const at = (column: Float64Array, index: number): number => column[index] ?? Number.NaN;

/** Negative: point `i` of `a` comes first. By timestamp, step, value; NaN last of its moment; 0: the same point. */
function compare(a: Points, i: number, b: Points, j: number): number {
  const time = at(a.timestamp, i) - at(b.timestamp, j);
  if (time !== 0) return time;
  const step = at(a.step, i) - at(b.step, j);
  if (step !== 0) return step;
  const [x, y] = [at(a.value, i), at(b.value, j)];
  if (x === y) return 0;
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
  return Number.isNaN(y) || x < y ? -1 : 1;
}

export const cut = ({ timestamp, step, value }: Points, from: number, to: number): Points => ({
  timestamp: timestamp.subarray(from, to),
  step: step.subarray(from, to),
  value: value.subarray(from, to),
});

function put(into: Points, index: number, from: Points, i: number): void {
  into.timestamp[index] = at(from.timestamp, i);
  into.step[index] = at(from.step, i);
  into.value[index] = at(from.value, i);
}

/** Points of one key in any order, repeats and all. */
export function toPoints(metrics: readonly Metric[]): Points {
  const points = make(metrics.length);
  let sorted = true;
  metrics.forEach((metric, i) => {
    points.timestamp[i] = metric.timestamp;
    points.step[i] = metric.step;
    points.value[i] = metric.value;
    if (i > 0 && compare(points, i - 1, points, i) >= 0) sorted = false;
  });
  if (sorted) return points;
  const order = Uint32Array.from(metrics, (_metric, i) => i).sort((i, j) => compare(points, i, points, j));
  const result = make(order.length);
  let count = 0;
  for (const i of order) {
    if (count > 0 && compare(result, count - 1, points, i) === 0) continue;
    put(result, count, points, i);
    count += 1;
  }
  return cut(result, 0, count);
}

function merged(a: Points, b: Points): Points {
  const [countA, countB] = [a.value.length, b.value.length];
  const result = make(countA + countB);
  let [i, j, count] = [0, 0, 0];
  while (i < countA || j < countB) {
    const order = i === countA ? 1 : j === countB ? -1 : compare(a, i, b, j);
    if (order <= 0) put(result, count, a, i);
    else put(result, count, b, j);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
    count += 1;
  }
  return cut(result, 0, count);
}

function concatenated(parts: readonly Points[]): Points {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const result = make(parts.reduce((count, part) => count + part.value.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.timestamp.set(part.timestamp, offset);
    result.step.set(part.step, offset);
    result.value.set(part.value, offset);
    offset += part.value.length;
  }
  return result;
}

/** All points of all parts. Parts that follow each other are only joined; the rest is merged pair by pair. */
export function union(parts: readonly Points[]): Points {
  const stretches: Points[] = [];
  let row: Points[] = [];
  for (const part of parts) {
    if (part.value.length === 0) continue;
    const before = row.at(-1);
    if (before !== undefined && compare(before, before.value.length - 1, part, 0) >= 0) {
      stretches.push(concatenated(row));
      row = [];
    }
    row.push(part);
  }
  if (row.length > 0) stretches.push(concatenated(row));
  let left = stretches;
  while (left.length > 1) {
    const next: Points[] = [];
    for (let i = 0; i < left.length; i += 2) {
      const [a = NO_POINTS, b] = [left[i], left[i + 1]];
      next.push(b === undefined ? a : merged(a, b));
    }
    left = next;
  }
  return left[0] ?? NO_POINTS;
}

/** The points of `points` that none of `others` has. */
export function without(points: Points, others: readonly Points[]): Points {
  const known = union(others);
  const result = make(points.value.length);
  let [j, count] = [0, 0];
  for (let i = 0; i < points.value.length; i += 1) {
    while (j < known.value.length && compare(known, j, points, i) < 0) j += 1;
    if (j < known.value.length && compare(known, j, points, i) === 0) continue;
    put(result, count, points, i);
    count += 1;
  }
  return cut(result, 0, count);
}

export function pack({ timestamp, step, value }: Points): Uint8Array {
  const count = value.length;
  const columns = new Float64Array(count * 3);
  columns.set(timestamp, 0);
  columns.set(step, count);
  columns.set(value, count * 2);
  return new Uint8Array(columns.buffer);
}

export function unpack(bytes: Uint8Array): Points {
  // A view of numbers must begin at a multiple of 8; drivers cut bytes out of larger buffers.
  const { buffer, byteOffset } = bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes);
  const count = Math.floor(bytes.byteLength / POINT_BYTES);
  const column = (index: number): Float64Array => new Float64Array(buffer, byteOffset + index * count * 8, count);
  return { timestamp: column(0), step: column(1), value: column(2) };
}

/** The smallest and greatest of a column; it holds at least one number. */
export function extent(column: Float64Array): readonly [least: number, greatest: number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (const one of column) {
    if (one < least) least = one;
    if (one > greatest) greatest = one;
  }
  return [least, greatest];
}

/** First, lowest, highest and last point: what a chart needs of a chunk that it draws in a few pixels. */
export function summary(points: Points): Points {
  const last = points.value.length - 1;
  let [low, high] = [-1, -1];
  points.value.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    if (low < 0 || value < at(points.value, low)) low = i;
    if (high < 0 || value > at(points.value, high)) high = i;
  });
  const kept = [...new Set([0, low, high, last])].filter((i) => i >= 0).sort((i, j) => i - j);
  const result = make(kept.length);
  kept.forEach((i, index) => put(result, index, points, i));
  return result;
}

/** Index of the point that is the latest by step, then timestamp, then value. */
export function latestIndex({ step, timestamp, value }: Points): number {
  let best = 0;
  for (let i = 1; i < value.length; i += 1) {
    const later = at(step, i) - at(step, best) || at(timestamp, i) - at(timestamp, best);
    // Of one moment and step the later in this order has the greater value, or NaN.
    if (later > 0 || (later === 0 && i > best && !Number.isNaN(at(value, best)))) best = i;
  }
  return best;
}

export function toMetrics(key: string, { timestamp, step, value }: Points): Metric[] {
  const metrics: Metric[] = [];
  for (let i = 0; i < value.length; i += 1) {
    metrics.push({ key, value: at(value, i), timestamp: at(timestamp, i), step: at(step, i) });
  }
  return metrics;
}

export function withinSteps(points: Points, from: number, to: number): Points {
  const result = make(points.value.length);
  let count = 0;
  for (let i = 0; i < points.value.length; i += 1) {
    const step = at(points.step, i);
    if (step < from || step > to) continue;
    put(result, count, points, i);
    count += 1;
  }
  return cut(result, 0, count);
}
