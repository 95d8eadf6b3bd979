/** What is measured, in one form for every way out (Prometheus, OpenTelemetry), and where calls go as spans. */

export type MetricLabels = Readonly<Record<string, string | number>>;

export interface ValueSample {
  readonly labels: MetricLabels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: MetricLabels;
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** Not cumulative; one more than bounds, for what is larger. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** Names are those of Prometheus: units and `_total` are part of them. Counters and histograms count from the start of the process. */
export type MetricFamily =
  | {
      readonly type: 'counter' | 'gauge';
      readonly name: string;
      readonly help: string;
      readonly samples: readonly ValueSample[];
    }
  | {
      readonly type: 'histogram';
      readonly name: string;
      readonly help: string;
      readonly samples: readonly HistogramSample[];
    };

/** One ended call. */
export interface SeenSpan {
  /** W3C headers of the caller, as they came. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** Of the monotonic clock (`performance.now()`), ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failed: boolean;
  /** Asked for only when the call is sampled. */
  readonly describe: () => {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string | number | boolean>>;
  };
}

export interface Telemetry {
  /** Never throws and never waits: a full queue drops and counts. */
  call(span: SeenSpan): void;
  readonly counts: { readonly sent: number; readonly dropped: number };
  /** Sends what waits, for at most a few seconds. */
  close(): Promise<void>;
}
