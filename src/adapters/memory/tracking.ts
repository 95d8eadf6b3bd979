import type { TrackingStore } from '../../ports/tracking-store.ts';
import { memoryDatasets } from './tracking-datasets.ts';
import { memoryExperiments } from './tracking-experiments.ts';
import { memoryArtifactRows, memoryLoggedModels } from './tracking-models.ts';
import { memoryRuns } from './tracking-runs.ts';
import { emptyState } from './tracking-state.ts';
import { memoryTraces } from './tracking-traces.ts';
import type { TrackingState } from './tracking-state.ts';

export interface MemoryTracking {
  readonly tracking: TrackingStore;
  readonly state: () => TrackingState;
  /** A store over a copy (made at its first use) that nobody else sees until `commit` puts it in place. */
  readonly fork: () => {
    readonly tracking: TrackingStore;
    readonly state: () => TrackingState;
    readonly commit: () => void;
  };
}

function over(current: () => TrackingState): TrackingStore {
  return {
    ...memoryExperiments(current),
    ...memoryRuns(current),
    ...memoryDatasets(current),
    ...memoryLoggedModels(current),
    ...memoryArtifactRows(current),
    ...memoryTraces(current),
  };
}

export function createMemoryTracking(): MemoryTracking {
  let state = emptyState(Date.now());
  const current = () => state;
  return {
    tracking: over(current),
    state: current,
    fork() {
      let copy: TrackingState | undefined;
      const forked = (): TrackingState => (copy ??= structuredClone(state));
      return {
        tracking: over(forked),
        state: forked,
        commit() {
          if (copy !== undefined) state = copy;
        },
      };
    },
  };
}
