/** Deleted things in memory, and their removal. */
import type { Job } from '../../ports/metadata-store.ts';
import type { DeletedThing, RetentionStore } from '../../ports/retention-store.ts';
import type { Write } from './documents.ts';
import type { Space } from './shelf.ts';
import type { TrackingState } from './tracking-state.ts';

export function memoryRetention(state: () => TrackingState, space: Space, write: Write): RetentionStore {
  function deleted(): DeletedThing[] {
    const { experiments, runs, models } = state();
    const found: DeletedThing[] = [];
    for (const { info } of runs.values()) {
      if (info.lifecycle !== 'deleted') continue;
      // With its experiment, or by itself: the later of the two.
      const experiment = experiments.get(info.experimentId);
      const withIt = experiment?.lifecycle === 'deleted' ? experiment.updatedAt : 0;
      const deletedAt = Math.max(info.deletedAt ?? (withIt === 0 ? Infinity : 0), withIt);
      found.push({ kind: 'run', id: info.id, label: info.name, experimentId: info.experimentId, deletedAt });
    }
    for (const one of experiments.values()) {
      if (one.lifecycle !== 'deleted') continue;
      const { id, name, updatedAt } = one;
      found.push({ kind: 'experiment', id, label: name, experimentId: id, deletedAt: updatedAt });
    }
    for (const { model } of models.values()) {
      const { id, name, experimentId, sourceRunId, deletedAt } = model;
      if (deletedAt === undefined) continue;
      const source = sourceRunId === undefined ? {} : { sourceRunId };
      found.push({ kind: 'logged-model', id, label: name, experimentId, deletedAt, ...source });
    }
    return found.sort((a, b) => b.deletedAt - a.deletedAt);
  }

  return {
    async trash(limit) {
      const items = deleted();
      return { items: items.slice(0, limit), total: items.length };
    },
    deletedBefore: async (at) => deleted().filter((thing) => thing.deletedAt <= at),
    async stillDeleted(ids, kind, at) {
      const wanted = new Set(ids);
      return deleted().filter((thing) => thing.kind === kind && thing.deletedAt <= at && wanted.has(thing.id));
    },
    async modelsOfRuns(runIds) {
      const wanted = new Set(runIds);
      return [...state().models.values()].flatMap(({ model: { id, sourceRunId } }) =>
        sourceRunId !== undefined && wanted.has(sourceRunId) ? [{ id, sourceRunId }] : [],
      );
    },
    async contents(experimentId) {
      const { runs, models, traces } = state();
      return {
        runs: [...runs.values()].filter(({ info }) => info.experimentId === experimentId).map(({ info }) => info.id),
        loggedModels: [...models.values()]
          .filter(({ model }) => model.experimentId === experimentId)
          .map(({ model }) => model.id),
        traces: [...traces.values()]
          .filter(({ info }) => info.experimentId === experimentId)
          .map(({ info }) => info.id),
      };
    },
    async namedBytes(kind, ids) {
      const bytes = new Map<string, number>();
      for (const id of ids) {
        const rows = [...(state().artifacts.get(`${kind}/${id}`)?.values() ?? [])];
        if (rows.length > 0)
          bytes.set(
            id,
            rows.reduce((sum, row) => sum + row.bytes, 0),
          );
      }
      return bytes;
    },
    async remove({ runs, loggedModels, experiments }) {
      const all = state();
      for (const id of loggedModels) {
        all.artifacts.delete(`model/${id}`);
        all.models.delete(id);
        for (const run of all.runs.values()) {
          run.modelInputs.delete(id);
          for (const [key, output] of run.modelOutputs) if (output.modelId === id) run.modelOutputs.delete(key);
        }
      }
      for (const id of runs) {
        all.artifacts.delete(`run/${id}`);
        all.runs.delete(id);
      }
      for (const id of experiments) all.experiments.delete(id);
    },
    async restoreModel(id, now) {
      const record = state().models.get(id);
      if (record?.model.deletedAt === undefined) return false;
      const { deletedAt: _, ...model } = record.model;
      record.model = { ...model, updatedAt: now };
      return true;
    },
    doneJobs(at, apply) {
      const old = (from: Space): readonly Job[] =>
        [...from.shelf<Job>('jobs').values()].filter((job) => job.state === 'done' && job.createdAt < at);
      if (!apply) return Promise.resolve(old(space).length);
      return write((target) => {
        const gone = old(target);
        for (const job of gone) target.shelf<Job>('jobs').delete(job.id);
        return gone.length;
      });
    },
  };
}
