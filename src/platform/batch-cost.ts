/**
 * The learned cost of a batch: fixed + perRow * rows, in ms. Robust: batches are sorted by size into powers of two, each with a ring of
 * its latest times, and the line goes through the rings' medians, so that a pause of the machine or of the collector moves nothing.
 */

export interface BatchCost {
  /** One batch took `ms`. */
  learn(rows: number, ms: number): void;
  /** Predicted ms; 0 before anything was learned. */
  predict(rows: number): number;
  /** Rows whose predicted cost is at most `ms`; Infinity before anything was learned, 0 when not even one row is. */
  rowsWithin(ms: number): number;
  readonly fixedMs: number;
  readonly perRowMs: number;
  /** Rows from which a batch hardly gets cheaper for each of them: its fixed cost is a twentieth. */
  readonly worthRows: number;
  /** Batches it was learned from. */
  readonly learned: number;
}

/** Times kept for each size: the median of 9 stands up to 4 outliers, and 9 batches later a change is known. */
const KEPT = 9;
/** A size that was not seen for so many batches says nothing about now. */
const STALE = 2000;
/** After so many batches of other sizes a size weighs half. */
const FADES = 100;
/** From here on the line is computed anew only every so many batches. */
const SETTLED = 32;
const EVERY = 8;

/** However small the fixed cost looks: the line is no better than its points. */
const LEAST_ROWS = 64;

interface SizeRing {
  readonly ms: number[];
  readonly rows: number[];
  next: number;
  seenAt: number;
}

interface Point {
  readonly rows: number;
  ms: number;
  readonly age: number;
  readonly times: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

export function createBatchCost(): BatchCost {
  const rings: (SizeRing | undefined)[] = [];
  let learned = 0;
  let fixedMs = 0;
  let perRowMs = 0;

  /** What the rings say now, smallest size first. */
  function points(): Point[] {
    const found: Point[] = [];
    for (const ring of rings) {
      if (ring === undefined || learned - ring.seenAt > STALE) continue;
      const age = learned - ring.seenAt;
      found.push({ rows: median(ring.rows), ms: Math.max(median(ring.ms), 1e-4), age, times: ring.ms.length });
    }
    // More rows do not take less time: where it looks so, what was seen last is right.
    for (let index = 1; index < found.length; index += 1) {
      const [less, more] = [found[index - 1], found[index]];
      if (less === undefined || more === undefined || less.ms <= more.ms) continue;
      if (less.age <= more.age) more.ms = less.ms;
      else for (const point of found.slice(0, index)) point.ms = Math.min(point.ms, more.ms);
    }
    return found;
  }

  /** Least squares of the relative error over the medians, with neither part below zero. */
  function fit(): void {
    let [w, wn, wnn, wy, wny, sizes] = [0, 0, 0, 0, 0, 0];
    let only = { rows: 1, ms: 0 };
    for (const { rows, ms, age, times } of points()) {
      // Few times of a size may all be outliers, and old ones tell of another hour: they weigh less.
      const weight = times / (1 + age / FADES) / (ms * ms);
      sizes += 1;
      only = { rows, ms };
      w += weight;
      wn += weight * rows;
      wnn += weight * rows * rows;
      wy += weight * ms;
      wny += weight * rows * ms;
    }
    const spread = w * wnn - wn * wn;
    if (sizes < 2 || spread <= 0) {
      // One size tells nothing about the share of the rows: half of it, until another size is seen.
      fixedMs = only.ms / 2;
      perRowMs = only.ms / 2 / only.rows;
      return;
    }
    perRowMs = (w * wny - wn * wy) / spread;
    fixedMs = (wy - perRowMs * wn) / w;
    if (perRowMs < 0) {
      perRowMs = 0;
      fixedMs = wy / w;
    } else if (fixedMs < 0) {
      fixedMs = 0;
      perRowMs = wny / wnn;
    }
  }

  return {
    learn(rows, ms) {
      if (!(rows >= 1) || !(ms >= 0)) return;
      const size = Math.min(31, Math.floor(Math.log2(rows)));
      let ring = rings[size];
      if (ring === undefined) {
        ring = { ms: [], rows: [], next: 0, seenAt: 0 };
        rings[size] = ring;
      }
      learned += 1;
      // After a long silence of this size its old times are not news.
      if (learned - ring.seenAt > STALE) {
        ring.ms.length = 0;
        ring.rows.length = 0;
        ring.next = 0;
      }
      ring.ms[ring.next] = ms;
      ring.rows[ring.next] = rows;
      ring.next = (ring.next + 1) % KEPT;
      ring.seenAt = learned;
      if (learned <= SETTLED || learned % EVERY === 0) fit();
    },
    predict: (rows) => fixedMs + perRowMs * rows,
    rowsWithin(ms) {
      if (learned === 0) return Number.POSITIVE_INFINITY;
      const room = ms - fixedMs;
      if (room < perRowMs || room < 0) return 0;
      return perRowMs === 0 ? Number.POSITIVE_INFINITY : Math.floor(room / perRowMs);
    },
    get fixedMs() {
      return fixedMs;
    },
    get perRowMs() {
      return perRowMs;
    },
    get worthRows() {
      if (learned < SETTLED || perRowMs === 0) return Number.POSITIVE_INFINITY;
      return Math.max(LEAST_ROWS, Math.ceil((20 * fixedMs) / perRowMs));
    },
    get learned() {
      return learned;
    },
  };
}
