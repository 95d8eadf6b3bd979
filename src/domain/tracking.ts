/** Experiment, Run, Metric, Param, Tag, LoggedModel: MLflow's meanings. Times are ms since the epoch. */
import { MillwrightError } from './errors.ts';

export type Lifecycle = 'active' | 'deleted';
export type ViewType = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL';

export const RUN_STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export const MODEL_STATUSES = ['LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED'] as const;
export type LoggedModelStatus = (typeof MODEL_STATUSES)[number];

export interface Experiment {
  /** A decimal integer as text; `0` is Default and always exists. */
  readonly id: string;
  readonly name: string;
  readonly lifecycle: Lifecycle;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RunInfo {
  /** 32 lower-case hex characters. */
  readonly id: string;
  readonly experimentId: string;
  readonly name: string;
  readonly userId: string;
  readonly status: RunStatus;
  readonly startTime: number;
  readonly endTime?: number;
  readonly lifecycle: Lifecycle;
  /** When it was deleted; the collector waits from here. */
  readonly deletedAt?: number;
}

/** One logged point. `value` may be NaN; infinities are clamped to ±Number.MAX_VALUE before they get here, as MLflow does. */
export interface Metric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
  /** Set when the metric was logged with a model or a dataset; kept on the LoggedModel. */
  readonly modelId?: string | undefined;
  readonly datasetName?: string | undefined;
  readonly datasetDigest?: string | undefined;
  readonly runId?: string | undefined;
}

export interface Entry {
  readonly key: string;
  readonly value: string;
}

/** What MLflow's clients call a dataset: a name and a digest that the client computed; not a Millwright DatasetVersion. */
export interface LoggedDataset {
  readonly name: string;
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema?: string | undefined;
  readonly profile?: string | undefined;
}

export interface DatasetInput {
  readonly dataset: LoggedDataset;
  readonly tags: readonly Entry[];
}

export interface ModelOutput {
  readonly modelId: string;
  readonly step: number;
}

export interface Run {
  readonly info: RunInfo;
  /** The latest of each key: the greatest by (step, timestamp, value). */
  readonly metrics: readonly Metric[];
  readonly params: readonly Entry[];
  readonly tags: readonly Entry[];
  readonly datasets: readonly DatasetInput[];
  readonly modelInputs: readonly string[];
  readonly modelOutputs: readonly ModelOutput[];
}

export interface Batch {
  readonly metrics?: readonly Metric[] | undefined;
  readonly params?: readonly Entry[] | undefined;
  readonly tags?: readonly Entry[] | undefined;
}

export interface LoggedModel {
  /** `m-<32 hex>` */
  readonly id: string;
  readonly experimentId: string;
  readonly name: string;
  readonly modelType: string;
  readonly sourceRunId?: string;
  readonly status: LoggedModelStatus;
  readonly statusMessage?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt?: number;
  readonly params: readonly Entry[];
  readonly tags: readonly Entry[];
  readonly metrics: readonly Metric[];
}

/** What an artifact belongs to. `trace` keeps the spans that a client sends as a file. */
export type ArtifactOwner =
  | { readonly kind: 'run'; readonly id: string }
  | { readonly kind: 'model'; readonly id: string }
  | { readonly kind: 'trace'; readonly id: string };

export interface ArtifactRow {
  /** Relative to the owner, `/` between segments; checked by the resolver, never a path of this machine. */
  readonly path: string;
  readonly digest: string;
  readonly bytes: number;
}

/** A multipart upload: parts are blobs; completing it makes them one. */
export interface Upload {
  readonly id: string;
  readonly createdAt: number;
  readonly owner: ArtifactOwner;
  readonly path: string;
  /** How many parts were announced. */
  readonly count: number;
  /** Part number (1 first) to digest. */
  readonly parts: Readonly<Record<string, string>>;
  /** Of the whole, when it is complete. */
  readonly digest?: string;
}

/** A table's filter, columns, order and grouping under a name. */
export interface SavedView {
  readonly id: string;
  readonly createdAt: number;
  /** The page it is of: `runs`, `traces` … */
  readonly place: string;
  readonly name: string;
  /** The search part of the page's address. */
  readonly state: string;
}

