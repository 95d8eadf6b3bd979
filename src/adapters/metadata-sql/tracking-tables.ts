/** Rows of the tracking tables. A metric that is NaN is stored as value 0 with is_nan 1, as MLflow does: SQL has no NaN. */
import type { Generated, Kysely } from 'kysely';
import type { Metric } from '../../domain/tracking.ts';

interface EntryRow {
  key: string;
  value: string;
}

/** `head` is the beginning of the value, which has an index. */
interface ValueRow extends EntryRow {
  head: string;
}

export interface PointRow {
  key: string;
  value: number;
  is_nan: number;
  timestamp: number;
  step: number;
}

export interface ExperimentRow {
  id: Generated<number>;
  name: string;
  lifecycle: 'active' | 'deleted';
  created_at: number;
  updated_at: number;
}

export interface RunRow {
  id: string;
  experiment_id: number;
  name: string;
  user_id: string;
  status: string;
  start_time: number;
  end_time: number | null;
  lifecycle: 'active' | 'deleted';
  deleted_at: number | null;
}

/** A metric of a run: its latest point, and what is known of all of them without reading them. See tracking-points.ts. */
export interface RunMetricRow extends PointRow {
  run_id: string;
  /** The run's, so that one index serves filter and order of a search. */
  experiment_id: number;
  points: number;
  min_step: number;
  max_step: number;
  min_timestamp: number;
  max_timestamp: number;
  /** Step of the last point in the order of the history. */
  last_step: number;
  /** 1: the chunks follow each other in the order of the history. */
  in_order: number;
  /** Number of the next chunk; the last `loose` of them are not full. */
  chunks: number;
  loose: number;
  loose_points: number;
}

export interface ChunkRow {
  run_id: string;
  key: string;
  seq: number;
  points: number;
  min_step: number;
  max_step: number;
  min_timestamp: number;
  max_timestamp: number;
  /** First, lowest, highest and last point. */
  summary: Uint8Array;
  /** metric-points.ts */
  data: Uint8Array;
}

export interface LoggedModelRow {
  id: string;
  experiment_id: number;
  name: string;
  model_type: string;
  source_run_id: string | null;
  status: string;
  status_message: string | null;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
}

interface DatasetRow {
  id: Generated<number>;
  experiment_id: number;
  name: string;
  digest: string;
  source_type: string;
  source: string;
  schema: string | null;
  profile: string | null;
}

export interface TrackingTables {
  experiments: ExperimentRow;
  experiment_tags: EntryRow & { experiment_id: number };
  runs: RunRow;
  run_metrics: RunMetricRow;
  metric_chunks: ChunkRow;
  params: ValueRow & { run_id: string };
  run_tags: ValueRow & { run_id: string };
  logged_datasets: DatasetRow;
  run_datasets: { run_id: string; dataset_id: number; tags: string };
  run_models: { run_id: string; direction: 'input' | 'output'; model_id: string; step: number };
  logged_models: LoggedModelRow;
  logged_model_params: EntryRow & { model_id: string };
  logged_model_tags: EntryRow & { model_id: string };
  model_metrics: PointRow & { model_id: string; run_id: string; dataset_name: string; dataset_digest: string };
  artifacts: { owner_kind: string; owner_id: string; path: string; digest: string; bytes: number };
}

export type TrackingDb = Kysely<TrackingTables>;

/**
 * Cuts rows into pieces of a few fixed sizes, so that a batch of any length uses the same handful of prepared statements and
 * stays far below every engine's limit of bound values.
 */
export function pieces<T>(rows: readonly T[]): T[][] {
  const cut: T[][] = [];
  let at = 0;
  for (const size of [64, 16, 4, 1]) {
    for (; rows.length - at >= size; at += size) cut.push(rows.slice(at, at + size));
  }
  return cut;
}

/** Ids for `in (…)` lists, a bounded number at a time. */
export function groups<T>(ids: readonly T[], size = 500): T[][] {
  const cut: T[][] = [];
  for (let at = 0; at < ids.length; at += size) cut.push(ids.slice(at, at + size));
  return cut;
}

const HEAD = 100;

/** The first 100 characters (code points, as SQL counts them). */
export const headOf = (value: string): string =>
  value.length <= HEAD
    ? value
    : Array.from(value.slice(0, 2 * HEAD))
        .slice(0, HEAD)
        .join('');

export const toPoint = (metric: Metric): PointRow => ({
  key: metric.key,
  value: Number.isNaN(metric.value) ? 0 : metric.value,
  is_nan: Number.isNaN(metric.value) ? 1 : 0,
  timestamp: metric.timestamp,
  step: metric.step,
});

export const fromPoint = (row: PointRow): Metric => ({
  key: row.key,
  value: row.is_nan === 1 ? Number.NaN : row.value,
  timestamp: row.timestamp,
  step: row.step,
});

/** Ids are decimal integers as text; any other text names no experiment. */
export const toExperimentNumber = (id: string): number => (/^\d{1,15}$/.test(id) ? Number(id) : -1);
