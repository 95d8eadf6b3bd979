import { peaks } from '../../domain/metric-sample.ts';
import { compareBy, matchesFilter } from '../../domain/tracking-filter.ts';
import type { Lookup } from '../../domain/tracking-filter.ts';
import {
  experimentNotActive,
  experimentNotFound,
  isLater,
  paramChanged,
  RUN_NAME_TAG,
  runLocation,
  runNotActive,
  runNotFound,
} from '../../domain/tracking.ts';
import type { Metric, Run, RunInfo } from '../../domain/tracking.ts';
import type { RunSearch, TrackingStore } from '../../ports/tracking-store.ts';
import { inView } from './tracking-experiments.ts';
import { byKey, toEntries } from './tracking-state.ts';
import type { RunRecord, TrackingState } from './tracking-state.ts';

type RunStore = Pick<
  TrackingStore,
  | 'createRun'
  | 'getRunInfo'
  | 'getRun'
  | 'updateRun'
  | 'searchRuns'
  | 'countRuns'
  | 'logBatch'
  | 'deleteTag'
  | 'metricHistory'
  | 'sampleHistory'
  | 'runKeys'
  | 'metricKeys'
  | 'logInputs'
  | 'logOutputs'
>;

function attribute(info: RunInfo, key: string): string | number | undefined {
  switch (key) {
    case 'run_id':
      return info.id;
    case 'run_name':
      return info.name;
    case 'experiment_id':
      return info.experimentId;
    case 'status':
      return info.status;
    case 'user_id':
      return info.userId;
    case 'artifact_uri':
      return runLocation(info.experimentId, info.id);
    case 'lifecycle_stage':
      return info.lifecycle;
    case 'start_time':
      return info.startTime;
    default:
      return info.endTime;
  }
}

function lookup(run: RunRecord): Lookup {
  return (entity, key) => {
    if (entity === 'attribute') return attribute(run.info, key);
    if (entity === 'metric') return run.latest.get(key)?.value;
    if (entity === 'param') return run.params.get(key);
    if (entity === 'tag') return run.tags.get(key);
    return [...run.datasets.values()].flatMap(({ dataset, tags }) => {
      if (key === 'name') return [dataset.name];
      if (key === 'digest') return [dataset.digest];
      return tags.filter((tag) => tag.key === 'mlflow.data.context').map((tag) => tag.value);
    });
  };
}

function toRun(run: RunRecord): Run {
  return {
    info: run.info,
    metrics: [...run.latest.values()].map(plain).sort(byKey),
    params: toEntries(run.params),
    tags: toEntries(run.tags),
    datasets: [...run.datasets.values()],
    modelInputs: [...run.modelInputs],
    modelOutputs: [...run.modelOutputs.values()].sort((a, b) => a.step - b.step),
  };
}

function narrowed(run: Run, columns: RunSearch['columns']): Run {
  if (columns === undefined) return run;
  const only = <T extends { readonly key: string }>(entries: readonly T[], keys: readonly string[] | undefined) =>
    keys === undefined ? entries : entries.filter(({ key }) => keys.includes(key));
  return {
    info: run.info,
    metrics: only(run.metrics, columns.metrics),
    params: only(run.params, columns.params),
    tags: only(run.tags, columns.tags),
    datasets: [],
    modelInputs: [],
    modelOutputs: [],
  };
}

const plain = ({ key, value, timestamp, step }: Metric): Metric => ({ key, value, timestamp, step });

const identity = (metric: Metric): string => `${metric.timestamp}/${metric.step}/${metric.value}`;

function chronological(a: Metric, b: Metric): number {
  if (a.timestamp !== b.timestamp) return a.timestamp - b.timestamp;
  if (a.step !== b.step) return a.step - b.step;
  if (Number.isNaN(a.value) || Number.isNaN(b.value))
    return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
  return a.value - b.value;
}