/** How far a wandb client's streams have been read, so that a repeated chunk is dropped. */
export interface WandbRun {
  /** `<entity>/<project>/<wandb run id>` */
  readonly id: string;
  readonly createdAt: number;
  readonly runId: string;
  /** Lines taken of each stream. */
  readonly offsets: Readonly<Record<string, number>>;
  /** What wandb asks back and MLflow has no word for (config as JSON, display name, sweep …). */
  readonly state: Readonly<Record<string, unknown>>;
}

export type FilterEntity = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset';
export type FilterOperator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'LIKE'
  | 'ILIKE'
  | 'IN'
  | 'NOT IN'
  | 'IS NULL'
  | 'IS NOT NULL';

/** One comparison of a search filter; a filter is the AND of its comparisons. */
export interface Comparison {
  readonly entity: FilterEntity;
  readonly key: string;
  readonly op: FilterOperator;
  /** A list for IN and NOT IN, undefined for IS (NOT) NULL. */
  readonly value?: string | number | readonly string[];
}

export type Filter = readonly Comparison[];

export interface OrderKey {
  readonly entity: FilterEntity;
  readonly key: string;
  readonly ascending: boolean;
}

/** True when `a` is the later of two points of one metric: by step, then timestamp, then value; NaN after every number. */
export function isLater(a: Metric, b: Metric): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  if (Number.isNaN(a.value) || Number.isNaN(b.value)) return Number.isNaN(a.value) && !Number.isNaN(b.value);
  return a.value > b.value;
}

/** SQL LIKE: `%` any run of characters, `_` one; without backtracking, so that a hostile pattern costs length times length at most. */
export function matchesLike(text: string, pattern: string, ignoreCase: boolean): boolean {
  const value = ignoreCase ? text.toLowerCase() : text;
  const like = ignoreCase ? pattern.toLowerCase() : pattern;
  let at = 0;
  let of = 0;
  let star = -1;
  let mark = 0;
  while (at < value.length) {
    if (like[of] === '%') {
      star = of;
      mark = at;
      of += 1;
    } else if (of < like.length && (like[of] === '_' || like[of] === value[at])) {
      at += 1;
      of += 1;
    } else if (star >= 0) {
      of = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (like[of] === '%') of += 1;
  return of === like.length;
}

// The only locations there are: issued by the server, never chosen by a client. The path after the scheme is what the proxy is asked for.
export const experimentLocation = (experimentId: string): string => `mlflow-artifacts:/${experimentId}`;
export const runLocation = (experimentId: string, runId: string): string =>
  `${experimentLocation(experimentId)}/${runId}/artifacts`;
export const modelLocation = (experimentId: string, modelId: string): string =>
  `${experimentLocation(experimentId)}/models/${modelId}/artifacts`;
export const traceLocation = (experimentId: string, traceId: string): string =>
  `${experimentLocation(experimentId)}/traces/${traceId}/artifacts`;

/** The tag that must always agree with the run's name. */
export const RUN_NAME_TAG = 'mlflow.runName';

// The texts are MLflow's own: clients and its test suite match them.
export const experimentNotFound = (id: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `No Experiment with id=${id} exists`, { where: 'experiment_id' });

export const experimentExists = (name: string): MillwrightError =>
  new MillwrightError('MW-EXISTS', `Experiment '${name}' already exists.`, {
    where: 'name',
    next: 'if it was deleted, restore it with `mlflow experiments restore` or choose another name',
  });

export const experimentNotActive = (id: string): MillwrightError =>
  new MillwrightError('MW-INVALID', `The experiment ${id} must be in the 'active' state. Current state is deleted.`, {
    where: 'experiment_id',
    next: 'restore it with `mlflow experiments restore`',
  });

export const runNotFound = (id: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `Run with id=${id} not found`, { where: 'run_id' });

export const runNotActive = (id: string): MillwrightError =>
  new MillwrightError('MW-INVALID', `The run ${id} must be in the 'active' state. Current state is deleted.`, {
    where: 'run_id',
    next: 'restore it first',
  });

export const modelNotFound = (id: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `Logged model with ID '${id}' not found.`, { where: 'model_id' });

export const paramChanged = (runId: string, key: string, before: string, after: string): MillwrightError =>
  new MillwrightError(
    'MW-INVALID',
    `Changing param values is not allowed. Param with key='${key}' was already logged with value='${before}' for run ` +
      `ID='${runId}'. Attempted logging new value '${after}'.`,
    { where: 'params', next: 'log under another key or start a new run' },
  );
