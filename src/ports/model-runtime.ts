/** Loads a model and runs it on tensors, away from the event loop or so quickly that nobody notices. */
import type { ModelSignature } from '../domain/registry.ts';
import type { RuntimeSpec } from '../domain/serving.ts';
import type { Tensor } from '../domain/tensors.ts';

/** What is asked of one call beside its tensors. */
export interface RunOptions {
  /** Names of the outputs wanted; default: all. */
  readonly outputs?: readonly string[];
  /** ms of the monotonic clock (`performance.now()`). */
  readonly deadline: number;
  /** 0 = ordinary. A higher one goes first. Never starves: see platform/batch-scheduler. */
  readonly priority?: number;
  /** The caller left: what still waits is dropped (MW-CANCELLED), what runs is finished and thrown away. */
  readonly signal?: AbortSignal;
  /** MLflow's `params`, checked against the signature; only models that have some get them. Calls with different ones are no batch. */
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Cumulative since the load, and as it is now. */
export interface RuntimeStats {
  /** Calls that wait for a worker. */
  readonly waiting: number;
  /** Time calls waited, in ms, and ran, in ms (of the batch they were in). */
  readonly queueMs: number;
  readonly computeMs: number;
  readonly batches: number;
  readonly batchedRows: number;
  /** Batches by their rows: upper bounds 1, 2, 4, 8, … and counts. */
  readonly batchSizes: { readonly bounds: readonly number[]; readonly counts: readonly number[] };
  /** Calls refused because they could not have been answered in time or too many waited. */
  readonly shed: number;
  /** Workers (threads or processes) that hold the model now. */
  readonly replicas: number;
  /** Workers that ended by a fault and were replaced. */
  readonly restarts: number;
  /** Memory of the model's own processes; absent when it lives in this one. */
  readonly rssBytes?: number;
  /** The learned cost of a batch: fixed + perRow * rows, in ms. */
  readonly cost?: { readonly fixedMs: number; readonly perRowMs: number };
}

/** Of a model that has done nothing yet. */
export const NO_RUNTIME_STATS: RuntimeStats = {
  waiting: 0,
  queueMs: 0,
  computeMs: 0,
  batches: 0,
  batchedRows: 0,
  batchSizes: { bounds: [], counts: [] },
  shed: 0,
  replicas: 0,
  restarts: 0,
};

export interface LoadedModel {
  /** Without inputs: nobody knows what it takes, so every tensor is passed on. */
  readonly signature: ModelSignature;
  /** Rows that the model brings with it (an MLflow input example): they surely run, where made-up ones may not. */
  readonly example?: readonly Tensor[];
  /**
   * Throws MW-TENSOR for wrong inputs, MW-MODEL-REFUSED for values the model's own code refuses, MW-MODEL-OUTPUT when it fails, MW-OVERLOADED when it would be answered too late or too
   * many wait, MW-DEADLINE when it is too late, MW-CANCELLED, MW-UNAVAILABLE when its worker died twice, MW-QUARANTINED when the
   * model was given up because its workers died again and again.
   */
  infer(inputs: readonly Tensor[], options: RunOptions): Promise<readonly Tensor[]>;
  stats(): RuntimeStats;
  unload(): Promise<void>;
}

/** What is loaded. `path` is a file (ONNX) or a folder (Python); a proxied model has none that matters. */
export interface ModelSource {
  readonly releaseId: string;
  readonly path: string;
  readonly runtime: RuntimeSpec;
  /** Known before the load for runtimes that cannot tell it themselves. */
  readonly signature?: ModelSignature;
  readonly replicas: { readonly min: number; readonly max: number };
  /** Calls that may wait for this model. */
  readonly queueLimit: number;
}

export interface RuntimeCaps {
  readonly formats: readonly string[];
  readonly batching: boolean;
}

export interface ModelRuntime {
  readonly caps: RuntimeCaps;
  /** Throws MW-MODEL-LOAD with the engine's reason. */
  load(source: ModelSource): Promise<LoadedModel>;
  close(): Promise<void>;
}
