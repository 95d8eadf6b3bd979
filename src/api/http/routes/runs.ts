/** Runs for our own pages and commands: the same records as MLflow's API, in one answer each. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { Run } from '../../../domain/tracking.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { allExperiments, named } from './experiments.ts';
import { list } from './present.ts';
import { PIPELINE_TAG, pointWire, runWire } from './run-wire.ts';

type Mine = Pick<Handlers, 'experiments' | 'runs' | 'run' | 'runHistory' | 'runArtifacts'>;

/** Names by how many of the runs have them, most first: what a table shows before a person chose. */
function columnsOf(runs: readonly Run[], pick: (run: Run) => readonly { readonly key: string }[]): string[] {
  const counts = new Map<string, number>();
  for (const run of runs) for (const { key } of pick(run)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key);
}

const KINDS = ['metrics', 'params', 'tags'] as const;

/** `metrics.auc,params.lr` → what is to be read of each kind; undefined: everything. Throws MW-INVALID. */
function askedColumns(text: string | undefined) {
  if (text === undefined) return undefined;
  const asked = { metrics: new Array<string>(), params: new Array<string>(), tags: [PIPELINE_TAG] };
  for (const column of text.split(',').filter((one) => one !== '')) {
    const kind = KINDS.find((one) => column.startsWith(`${one}.`) && column.length > one.length + 1);
    if (kind === undefined) {
      throw new MillwrightError('MW-INVALID', `no column "${column.slice(0, 100)}"`, {
        where: 'columns',
        next: 'write metrics.NAME, params.NAME or tags.NAME, separated by commas',
      });
    }
    asked[kind].push(column.slice(kind.length + 1));
  }
  return asked;
}

const VIEWS = { active: 'ACTIVE_ONLY', deleted: 'DELETED_ONLY', all: 'ALL' } as const;

export function runHandlers(deps: ApiDeps): Mine {
  const { store, tracking, clock } = deps;
  return {
    experiments: async () => {
      const all = await allExperiments(deps);
      const counted = await Promise.all(
        all.map(async (one) => ({
          id: one.id,
          name: one.name,
          createdAt: one.createdAt,
          runs: await tracking.countRuns({ experimentIds: [one.id] }),
        })),
      );
      return { experiments: counted };
    },
    runs: async (_ctx, { query }) => {
      const started = clock.monotonic();
      const viewType = VIEWS[query.view ?? 'active'];
      const columns = askedColumns(query.columns);
      const ids = query.ids?.split(',').filter((id) => id !== '');
      const all = await allExperiments(deps, viewType === 'ACTIVE_ONLY' && ids === undefined ? viewType : 'ALL');
      const names = new Map(all.map((one) => [one.id, one.name]));
      const answer = (runs: readonly Run[], total: number, nextPageToken?: string) => ({
        runs: runs.map((run) => runWire(run, names.get(run.info.experimentId) ?? run.info.experimentId)),
        ...(nextPageToken === undefined ? {} : { nextPageToken }),
        total,
        queryMs: Math.round((clock.monotonic() - started) * 10) / 10,
        columns: { metrics: columnsOf(runs, (run) => run.metrics), params: columnsOf(runs, (run) => run.params) },
      });
      if (ids !== undefined) {
        const found = await tracking.runsById(ids, columns);
        return answer(found, found.length);
      }
      const experimentIds = named(all, query.experiment).map((one) => one.id);
      if (experimentIds.length === 0) return answer([], 0);
      const { filter } = query;
      const [found, total] = await Promise.all([
        tracking.runTable({
          experimentIds,
          view: viewType,
          filter,
          orderBy: query.order?.split(',').map((part) => part.trim()),
          limit: query.limit ?? 100,
          offset: query.offset,
          pageToken: query.pageToken,
          columns,
        }),
        tracking.countRuns({ experimentIds, viewType, ...(filter === undefined ? {} : { filter }) }),
      ]);
      return answer(found.items, total, found.nextPageToken);
    },
    run: async (_ctx, { params }) => {
      const run = await tracking.getRun(params.id);
      const [all, versions, keys, { parent, children }] = await Promise.all([
        allExperiments(deps, 'ALL'),
        store.versions.find({ where: { runId: run.info.id } }),
        tracking.metricKeys(params.id),
        tracking.runFamily(run),
      ]);
      const experiment = all.find((one) => one.id === run.info.experimentId);
      const outputs = await Promise.all(
        run.modelOutputs.slice(0, 50).map(async ({ modelId }) => {
          const model = await tracking.getLoggedModel(modelId).catch(() => undefined);
          return { id: modelId, name: model?.name ?? modelId, status: model?.status ?? 'unknown' };
        }),
      );
      return {
        run: runWire(run, experiment?.name ?? run.info.experimentId),
        inputs: run.datasets.map((input) => {
          const context = input.tags.find((tag) => tag.key === 'mlflow.data.context')?.value;
          return {
            name: input.dataset.name,
            digest: input.dataset.digest,
            ...(context === undefined ? {} : { context }),
          };
        }),
        outputs,
        metricKeys: list(keys),
        children: children.map(({ id, name, status }) => ({ id, name, status })),
        ...(parent === undefined ? {} : { parent: { id: parent.id, name: parent.name } }),
        versions: versions.map((version) => ({ model: version.model, version: version.number })),
      };
    },
    runHistory: async (_ctx, { params, query: { key, limit, fromStep, toStep } }) => {
      await tracking.getRunInfo(params.id);
      const [curve] = await tracking.curves({
        runIds: [params.id],
        keys: [key],
        maxPoints: limit ?? 1000,
        ...(fromStep === undefined ? {} : { fromStep }),
        ...(toStep === undefined ? {} : { toStep }),
      });
      return { key, total: curve?.total ?? 0, points: curve?.points.map(pointWire) ?? [] };
    },
    runArtifacts: async (_ctx, { params, query }) => {
      await tracking.getRunInfo(params.id);
      const files = await tracking.listArtifacts(params.id, query.path ?? '');
      return {
        artifacts: files.map((file) => ({
          path: file.path,
          isDir: file.isDir,
          ...(file.bytes === undefined ? {} : { bytes: file.bytes }),
        })),
      };
    },
  };
}
