import { compareBy, matchesFilter } from '../../domain/tracking-filter.ts';
import type { Lookup } from '../../domain/tracking-filter.ts';
import { experimentExists, experimentNotFound } from '../../domain/tracking.ts';
import type { Experiment, ViewType } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import type { TrackingState } from './tracking-state.ts';

type ExperimentStore = Pick<
  TrackingStore,
  | 'createExperiment'
  | 'getExperiment'
  | 'getExperimentByName'
  | 'updateExperiment'
  | 'searchExperiments'
  | 'setExperimentTag'
  | 'deleteExperimentTag'
>;

export const inView = (lifecycle: 'active' | 'deleted', view: ViewType): boolean =>
  view === 'ALL' || (view === 'ACTIVE_ONLY') === (lifecycle === 'active');

function lookup(experiment: Experiment): Lookup {
  return (entity, key) => {
    if (entity === 'tag') return experiment.tags[key];
    if (key === 'name') return experiment.name;
    if (key === 'experiment_id') return experiment.id;
    return key === 'creation_time' ? experiment.createdAt : experiment.updatedAt;
  };
}

/** `state()` is asked for at every call: undoing a transaction replaces it. */
export function memoryExperiments(state: () => TrackingState): ExperimentStore {
  const byName = (name: string) => [...state().experiments.values()].find((one) => one.name === name);
  function must(id: string): Experiment {
    const found = state().experiments.get(id);
    if (found === undefined) throw experimentNotFound(id);
    return found;
  }
  return {
    async createExperiment(experiment) {
      if (byName(experiment.name) !== undefined) throw experimentExists(experiment.name);
      const id = String(state().nextExperiment);
      state().nextExperiment += 1;
      const created = { ...experiment, id };
      state().experiments.set(id, created);
      return created;
    },
    getExperiment: async (id) => state().experiments.get(id),
    getExperimentByName: async (name) => byName(name),
    async updateExperiment(id, change) {
      const before = must(id);
      if (change.name !== undefined && change.name !== before.name && byName(change.name) !== undefined) {
        throw experimentExists(change.name);
      }
      const after = { ...before, ...change };
      state().experiments.set(id, after);
      const { lifecycle } = change;
      if (lifecycle !== undefined && lifecycle !== before.lifecycle) {
        for (const run of state().runs.values()) {
          // A run that was deleted before keeps the moment at which that was.
          if (run.info.experimentId !== id || run.info.lifecycle === lifecycle) continue;
          const { deletedAt: _before, ...info } = run.info;
          run.info = { ...info, lifecycle, ...(lifecycle === 'deleted' ? { deletedAt: change.updatedAt } : {}) };
        }
      }
      return after;
    },
    async searchExperiments({ view, filter, order, limit, offset }) {
      const found = [...state().experiments.values()].filter(
        (one) => inView(one.lifecycle, view) && matchesFilter(filter, lookup(one)),
      );
      found.sort(
        (a, b) =>
          compareBy(order, lookup(a), lookup(b)) ||
          (order.length === 0 ? b.createdAt - a.createdAt : 0) ||
          Number(a.id) - Number(b.id),
      );
      return found.slice(offset, offset + limit);
    },
    async setExperimentTag(id, key, value) {
      const before = must(id);
      state().experiments.set(id, { ...before, tags: { ...before.tags, [key]: value } });
    },
    async deleteExperimentTag(id, key) {
      const before = state().experiments.get(id);
      if (before?.tags[key] === undefined) return false;
      const { [key]: _gone, ...tags } = before.tags;
      state().experiments.set(id, { ...before, tags });
      return true;
    },
  };
}
