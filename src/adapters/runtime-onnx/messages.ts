/** What the pool and its worker threads say to each other. Copied by structured clone: small tensors copy faster than they transfer. */
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';

/** One request as a worker sees it. */
export interface WorkerJob {
  readonly model: number;
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly string[];
}

export type JobResult = { readonly outputs: readonly Tensor[] } | { readonly error: string };

export type ToWorker =
  | { readonly kind: 'load'; readonly model: number; readonly path: string }
  | { readonly kind: 'unload'; readonly model: number }
  | { readonly kind: 'run'; readonly jobs: readonly WorkerJob[] };

export type FromWorker =
  | { readonly kind: 'loaded'; readonly model: number; readonly signature: ModelSignature }
  | { readonly kind: 'load-failed'; readonly model: number; readonly reason: string }
  | { readonly kind: 'done'; readonly results: readonly JobResult[] };
