/** What the replay has seen: the client's side of the truth, counted without forgiveness. */

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface TrafficFigures {
  readonly requests: number;
  readonly rows: number;
  /** Any answer but success, and any broken connection. */
  readonly failed: number;
  /** The first few, as they were told. */
  readonly failures: readonly string[];
  /** Milliseconds of the successful requests as the caller saw them. */
  readonly latency: Percentiles;
  /** Of the last 200 requests: for a display that moves. */
  readonly recent: Percentiles;
  /** Requests that each model version answered. */
  readonly byVersion: Readonly<Record<number, number>>;
  readonly byProtocol: Readonly<Record<string, number>>;
}

/** Nearest rank; zeros when nothing was measured. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: sorted.at(-1) ?? 0 };
}

export interface Traffic {
  readonly answered: (rows: number, ms: number, version: number, protocol: string) => void;
  readonly failed: (rows: number, text: string, protocol: string) => void;
  readonly figures: () => TrafficFigures;
}

const KEPT_FAILURES = 5;
const RECENT = 200;

export function createTraffic(): Traffic {
  const latencies: number[] = [];
  const byVersion: Record<number, number> = {};
  const byProtocol: Record<string, number> = {};
  const failures: string[] = [];
  let requests = 0;
  let rows = 0;
  let failed = 0;
  const count = (more: number, protocol: string): void => {
    requests += 1;
    rows += more;
    byProtocol[protocol] = (byProtocol[protocol] ?? 0) + 1;
  };
  return {
    answered(more, ms, version, protocol) {
      count(more, protocol);
      latencies.push(ms);
      byVersion[version] = (byVersion[version] ?? 0) + 1;
    },
    failed(more, text, protocol) {
      count(more, protocol);
      failed += 1;
      if (failures.length < KEPT_FAILURES) failures.push(text);
    },
    figures: () => ({
      requests,
      rows,
      failed,
      failures: [...failures],
      latency: percentiles(latencies),
      recent: percentiles(latencies.slice(-RECENT)),
      byVersion: { ...byVersion },
      byProtocol: { ...byProtocol },
    }),
  };
}
