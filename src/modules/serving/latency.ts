/** Latencies in a log-scale histogram: 8 buckets a doubling from 0.05 ms to 100 s, so a percentile is right to about 9 %. */

const FIRST_MS = 0.05;
const PER_DOUBLING = 8;
const BUCKETS = 168;

/** Upper bounds in ms; the last bucket has none. */
export const LATENCY_BOUNDS: readonly number[] = Array.from({ length: BUCKETS }, (_, index) =>
  Number((FIRST_MS * 2 ** (index / PER_DOUBLING)).toPrecision(6)),
);

export interface LatencyHistogram {
  readonly counts: Float64Array;
  sumMs: number;
  add(ms: number): void;
}

export function createLatencyHistogram(): LatencyHistogram {
  const counts = new Float64Array(BUCKETS + 1);
  const histogram: LatencyHistogram = {
    counts,
    sumMs: 0,
    add(ms) {
      const index = ms <= FIRST_MS ? 0 : Math.min(BUCKETS, Math.ceil(Math.log2(ms / FIRST_MS) * PER_DOUBLING));
      counts[index] = (counts[index] ?? 0) + 1;
      histogram.sumMs += ms;
    },
  };
  return histogram;
}
