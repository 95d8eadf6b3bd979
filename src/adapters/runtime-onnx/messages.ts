/** What the pool and its worker threads say to each other. Copied by structured clone: small tensors copy faster than they transfer. */
import type { Packed } from './pack.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';

/** One request as a worker sees it. */
export interface WorkerJob {
  readonly model: number;
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly string[];
}

export type JobResult = { readonly outputs: readonly Tensor[] } | { readonly error: string };

/** A request on its way: packed by the model's inputs, or as it is when it does not have exactly those. */
export type SentJob = WorkerJob | { readonly model: number; readonly packed: Packed };
/** An answer on its way: packed by the model's outputs when all of them were asked for. */
export type SentResult = JobResult | { readonly packed: Packed };

export type ToWorker =
  | { readonly kind: 'load'; readonly model: number; readonly path: string }
  | { readonly kind: 'unload'; readonly model: number }
  | { readonly kind: 'run'; readonly jobs: readonly SentJob[] };

export type FromWorker =
  | { readonly kind: 'loaded'; readonly model: number; readonly signature: ModelSignature }
  | { readonly kind: 'load-failed'; readonly model: number; readonly reason: string }
  | { readonly kind: 'done'; readonly results: readonly SentResult[] };
