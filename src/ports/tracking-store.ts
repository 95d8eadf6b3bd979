/**
 * What MLflow clients log. Every method is atomic by itself and inside `MetadataStore.transaction`. Names and values were
 * checked by the module; what needs the rows to decide (state of a run, a param's old value) is decided here.
 */
import type {
  ArtifactOwner,
  ArtifactRow,
  Batch,
  DatasetInput,
  Experiment,
  Filter,
  LoggedModel,
  Metric,
  ModelOutput,
  OrderKey,
  Run,
  RunInfo,
  ViewType,
} from '../domain/tracking.ts';
import type { TraceStore } from './trace-store.ts';

/** Offsets, because clients may order by any metric; at most `limit` items. */
export interface Slice {
  readonly limit: number;
  readonly offset: number;
}

export interface ExperimentSearch extends Slice {
  readonly view: ViewType;
  /** Attributes `name`, `creation_time`, `last_update_time`; tags. */
  readonly filter: Filter;
  /** Attributes `name`, `experiment_id`, `creation_time`, `last_update_time`. Default newest first, then id. */
  readonly order: readonly OrderKey[];
}

export interface RunSearch extends Slice {
  readonly experimentIds: readonly string[];
  readonly view: ViewType;
  readonly filter: Filter;
  /** NULLs last in both directions, NaN after numbers; then start time descending, then run id. */
  readonly order: readonly OrderKey[];
  /** Only these keys are read into the runs; absent: all of that kind. Datasets and models are read when `columns` is absent. */
  readonly columns?: {
    readonly metrics?: readonly string[];
    readonly params?: readonly string[];
    readonly tags?: readonly string[];
  };
}

export interface SampleQuery {
  /** At least 2. The answer may hold at most this many points. */
  readonly maxPoints: number;
  /** Inclusive, by step; both or none. */
  readonly fromStep?: number;
  readonly toStep?: number;
}

export interface Sample {
  /** Points in the range before thinning. */
  readonly total: number;
  /** Ordered as a history. First and last kept, and the lowest and highest of every stretch that was thinned, so that no peak is lost. */
  readonly points: readonly Metric[];
}

/** A key of a run's metrics, params or tags, and how many runs of the experiments have it. */
export interface KeyCount {
  readonly key: string;
  readonly runs: number;
}

/** A data set as MLflow's clients call it, and what it was for (`training`), when a run said so. */
export interface DatasetUse {
  readonly experimentId: string;
  readonly name: string;
  readonly digest: string;
  readonly context?: string;
}

export interface LoggedModelSearch extends Slice {
  readonly experimentIds: readonly string[];
  readonly filter: Filter;
  /** Default: creation time descending, then id. */
  readonly order: readonly OrderKey[];
  /** Metrics in filter and order only count when logged on one of these. */
  readonly datasets: readonly { readonly name: string; readonly digest?: string }[];
}

export interface RunChange {
  readonly name?: string | undefined;
  readonly status?: RunInfo['status'] | undefined;
  /** null clears it (a run that is resumed). */
  readonly endTime?: number | null | undefined;
  readonly lifecycle?: RunInfo['lifecycle'] | undefined;
  /** Goes with `lifecycle`: the moment of deletion, null when restored. */
  readonly deletedAt?: number | null | undefined;
}

export interface LoggedModelChange {
  readonly status?: LoggedModel['status'];
  readonly updatedAt: number;
  readonly deletedAt?: number;
}

export interface TrackingStore extends TraceStore {
  /** The store gives the id: integers that rise and are never reused. Throws MW-EXISTS, also when the name is of a deleted one. */
  createExperiment(experiment: Omit<Experiment, 'id'>): Promise<Experiment>;
  getExperiment(id: string): Promise<Experiment | undefined>;
  getExperimentByName(name: string): Promise<Experiment | undefined>;
  /** A changed lifecycle carries to all its runs. Throws MW-NOT-FOUND, MW-EXISTS. */
  updateExperiment(
    id: string,
    change: Partial<Pick<Experiment, 'name' | 'lifecycle'>> & { updatedAt: number },
  ): Promise<Experiment>;
  searchExperiments(search: ExperimentSearch): Promise<readonly Experiment[]>;
  setExperimentTag(id: string, key: string, value: string): Promise<void>;
  /** False: there was none. */
  deleteExperimentTag(id: string, key: string): Promise<boolean>;

