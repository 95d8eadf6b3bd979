/** Loads a model and runs it on tensors, away from the event loop. */
import type { ModelSignature } from '../domain/registry.ts';
import type { Tensor } from '../domain/tensors.ts';

export interface LoadedModel {
  readonly signature: ModelSignature;
  /**
   * `deadline` is in ms of the monotonic clock (`performance.now()`). Throws MW-TENSOR for wrong inputs, MW-MODEL-OUTPUT when the
   * model fails, MW-OVERLOADED when too many wait, MW-DEADLINE when it is too late, MW-UNAVAILABLE when its worker died twice.
   */
  infer(
    inputs: readonly Tensor[],
    outputs: readonly string[] | undefined,
    deadline: number,
  ): Promise<readonly Tensor[]>;
  unload(): Promise<void>;
}

export interface RuntimeCaps {
  readonly formats: readonly string[];
  readonly batching: boolean;
}

export interface ModelRuntime {
  readonly caps: RuntimeCaps;
  /** Throws MW-MODEL-LOAD with the engine's reason. */
  load(path: string): Promise<LoadedModel>;
  close(): Promise<void>;
}
