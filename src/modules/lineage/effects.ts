/** What a thing led to: one step down, for all things of a kind at once, by indexed fields. */
import type { Filter, Run } from '../../domain/tracking.ts';
import { type Edge, MOST, PARENT_TAG, type Step } from './causes.ts';
import { type Kind, loggedDataset, nodeId } from './node-id.ts';
import type { Reader } from './reader.ts';
import { servedAt } from './served.ts';

/** Runs of one cause: children of a run, readers of a logged dataset. */
const MOST_RUNS = 100;

async function runsBy(reader: Reader, experimentIds: readonly string[], filter: Filter): Promise<readonly Run[]> {
  return reader.stores.tracking.searchRuns({
    experimentIds,
    view: 'ALL',
    filter,
    order: [],
    limit: MOST_RUNS,
    offset: 0,
    columns: { metrics: [], params: [], tags: [] },
  });
}

const ofDatasets: Step = async (reader, ids) =>
  (await reader.stores.stepRuns.find({ where: { datasetVersionId: ids }, limit: MOST })).flatMap((step): Edge[] =>
    step.datasetVersionId === undefined
      ? []
      : [{ from: nodeId('dataset', step.datasetVersionId), to: nodeId('pipeline', step.pipelineRunId), kind: 'read' }],
  );

const ofLoggedDatasets: Step = async (reader, ids) => {
  const experiments = await reader.stores.tracking.searchExperiments({
    view: 'ALL',
    filter: [],
    order: [],
    limit: 10_000,
    offset: 0,
  });
  const all = experiments.map((one) => one.id);
  const edges = await Promise.all(
    ids.map(async (id) => {
      const { name, digest } = loggedDataset(id);
      const runs = await runsBy(reader, all, [
        { entity: 'dataset', key: 'digest', op: '=', value: digest },
        { entity: 'dataset', key: 'name', op: '=', value: name },
      ]);
      return runs.map((run) => ({ from: nodeId('logged-dataset', id), to: nodeId('run', run.info.id), kind: 'read' }));
    }),
  );
  return edges.flat();
};

const ofEnvironments: Step = async (reader, ids) =>
  (await reader.stores.pipelineRuns.find({ where: { environmentId: ids }, limit: MOST })).flatMap((run): Edge[] =>
    run.environmentId === undefined
      ? []
      : [{ from: nodeId('environment', run.environmentId), to: nodeId('pipeline', run.id), kind: 'ran in' }],
  );

const ofPipelines: Step = async (reader, ids) => {
  const edges = await Promise.all(
    ids.map(async (id): Promise<readonly Edge[]> => {
      const pipeline = await reader.pipeline(id);
      if (pipeline === undefined) return [];
      const from = nodeId('pipeline', id);
      if ((await reader.run(pipeline.trackingRunId)) !== undefined)
        return [{ from, to: nodeId('run', pipeline.trackingRunId), kind: 'ran' }];
      const versions = await reader.stores.versions.find({ where: { runId: pipeline.trackingRunId }, limit: MOST });
      return versions.map((version) => ({ from, to: nodeId('version', version.id), kind: 'registered' }));
    }),
  );
  return edges.flat();
};

const ofRuns: Step = async (reader, ids) => {
  const versions = await reader.stores.versions.find({ where: { runId: ids }, limit: MOST });
  const registered = await Promise.all(
    versions.map(async (version): Promise<readonly Edge[]> => {
      const model = version.modelId === undefined ? undefined : await reader.model(version.modelId);
      // Registered from a model that the run logged: the model stands between.
      if (version.runId === undefined || model?.sourceRunId === version.runId) return [];
      return [{ from: nodeId('run', version.runId), to: nodeId('version', version.id), kind: 'registered' }];
    }),
  );
  const own = await Promise.all(
    ids.map(async (id): Promise<readonly Edge[]> => {
      const run = await reader.run(id);
      if (run === undefined) return [];
      const from = nodeId('run', id);
      const children = await runsBy(
        reader,
        [run.info.experimentId],
        [{ entity: 'tag', key: PARENT_TAG, op: '=', value: id }],
      );
      return [
        ...run.modelOutputs.map(({ modelId }) => ({ from, to: nodeId('model', modelId), kind: 'logged' })),
        ...children.map((child) => ({ from, to: nodeId('run', child.info.id), kind: 'started' })),
      ];
    }),
  );
  return [...registered, ...own].flat();
};

const ofModels: Step = async (reader, ids) =>
  (await reader.stores.versions.find({ where: { modelId: ids }, limit: MOST })).flatMap((version): Edge[] =>
    version.modelId === undefined
      ? []
      : [{ from: nodeId('model', version.modelId), to: nodeId('version', version.id), kind: 'registered' }],
  );

const ofVersions: Step = async (reader, ids) => {
  const edges = await Promise.all(
    ids.map(async (id) => {
      const at = id.lastIndexOf('/');
      const where = { model: id.slice(0, at), version: Number(id.slice(at + 1)) };
      const releases = await reader.stores.releases.find({ where, limit: MOST });
      return releases.map((release) => ({
        from: nodeId('version', id),
        to: nodeId('release', release.id),
        kind: 'released',
      }));
    }),
  );
  return edges.flat();
};

const ofReleases: Step = async (reader, ids) => {
  const edges = await Promise.all(
    ids.map(async (id): Promise<readonly Edge[]> => {
      const release = await reader.release(id);
      if (release === undefined) return [];
      const from = nodeId('release', id);
      const [served, alerts] = await Promise.all([reader.served(release.endpoint), reader.alertsOf(release.endpoint)]);
      return [
        { from, to: nodeId('endpoint', release.endpoint), kind: 'served on' },
        ...alerts
          .filter((alert) => servedAt(served, id, alert.createdAt))
          .map((alert) => ({ from, to: nodeId('alert', alert.id), kind: 'fired' })),
      ];
    }),
  );
  return edges.flat();
};

const ofEndpoints: Step = async (reader, ids) => {
  const edges = await Promise.all(
    ids.map(async (id) =>
      (await reader.alertsOf(id)).map((alert) => ({
        from: nodeId('endpoint', id),
        to: nodeId('alert', alert.id),
        kind: 'fired',
      })),
    ),
  );
  return edges.flat();
};

const ofAlerts: Step = async (reader, ids) => {
  const alerts = await Promise.all(ids.map(reader.alert));
  const projects = [...new Set(alerts.flatMap((alert) => (alert === undefined ? [] : [alert.project])))];
  const runs = await reader.stores.pipelineRuns.find({ where: { project: projects }, limit: MOST });
  const asked = new Set(ids);
  const caused = runs.flatMap(({ cause, id }): Edge[] =>
    cause.kind === 'alert' && asked.has(cause.alertId)
      ? [{ from: nodeId('alert', cause.alertId), to: nodeId('pipeline', id), kind: 'caused' }]
      : [],
  );
  const named = alerts.flatMap((alert): Edge[] =>
    alert?.pipelineRunId === undefined
      ? []
      : [{ from: nodeId('alert', alert.id), to: nodeId('pipeline', alert.pipelineRunId), kind: 'caused' }],
  );
  return [...caused, ...named];
};

export const EFFECTS: Readonly<Record<Kind, Step>> = {
  dataset: ofDatasets,
  'logged-dataset': ofLoggedDatasets,
  environment: ofEnvironments,
  pipeline: ofPipelines,
  run: ofRuns,
  model: ofModels,
  version: ofVersions,
  release: ofReleases,
  endpoint: ofEndpoints,
  alert: ofAlerts,
};
