import { compareBy, matchesFilter } from '../../domain/tracking-filter.ts';
import type { Lookup } from '../../domain/tracking-filter.ts';
import { experimentNotFound, isLater, modelNotFound } from '../../domain/tracking.ts';
import type { ArtifactOwner, ArtifactRow, LoggedModel, Metric } from '../../domain/tracking.ts';
import type { LoggedModelSearch, TrackingStore } from '../../ports/tracking-store.ts';
import { byKey, toEntries } from './tracking-state.ts';
import type { ModelRecord, TrackingState } from './tracking-state.ts';

type LoggedModelStore = Pick<
  TrackingStore,
  | 'createLoggedModel'
  | 'getLoggedModel'
  | 'updateLoggedModel'
  | 'setLoggedModelTags'
  | 'deleteLoggedModelTag'
  | 'addLoggedModelParams'
  | 'searchLoggedModels'
>;

type ArtifactRows = Pick<TrackingStore, 'putArtifact' | 'getArtifact' | 'listArtifacts' | 'deleteArtifacts'>;

function toModel(record: ModelRecord): LoggedModel {
  return {
    ...record.model,
    params: toEntries(record.params),
    tags: toEntries(record.tags),
    metrics: [...record.metrics.values()].sort((a, b) => byKey(a, b) || a.timestamp - b.timestamp),
  };
}

function attribute({ model }: ModelRecord, key: string): string | number | undefined {
  switch (key) {
    case 'model_id':
      return model.id;
    case 'name':
      return model.name;
    case 'model_type':
      return model.modelType;
    case 'status':
      return model.status;
    case 'source_run_id':
      return model.sourceRunId;
    case 'experiment_id':
      return model.experimentId;
    case 'creation_timestamp':
      return model.createdAt;
    default:
      return model.updatedAt;
  }
}

function lookup(record: ModelRecord, datasets: LoggedModelSearch['datasets']): Lookup {
  return (entity, key) => {
    if (entity === 'attribute') return attribute(record, key);
    if (entity === 'param') return record.params.get(key);
    if (entity === 'tag') return record.tags.get(key);
    let latest: Metric | undefined;
    for (const metric of record.metrics.values()) {
      if (metric.key !== key) continue;
      const counts = datasets.some(
        ({ name, digest }) => name === metric.datasetName && (digest === undefined || digest === metric.datasetDigest),
      );
      if (datasets.length > 0 && !counts) continue;
      if (latest === undefined || isLater(metric, latest)) latest = metric;
    }
    return latest?.value;
  };
}

export function memoryLoggedModels(state: () => TrackingState): LoggedModelStore {
  function must(id: string): ModelRecord {
    const record = state().models.get(id);
    if (record === undefined || record.model.deletedAt !== undefined) throw modelNotFound(id);
    return record;
  }
  return {
    async createLoggedModel({ params, tags, metrics: _none, ...model }) {
      if (!state().experiments.has(model.experimentId)) throw experimentNotFound(model.experimentId);
      state().models.set(model.id, {
        model,
        params: new Map(params.map(({ key, value }) => [key, value])),
        tags: new Map(tags.map(({ key, value }) => [key, value])),
        metrics: new Map(),
      });
    },
    async getLoggedModel(id) {
      const record = state().models.get(id);
      return record === undefined ? undefined : toModel(record);
    },
    async updateLoggedModel(id, change) {
      const record = must(id);
      record.model = { ...record.model, ...change };
      return toModel(record);
    },
    async setLoggedModelTags(id, tags) {
      const record = must(id);
      for (const [key, value] of Object.entries(tags)) record.tags.set(key, value);
    },
    deleteLoggedModelTag: async (id, key) => must(id).tags.delete(key),
    async addLoggedModelParams(id, params) {
      const record = must(id);
      for (const [key, value] of Object.entries(params)) record.params.set(key, value);
    },
    async searchLoggedModels({ experimentIds, filter, order, datasets, limit, offset }) {
      const found = [...state().models.values()].filter(
        (record) =>
          record.model.deletedAt === undefined &&
          experimentIds.includes(record.model.experimentId) &&
          matchesFilter(filter, lookup(record, datasets)),
      );
      found.sort(
        (a, b) =>
          compareBy(order, lookup(a, datasets), lookup(b, datasets)) ||
          b.model.createdAt - a.model.createdAt ||
          (a.model.id < b.model.id ? -1 : 1),
      );
      return found.slice(offset, offset + limit).map(toModel);
    },
  };
}

export function memoryArtifactRows(state: () => TrackingState): ArtifactRows {
  const name = (owner: ArtifactOwner): string => `${owner.kind}/${owner.id}`;
  const below = (owner: ArtifactOwner, path: string): ArtifactRow[] =>
    [...(state().artifacts.get(name(owner))?.values() ?? [])]
      .filter((row) => path === '' || row.path === path || row.path.startsWith(`${path}/`))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    async putArtifact(owner, row) {
      const rows = state().artifacts.get(name(owner)) ?? new Map<string, ArtifactRow>();
      rows.set(row.path, row);
      state().artifacts.set(name(owner), rows);
    },
    getArtifact: async (owner, path) => state().artifacts.get(name(owner))?.get(path),
    listArtifacts: async (owner, path) => below(owner, path),
    async deleteArtifacts(owner, path) {
      const gone = below(owner, path);
      for (const row of gone) state().artifacts.get(name(owner))?.delete(row.path);
      return gone.length;
    },
  };
}