export function memoryRuns(state: () => TrackingState): RunStore {
  function active(id: string): RunRecord {
    const run = state().runs.get(id);
    if (run === undefined) throw runNotFound(id);
    if (run.info.lifecycle === 'deleted') throw runNotActive(id);
    return run;
  }

  function setTag(run: RunRecord, key: string, value: string): void {
    run.tags.set(key, value);
    if (key === RUN_NAME_TAG) run.info = { ...run.info, name: value };
  }

  function addMetric(run: RunRecord, metric: Metric): void {
    const points = run.points.get(metric.key) ?? new Map<string, Metric>();
    points.set(identity(metric), metric);
    run.points.set(metric.key, points);
    const latest = run.latest.get(metric.key);
    if (latest === undefined || isLater(metric, latest)) run.latest.set(metric.key, metric);
    const model = metric.modelId === undefined ? undefined : state().models.get(metric.modelId);
    if (model === undefined) return;
    const name = JSON.stringify([metric.key, metric.datasetDigest, run.info.id, identity(metric)]);
    if (!model.metrics.has(name)) model.metrics.set(name, { ...metric, runId: run.info.id });
  }

  function matching({
    experimentIds,
    view,
    filter,
  }: Pick<RunSearch, 'experimentIds' | 'view' | 'filter'>): RunRecord[] {
    return [...state().runs.values()].filter(
      (run) =>
        experimentIds.includes(run.info.experimentId) &&
        inView(run.info.lifecycle, view) &&
        matchesFilter(filter, lookup(run)),
    );
  }

  return {
    async createRun(info, tags) {
      const experiment = state().experiments.get(info.experimentId);
      if (experiment === undefined) throw experimentNotFound(info.experimentId);
      if (experiment.lifecycle === 'deleted') throw experimentNotActive(info.experimentId);
      state().runs.set(info.id, {
        info,
        points: new Map(),
        latest: new Map(),
        params: new Map(),
        tags: new Map(Object.entries({ ...tags, [RUN_NAME_TAG]: info.name })),
        datasets: new Map(),
        modelInputs: new Set(),
        modelOutputs: new Map(),
      });
    },
    getRunInfo: async (id) => state().runs.get(id)?.info,
    async getRun(id) {
      const run = state().runs.get(id);
      return run === undefined ? undefined : toRun(run);
    },
    async updateRun(id, { name, status, endTime, lifecycle, deletedAt }) {
      const run = state().runs.get(id);
      if (run === undefined) throw runNotFound(id);
      const { endTime: before, deletedAt: deletedBefore, ...rest } = run.info;
      const end = endTime === undefined ? before : (endTime ?? undefined);
      const deleted = deletedAt === undefined ? deletedBefore : (deletedAt ?? undefined);
      run.info = {
        ...rest,
        ...(end === undefined ? {} : { endTime: end }),
        ...(deleted === undefined ? {} : { deletedAt: deleted }),
        status: status ?? rest.status,
        lifecycle: lifecycle ?? rest.lifecycle,
      };
      if (name !== undefined) setTag(run, RUN_NAME_TAG, name);
      return run.info;
    },
    async searchRuns(search) {
      const found = matching(search);
      found.sort(
        (a, b) =>
          compareBy(search.order, lookup(a), lookup(b)) ||
          b.info.startTime - a.info.startTime ||
          (a.info.id < b.info.id ? -1 : 1),
      );
      return found
        .slice(search.offset, search.offset + search.limit)
        .map((run) => narrowed(toRun(run), search.columns));
    },
    countRuns: async (experimentIds, view, filter) => matching({ experimentIds, view, filter }).length,
    async logBatch(runId, { metrics = [], params = [], tags = [] }) {
      const run = active(runId);
      for (const { key, value } of params) {
        const before = run.params.get(key);
        if (before !== undefined && before !== value) throw paramChanged(runId, key, before, value);
      }
      for (const { key, value } of params) run.params.set(key, value);
      for (const metric of metrics) addMetric(run, metric);
      for (const { key, value } of tags) setTag(run, key, value);
    },
    deleteTag: async (runId, key) => active(runId).tags.delete(key),
    async metricHistory(runId, key, { limit, offset }) {
      const points = [...(state().runs.get(runId)?.points.get(key)?.values() ?? [])];
      return points
        .sort(chronological)
        .slice(offset, offset + limit)
        .map(plain);
    },
    async sampleHistory(runId, key, { maxPoints, fromStep = -Infinity, toStep = Infinity }) {
      const all = [...(state().runs.get(runId)?.points.get(key)?.values() ?? [])].sort(chronological).map(plain);
      const within = all.filter((point) => point.step >= fromStep && point.step <= toStep);
      const kept = peaks(
        within.map((point) => point.value),
        maxPoints,
      );
      return { total: within.length, points: kept.flatMap((i) => within[i] ?? []) };
    },
    async runKeys(experimentIds) {
      const runs = [...state().runs.values()].filter(
        ({ info }) => experimentIds.includes(info.experimentId) && info.lifecycle === 'active',
      );
      const count = (keys: (run: RunRecord) => Iterable<string>) => {
        const counts = new Map<string, number>();
        for (const run of runs) for (const key of keys(run)) counts.set(key, (counts.get(key) ?? 0) + 1);
        return [...counts].map(([key, of]) => ({ key, runs: of })).sort((a, b) => b.runs - a.runs || byKey(a, b));
      };
      return {
        metrics: count((run) => run.latest.keys()),
        params: count((run) => run.params.keys()),
        tags: count((run) => run.tags.keys()),
      };
    },
    async metricKeys(runId) {
      const points = state().runs.get(runId)?.points ?? new Map<string, Map<string, Metric>>();
      return [...points].map(([key, of]) => ({ key, points: of.size })).sort(byKey);
    },
    async logInputs(runId, datasets, models) {
      const run = active(runId);
      for (const input of datasets) {
        const name = JSON.stringify([input.dataset.name, input.dataset.digest]);
        if (!run.datasets.has(name)) run.datasets.set(name, input);
      }
      for (const model of models) run.modelInputs.add(model);
    },
    async logOutputs(runId, models) {
      const run = active(runId);
      for (const output of models) run.modelOutputs.set(`${output.modelId}/${output.step}`, output);
    },
  };
}
