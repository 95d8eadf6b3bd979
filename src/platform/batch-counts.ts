/** What a scheduler counts. */
import type { BatchCost } from './batch-cost.ts';
import type { SchedulerStats } from './batch-lane.ts';

/** Batches are counted by powers of two of their rows. */
const SIZES = 18;
const BOUNDS = Array.from({ length: SIZES }, (_, index) => 2 ** index);

export class BatchCounts {
  #queueMs = 0;
  #computeMs = 0;
  #batches = 0;
  #rows = 0;
  #shed = 0;
  readonly #sizes = new Float64Array(SIZES);

  waited(ms: number): void {
    this.#queueMs += ms;
  }

  refused(): void {
    this.#shed += 1;
  }

  ran(rows: number, calls: number, ms: number): void {
    this.#batches += 1;
    this.#rows += rows;
    this.#computeMs += ms * calls;
    const size = Math.min(SIZES - 1, 32 - Math.clz32(Math.max(1, rows) - 1));
    this.#sizes[size] = (this.#sizes[size] ?? 0) + 1;
  }

  stats(waiting: number, cost: BatchCost): SchedulerStats {
    return {
      waiting,
      queueMs: this.#queueMs,
      computeMs: this.#computeMs,
      batches: this.#batches,
      batchedRows: this.#rows,
      batchSizes: { bounds: BOUNDS, counts: [...this.#sizes] },
      shed: this.#shed,
      ...(cost.learned === 0 ? {} : { cost: { fixedMs: cost.fixedMs, perRowMs: cost.perRowMs } }),
    };
  }
}
