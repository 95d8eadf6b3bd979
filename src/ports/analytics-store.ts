/** Predictions and outcomes as columns. Times are event time in ms. */
import type { ColumnProfile, Column } from '../domain/datasets.ts';
import type { Outcome } from '../domain/monitoring.ts';

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
  /** Merges small files; safe against kill -9 at any point. Returns files removed. */
  compact(endpoint: string): Promise<number>;
  /** Schema, row count and profile of Parquet, CSV or JSON-lines files of this machine. Throws MW-DATA-READ naming the file. */
  summarize(files: readonly string[]): Promise<DataSummary>;
  /** One number for an SQL aggregate over the files, e.g. `count(*) filter (where winrate between 0 and 1)`; used by data checks. */
  aggregate(files: readonly string[], expressions: readonly string[]): Promise<readonly (number | null)[]>;
  close(): Promise<void>;
}
