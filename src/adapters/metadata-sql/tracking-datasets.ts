import type { DatasetUse, TrackingStore } from '../../ports/tracking-store.ts';
import type { TrackingDb } from './tracking-tables.ts';

const CONTEXT_TAG = 'mlflow.data.context';

function contextIn(tags: string): string | undefined {
  const list: unknown = JSON.parse(tags);
  if (!Array.isArray(list)) return undefined;
  const found = (list as readonly { readonly key?: unknown; readonly value?: unknown }[]).find(
    (tag) => tag.key === CONTEXT_TAG,
  );
  return typeof found?.value === 'string' ? found.value : undefined;
}

export function sqlDatasets(db: TrackingDb): Pick<TrackingStore, 'datasetUses'> {
  return {
    async datasetUses(experimentIds, limit) {
      if (experimentIds.length === 0) return [];
      const rows = await db
        .selectFrom('logged_datasets')
        .innerJoin('run_datasets', 'run_datasets.dataset_id', 'logged_datasets.id')
        .select([
          'logged_datasets.experiment_id',
          'logged_datasets.name',
          'logged_datasets.digest',
          'run_datasets.tags',
        ])
        .distinct()
        .where('logged_datasets.experiment_id', 'in', experimentIds.map(Number))
        .orderBy('logged_datasets.name')
        .orderBy('logged_datasets.digest')
        .limit(limit)
        .execute();
      const uses = new Map<string, DatasetUse>();
      for (const { experiment_id: id, name, digest, tags } of rows) {
        const context = contextIn(tags);
        const use = { experimentId: String(id), name, digest, ...(context === undefined ? {} : { context }) };
        uses.set(JSON.stringify(use), use);
      }
      return [...uses.values()];
    },
  };
}
