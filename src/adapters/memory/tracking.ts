import type { TrackingStore } from '../../ports/tracking-store.ts';
import { memoryExperiments } from './tracking-experiments.ts';
import { memoryArtifactRows, memoryLoggedModels } from './tracking-models.ts';
import { memoryRuns } from './tracking-runs.ts';
import { emptyState } from './tracking-state.ts';
import type { TrackingState } from './tracking-state.ts';

export interface MemoryTracking {
  readonly tracking: TrackingStore;
  /** A store over a copy (made at its first use) that nobody else sees until `commit` puts it in place. */
  readonly fork: () => { readonly tracking: TrackingStore; readonly commit: () => void };
}

function over(current: () => TrackingState): TrackingStore {
  return {
    ...memoryExperiments(current),
    ...memoryRuns(current),
    ...memoryLoggedModels(current),
    ...memoryArtifactRows(current),
  };
}

export function createMemoryTracking(): MemoryTracking {
  let state = emptyState(Date.now());
  const current = () => state;
  return {
    tracking: over(current),
    fork() {
      let copy: TrackingState | undefined;
      return {
        tracking: over(() => (copy ??= structuredClone(state))),
        commit() {
          if (copy !== undefined) state = copy;
        },
      };
    },
  };
}
