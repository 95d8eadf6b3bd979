/** Predictions and outcomes as columns. Times are event time in ms. */
import type { ColumnProfile, Column } from '../domain/datasets.ts';
import type { Outcome } from '../domain/monitoring.ts';

/** Rows that came in (by the wall clock) since `since`, of these releases; live and shadow rows alike. */
export interface ReleaseWindow {
  readonly endpoint: string;
  readonly releases: readonly string[];
  readonly since: number;
}

/** Aligned: `scores[i]` (NaN when the row has none) was followed by `outcomes[i]`. In the order in which the outcomes came in. */
export interface ScoredOutcomes {
  readonly scores: Float64Array;
  readonly outcomes: Float64Array;
}

/** A row that both releases answered. */
export interface ShadowRow {
  readonly id: string;
  readonly time: number;
  readonly receivedAt: number;
  readonly inputs: Readonly<Record<string, string | number | boolean | null>>;
  readonly live: number;
  readonly shadow: number;
}

export interface ShadowComparison {
  /** Rows that both answered with a number. */
  readonly rows: number;
  /** Rows whose scores differ by more than 1e-6 + 1e-4 * |live|. */
  readonly differing: number;
  readonly meanAbsDiff: number;
  readonly maxAbsDiff: number;
  /** Of the copies, ms; absent without any. */
  readonly latency?: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Scores of the same rows, at most 20,000, each sorted ascending. */
  readonly liveScores: Float64Array;
  readonly shadowScores: Float64Array;
  /** Those that differ most, at most as many as asked for. */
  readonly top: readonly ShadowRow[];
}

/** One row of the prediction log. `inputs` and `outputs` hold the row's cell of each tensor. */
export interface PredictionRow {
  /** `<request id>/<row>` */
  readonly id: string;
  readonly time: number;
  readonly receivedAt: number;
  readonly version: number;
  readonly releaseId: string;
  readonly latencyMs: number;
  readonly inputs: Readonly<Record<string, string | number | boolean | null>>;
  /** The number a monitor judges: probability of class 1, or the predicted value. */
  readonly score: number | null;
  readonly outcome?: number;
  readonly outcomeTime?: number;
}

/** A labelled prediction: what performance metrics are computed from. */
export interface LabelledRow {
  readonly time: number;
  readonly version: number;
  readonly score: number;
  readonly outcome: number;
}

export interface ColumnWindow {
  readonly name: string;
  readonly rows: number;
  readonly missing: number;
  /** Sorted ascending, at most the sample size asked for; empty for text columns. */
  readonly sample: Float64Array;
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  /** For text columns: value -> rows, at most 5,000 values. */
  readonly values: ReadonlyMap<string, number>;
}

export interface DataSummary {
  readonly rows: number;
  readonly columns: readonly Column[];
  readonly profile: readonly ColumnProfile[];
}

export interface AnalyticsStore {
  /** Durable when it resolves (file written, fsynced, renamed, folder fsynced). An outcome sent again replaces the earlier one. */
  addOutcomes(endpoint: string, outcomes: readonly Outcome[]): Promise<void>;
  /** Event time of the newest logged prediction, and of the first; undefined without any. */
  span(
    endpoint: string,
  ): Promise<{ readonly first: number; readonly last: number; readonly predictions: number } | undefined>;
  /** Predictions with time in [from, to) joined with outcomes of that name known before `knownBy`. */
  labelled(query: {
    readonly endpoint: string;
    readonly outcome: string;
    readonly from: number;
    readonly to: number;
    readonly knownBy: number;
  }): Promise<readonly LabelledRow[]>;
  /** The input columns of predictions with time in [from, to), sampled with a fixed seed. */
  columns(endpoint: string, from: number, to: number, sample: number): Promise<readonly ColumnWindow[]>;
  count(endpoint: string, from: number, to: number): Promise<number>;
  /** Newest first; `before` is an id for paging. Outcomes joined. */
  recent(endpoint: string, limit: number): Promise<readonly PredictionRow[]>;
  prediction(endpoint: string, id: string): Promise<PredictionRow | undefined>;
  /** Scores by release, each a sample with a fixed seed of at most `sample`, sorted ascending. Releases without rows are absent. */
  releaseScores(window: ReleaseWindow, sample: number): Promise<ReadonlyMap<string, Float64Array>>;
  /** Predictions joined with their outcome of that name; the first `limit` outcomes by arrival, so that a later look extends an earlier one. */
  releaseOutcomes(
    query: ReleaseWindow & { readonly outcome: string; readonly experiment?: string; readonly limit: number },
  ): Promise<ReadonlyMap<string, ScoredOutcomes>>;
  /** The answers of a shadow beside the live ones to the same rows. */
  shadow(query: {
    readonly endpoint: string;
    readonly releaseId: string;
    readonly since: number;
    readonly top: number;
  }): Promise<ShadowComparison>;
  /** Merges small files; safe against kill -9 at any point. Returns files removed. */
  compact(endpoint: string): Promise<number>;
  /** Schema, row count and profile of Parquet, CSV or JSON-lines files of this machine. Throws MW-DATA-READ naming the file. */
  summarize(files: readonly string[]): Promise<DataSummary>;
  /** One number for an SQL aggregate over the files, e.g. `count(*) filter (where winrate between 0 and 1)`; used by data checks. */
  aggregate(files: readonly string[], expressions: readonly string[]): Promise<readonly (number | null)[]>;
  close(): Promise<void>;
}
