/** What a model's worker is told and says. A worker is a thread or a process of its own and has one model. */
import type { Packed } from './pack.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';

/** One request to a session. */
export interface RunJob {
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly string[];
}

export type JobResult = { readonly outputs: readonly Tensor[] } | { readonly error: string };

/** A request on its way: packed by the model's inputs, or as it is when it does not have exactly those. */
export type SentJob = RunJob | { readonly packed: Packed };
/** An answer on its way: packed by the model's outputs when all of them were asked for. */
export type SentResult = JobResult | { readonly packed: Packed };

/** What a load found out. */
export interface LoadReport {
  readonly signature: ModelSignature;
  readonly loadMs: number;
  /** Of the file. */
  readonly bytes: number;
  /** Batches of made-up rows that ran, and how long each took: the first lesson of the cost model. */
  readonly probes: readonly { readonly rows: number; readonly ms: number }[];
}

export type ToWorker =
  | { readonly kind: 'load'; readonly path: string }
  | { readonly kind: 'run'; readonly jobs: readonly SentJob[] };

export type FromWorker =
  | { readonly kind: 'loaded'; readonly report: LoadReport }
  | { readonly kind: 'load-failed'; readonly reason: string }
  | { readonly kind: 'done'; readonly results: readonly SentResult[] };
