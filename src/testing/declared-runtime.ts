/** A runtime whose model is a function: its signature is declared by the route, for tests of what stands in front of models. */
import type { Tensor } from '../domain/tensors.ts';
import { NO_RUNTIME_STATS } from '../ports/model-runtime.ts';
import type { ModelRuntime, RunOptions } from '../ports/model-runtime.ts';

export type Answering = (inputs: readonly Tensor[], options: RunOptions) => readonly Tensor[];

/** `answers` by the model's path. Throws for a model without a declared signature. */
export function createDeclaredRuntime(answers: Readonly<Record<string, Answering>>): ModelRuntime {
  return {
    caps: { formats: ['declared'], batching: false },
    async load({ path, signature }) {
      const answer = answers[path];
      if (signature === undefined || answer === undefined) throw new Error(`no declared model ${path}`);
      return {
        signature,
        infer: async (inputs, options) => answer(inputs, options),
        stats: () => NO_RUNTIME_STATS,
        unload: async () => undefined,
      };
    },
    close: async () => undefined,
  };
}
