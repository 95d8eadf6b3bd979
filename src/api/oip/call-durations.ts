/** How long calls took, by labels out of known sets, in buckets of Prometheus. */

/** Seconds. OpenTelemetry's advice for http.server.request.duration, with finer steps below 5 ms, where small models answer. */
export const DURATION_BOUNDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

export interface DurationSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** One a bound, and one for what is longer. Not cumulative. */
  readonly counts: Float64Array;
  sumSeconds: number;
}

export interface CallDurations {
  /** `key` names the labels, which are made when it is new. */
  add(key: string, labels: () => Readonly<Record<string, string>>, seconds: number): void;
  series(): Iterable<DurationSeries>;
}

/** Routes × methods × statuses are few; a limit keeps a mistake in them from filling the memory. */
const MAX_SERIES = 2000;

export function createCallDurations(): CallDurations {
  const all = new Map<string, DurationSeries>();
  return {
    add(key, labels, seconds) {
      let series = all.get(key);
      if (series === undefined) {
        if (all.size >= MAX_SERIES) return;
        series = { labels: labels(), counts: new Float64Array(DURATION_BOUNDS.length + 1), sumSeconds: 0 };
        all.set(key, series);
      }
      let bucket = 0;
      while (bucket < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[bucket] ?? 0)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.sumSeconds += seconds;
    },
    series: () => all.values(),
  };
}
