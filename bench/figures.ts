/** What an entry of the bench measures, and how it asks for it. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The peer or raw limit, measured in the same run. */
  readonly against?: { readonly what: string; readonly value: number };
  /** value ÷ against. */
  readonly ratio?: number;
}

export interface BenchOptions {
  /** Fewer rounds and rows: for a look, not for a record. */
  readonly quick: boolean;
  /** Folder of the built program. */
  readonly dist: string;
}

export type Entry = (options: BenchOptions) => Promise<readonly Figure[]>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

export function figure(name: string, value: number, unit: string, against?: Figure['against']): Figure {
  if (against === undefined) return { name, value, unit };
  // Latencies come in whole milliseconds: a peer's may be 0.
  return { name, value, unit, against, ...(against.value > 0 ? { ratio: value / against.value } : {}) };
}

/** Milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
