import type { DatasetUse, TrackingStore } from '../../ports/tracking-store.ts';
import type { TrackingState } from './tracking-state.ts';

export function memoryDatasets(state: () => TrackingState): Pick<TrackingStore, 'datasetUses'> {
  return {
    async datasetUses(experimentIds, limit) {
      const uses = new Map<string, DatasetUse>();
      for (const { info, datasets } of state().runs.values()) {
        if (!experimentIds.includes(info.experimentId)) continue;
        for (const { dataset, tags } of datasets.values()) {
          const context = tags.find((tag) => tag.key === 'mlflow.data.context')?.value;
          const { name, digest } = dataset;
          const use = { experimentId: info.experimentId, name, digest, ...(context === undefined ? {} : { context }) };
          uses.set(JSON.stringify(use), use);
        }
      }
      return [...uses.values()].slice(0, limit);
    },
  };
}