  /** Throws MW-NOT-FOUND for the experiment. */
  createRun(info: RunInfo, tags: Readonly<Record<string, string>>): Promise<void>;
  getRunInfo(id: string): Promise<RunInfo | undefined>;
  getRun(id: string): Promise<Run | undefined>;
  /** A changed name also rewrites the tag `mlflow.runName`. Throws MW-NOT-FOUND. */
  updateRun(id: string, change: RunChange): Promise<RunInfo>;
  searchRuns(search: RunSearch): Promise<readonly Run[]>;
  countRuns(experimentIds: readonly string[], view: ViewType, filter: Filter): Promise<number>;
  /**
   * All or nothing. An exact repeat of a metric point or param is dropped; a tag is replaced; tag `mlflow.runName` also
   * renames the run. Throws MW-NOT-FOUND, MW-INVALID for a deleted run or a param whose value would change.
   */
  logBatch(runId: string, batch: Batch): Promise<void>;
  deleteTag(runId: string, key: string): Promise<boolean>;
  /** Ordered by (timestamp, step, value), NaN last of its moment. */
  metricHistory(runId: string, key: string, slice: Slice): Promise<readonly Metric[]>;
  /** Costs what the answer holds and not what the history holds. An unknown key has no points. */
  sampleHistory(runId: string, key: string, query: SampleQuery): Promise<Sample>;
  /**
   * Keys that active runs of these experiments have, most used first, at most 2,000 of each kind. Of an experiment with very many runs
   * the newest 5,000 at least are counted.
   */
  runKeys(experimentIds: readonly string[]): Promise<{
    readonly metrics: readonly KeyCount[];
    readonly params: readonly KeyCount[];
    readonly tags: readonly KeyCount[];
  }>;
  /** Distinct keys of a run's metrics with the number of points of each. */
  metricKeys(runId: string): Promise<readonly { readonly key: string; readonly points: number }[]>;
  /** Idempotent; datasets are known by (experiment, name, digest). Throws MW-NOT-FOUND, MW-INVALID. */
  logInputs(runId: string, datasets: readonly DatasetInput[], models: readonly string[]): Promise<void>;
  logOutputs(runId: string, models: readonly ModelOutput[]): Promise<void>;
  /** What runs of these experiments took in, each data set with each context once, at most `limit`, in no promised order. */
  datasetUses(experimentIds: readonly string[], limit: number): Promise<readonly DatasetUse[]>;

  createLoggedModel(model: LoggedModel): Promise<void>;
  /** Deleted ones too; the caller decides. */
  getLoggedModel(id: string): Promise<LoggedModel | undefined>;
  updateLoggedModel(id: string, change: LoggedModelChange): Promise<LoggedModel>;
  setLoggedModelTags(id: string, tags: Readonly<Record<string, string>>): Promise<void>;
  deleteLoggedModelTag(id: string, key: string): Promise<boolean>;
  /** The same key again is replaced. */
  addLoggedModelParams(id: string, params: Readonly<Record<string, string>>): Promise<void>;
  /** Never deleted ones. */
  searchLoggedModels(search: LoggedModelSearch): Promise<readonly LoggedModel[]>;

  /** The blob must be durable before; a path that exists is replaced. */
  putArtifact(owner: ArtifactOwner, row: ArtifactRow): Promise<void>;
  getArtifact(owner: ArtifactOwner, path: string): Promise<ArtifactRow | undefined>;
  /** All rows at `path` or below it (`''` = all), by path. */
  listArtifacts(owner: ArtifactOwner, path: string): Promise<readonly ArtifactRow[]>;
  /** Rows at `path` and below; returns how many went. The blobs stay for the collector. */
  deleteArtifacts(owner: ArtifactOwner, path: string): Promise<number>;
}
