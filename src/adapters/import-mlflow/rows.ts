/** Rows of MLflow's database and messages of its API, as ours. Old schemas lack columns: what is absent is empty. */
import type {
  Experiment,
  LoggedDataset,
  LoggedModelStatus,
  Metric,
  RunInfo,
  RunStatus,
} from '../../domain/tracking.ts';
import { MODEL_STATUSES, RUN_STATUSES } from '../../domain/tracking.ts';
import type { SourceVersion } from '../../ports/tracking-source.ts';

export type Row = Readonly<Record<string, unknown>>;

export const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
/** Absent and empty are the same to MLflow. */
export const optionalText = (value: unknown): string | undefined => (text(value) === '' ? undefined : text(value));
/** A whole number that a store can give back: another server may say anything, and a row of 2^53 would never be read again. */
export function number(value: unknown): number {
  const whole = Math.trunc(Number(value ?? 0));
  return Number.isSafeInteger(whole) ? whole : 0;
}
export const optionalNumber = (value: unknown): number | undefined =>
  value === null || value === undefined ? undefined : number(value);

export const truth = (value: unknown): boolean => value === true || value === 1 || value === 1n || value === '1';

/** The file store numbers them from 1 (proto), the others name them. */
function runStatus(value: unknown): RunStatus {
  const numbered: readonly RunStatus[] = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'];
  if (typeof value === 'number') return numbered[value - 1] ?? 'FINISHED';
  return RUN_STATUSES.find((status) => status === value) ?? 'FINISHED';
}

export function modelStatus(value: unknown): LoggedModelStatus {
  const named = MODEL_STATUSES.find((status) => status === value);
  return named ?? MODEL_STATUSES[number(value) - 1] ?? 'LOGGED_MODEL_READY';
}

/** MLflow keeps infinities as the largest double, and NaN as 0 with a mark. */
export function metricValue(value: unknown, isNan: unknown = false): number {
  if (truth(isNan) || value === 'NaN') return Number.NaN;
  const parsed = value === 'Infinity' ? Number.MAX_VALUE : value === '-Infinity' ? -Number.MAX_VALUE : Number(value);
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, parsed));
}

export function experimentOf(row: Row, tags: Readonly<Record<string, string>>): Experiment {
  const createdAt = number(row['creation_time']);
  return {
    id: text(row['experiment_id']),
    name: text(row['name']),
    lifecycle: row['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
    createdAt,
    updatedAt: optionalNumber(row['last_update_time']) ?? createdAt,
    tags,
  };
}

/** `row` may spell the id `run_uuid` or `run_id`, and the name `name` or `run_name`. */
export function runInfoOf(row: Row, experimentId: string): RunInfo {
  const endTime = optionalNumber(row['end_time']);
  const deletedAt = optionalNumber(row['deleted_time']);
  return {
    id: text(row['run_id'] ?? row['run_uuid']),
    experimentId,
    name: text(row['run_name'] ?? row['name']),
    userId: text(row['user_id']),
    status: runStatus(row['status']),
    startTime: number(row['start_time']),
    ...(endTime === undefined ? {} : { endTime }),
    lifecycle: row['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
    ...(deletedAt === undefined ? {} : { deletedAt }),
  };
}

export function metricOf(row: Row): Metric {
  return {
    key: text(row['key']),
    value: metricValue(row['value'], row['is_nan']),
    timestamp: number(row['timestamp']),
    step: number(row['step']),
  };
}

/** The database puts `dataset_` before the names of the folder and the API. */
export function datasetOf(row: Row): LoggedDataset {
  return {
    name: text(row['name']),
    digest: text(row['digest']),
    sourceType: text(row['source_type'] ?? row['dataset_source_type']),
    source: text(row['source'] ?? row['dataset_source']),
    schema: optionalText(row['schema'] ?? row['dataset_schema']),
    profile: optionalText(row['profile'] ?? row['dataset_profile']),
  };
}

/** The database says `creation_time`, the folder and the API `creation_timestamp`. */
export function versionOf(row: Row, tags: Readonly<Record<string, string>>): SourceVersion {
  const createdAt = number(row['creation_timestamp'] ?? row['creation_time']);
  return {
    number: number(row['version']),
    createdAt,
    updatedAt: optionalNumber(row['last_updated_timestamp'] ?? row['last_updated_time']) ?? createdAt,
    stage: optionalText(row['current_stage']) ?? 'None',
    status: text(row['status']),
    statusMessage: optionalText(row['status_message']),
    source: text(row['source']),
    runId: optionalText(row['run_id']),
    runLink: optionalText(row['run_link']),
    userId: optionalText(row['user_id']),
    description: optionalText(row['description']),
    tags,
  };
}

/** `{key: value}` of rows that spell them so. */
export function record(rows: readonly Row[], key = 'key', value = 'value'): Record<string, string> {
  return Object.fromEntries(rows.map((row) => [text(row[key]), text(row[value])]));
}

export const entries = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([key, value]) => ({ key, value }));
