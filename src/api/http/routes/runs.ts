/** Runs for our own pages and commands: the same records as MLflow's API, in one answer each. */
import type { Experiment, Metric, Run } from '../../../domain/tracking.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { list } from './present.ts';

type Mine = Pick<Handlers, 'experiments' | 'runs' | 'run' | 'runHistory' | 'runArtifacts'>;

type WireNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** JSON has no NaN; a metric that became NaN is news and must not vanish as null. */
function wireNumber(value: number): WireNumber {
  if (Number.isNaN(value)) return 'NaN';
  if (value >= Number.MAX_VALUE) return 'Infinity';
  return value <= -Number.MAX_VALUE ? '-Infinity' : value;
}

function runWire(run: Run, experiment: string) {
  const tags = Object.fromEntries(run.tags.map((tag) => [tag.key, tag.value]));
  const pipelineRunId = tags['millwright.pipeline_run'];
  return {
    id: run.info.id,
    name: run.info.name,
    experimentId: run.info.experimentId,
    experiment,
    status: run.info.status,
    startTime: run.info.startTime,
    ...(run.info.endTime === undefined ? {} : { endTime: run.info.endTime }),
    metrics: Object.fromEntries(run.metrics.map((metric) => [metric.key, wireNumber(metric.value)])),
    params: Object.fromEntries(run.params.map((param) => [param.key, param.value])),
    tags,
    ...(pipelineRunId === undefined ? {} : { pipelineRunId }),
  };
}

const pointWire = (point: Metric) => ({ step: point.step, timestamp: point.timestamp, value: wireNumber(point.value) });

/** Names by how many of the runs have them, most first: what a table shows before a person chose. */
function columnsOf(runs: readonly Run[], pick: (run: Run) => readonly { readonly key: string }[]): string[] {
  const counts = new Map<string, number>();
  for (const run of runs) for (const { key } of pick(run)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key);
}

export function runHandlers({ store, tracking, clock }: ApiDeps): Mine {
  async function experiments(): Promise<readonly Experiment[]> {
    const { items } = await tracking.searchExperiments({ maxResults: 1000 });
    return items;
  }

  return {
    experiments: async () => {
      const all = await experiments();
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
      const all = await experiments();
      const asked = all.filter(
        (one) => query.experiment === undefined || one.id === query.experiment || one.name === query.experiment,
      );
      const experimentIds = asked.map((one) => one.id);
      const names = new Map(all.map((one) => [one.id, one.name]));
      const filter = query.filter === undefined ? {} : { filter: query.filter };
      if (experimentIds.length === 0) return { runs: [], total: 0, queryMs: 0, columns: { metrics: [], params: [] } };
      const [found, total] = await Promise.all([
        tracking.searchRuns({
          experimentIds,
          maxResults: query.limit ?? 100,
          ...filter,
          ...(query.order === undefined ? {} : { orderBy: query.order.split(',').map((part) => part.trim()) }),
          ...(query.pageToken === undefined ? {} : { pageToken: query.pageToken }),
        }),
        tracking.countRuns({ experimentIds, ...filter }),
      ]);
      return {
        runs: found.items.map((run) => runWire(run, names.get(run.info.experimentId) ?? run.info.experimentId)),
        ...(found.nextPageToken === undefined ? {} : { nextPageToken: found.nextPageToken }),
        total,
        queryMs: Math.round((clock.monotonic() - started) * 10) / 10,
        columns: {
          metrics: columnsOf(found.items, (run) => run.metrics),
          params: columnsOf(found.items, (run) => run.params),
        },
      };
    },
    run: async (_ctx, { params }) => {
      const run = await tracking.getRun(params.id);
      const experiment = (await experiments()).find((one) => one.id === run.info.experimentId);
      const versions = await store.versions.find({ where: { runId: run.info.id } });
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
        outputs: [],
        metricKeys: list(await tracking.metricKeys(params.id)),
        children: [],
        versions: versions.map((version) => ({ model: version.model, version: version.number })),
      };
    },
    runHistory: async (_ctx, { params, query }) => {
      const keys = await tracking.metricKeys(params.id);
      const points = await tracking.sampleHistory(params.id, query.key, query.limit ?? 1000);
      return {
        key: query.key,
        total: keys.find((one) => one.key === query.key)?.points ?? 0,
        points: points.map(pointWire),
      };
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
