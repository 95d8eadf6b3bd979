/** What led to a thing: one step up, for all things of a kind at once. */
import type { Reader } from './reader.ts';
import { type Kind, nodeId, type NodeId } from './node-id.ts';

export interface Edge {
  readonly from: NodeId;
  readonly to: NodeId;
  /** A verb in the past: the cause did it, or it was done with the cause. */
  readonly kind: string;
}

/** Edges of the things named, and whether there were more than were read. */
export type Step = (reader: Reader, ids: readonly string[]) => Promise<readonly Edge[]>;

/** Most rows that one query of one step reads. */
export const MOST = 1000;

const tagOf = (tags: readonly { readonly key: string; readonly value: string }[], key: string): string | undefined =>
  tags.find((tag) => tag.key === key)?.value;

export const PARENT_TAG = 'mlflow.parentRunId';
export const PIPELINE_TAG = 'millwright.pipeline_run';

async function each<T>(
  ids: readonly string[],
  get: (id: string) => Promise<T | undefined>,
  edges: (thing: T, id: string) => readonly Edge[] | Promise<readonly Edge[]>,
): Promise<readonly Edge[]> {
  const found = await Promise.all(
    ids.map(async (id) => {
      const thing = await get(id);
      return thing === undefined ? [] : edges(thing, id);
    }),
  );
  return found.flat();
}

const ofVersions: Step = (reader, ids) =>
  each(ids, reader.version, async (version, id) => {
    const to = nodeId('version', id);
    const model = version.modelId === undefined ? undefined : await reader.model(version.modelId);
    const run = version.runId === undefined ? undefined : await reader.run(version.runId);
    const edges: Edge[] = [];
    if (model !== undefined) edges.push({ from: nodeId('model', model.id), to, kind: 'registered' });
    if (run !== undefined && run.info.id !== model?.sourceRunId)
      edges.push({ from: nodeId('run', run.info.id), to, kind: 'registered' });
    // The run may be gone; what the pipeline did is not.
    if (edges.length === 0 && version.lineage !== undefined)
      edges.push({ from: nodeId('pipeline', version.lineage.pipelineRunId), to, kind: 'registered' });
    return edges;
  });

const ofModels: Step = (reader, ids) =>
  each(ids, reader.model, ({ sourceRunId }, id) =>
    sourceRunId === undefined ? [] : [{ from: nodeId('run', sourceRunId), to: nodeId('model', id), kind: 'logged' }],
  );

const ofRuns: Step = (reader, ids) =>
  each(ids, reader.run, ({ tags, datasets, modelInputs }, id) => {
    const to = nodeId('run', id);
    const [pipeline, parent] = [tagOf(tags, PIPELINE_TAG), tagOf(tags, PARENT_TAG)];
    return [
      ...(pipeline === undefined ? [] : [{ from: nodeId('pipeline', pipeline), to, kind: 'ran' }]),
      ...(parent === undefined ? [] : [{ from: nodeId('run', parent), to, kind: 'started' }]),
      ...datasets.map(({ dataset: { name, digest } }) => ({
        from: nodeId('logged-dataset', `${name}/${digest}`),
        to,
        kind: 'read',
      })),
      ...modelInputs.map((model) => ({ from: nodeId('model', model), to, kind: 'loaded' })),
    ];
  });

const ofPipelines: Step = async (reader, ids) => {
  const steps = await reader.stores.stepRuns.find({ where: { pipelineRunId: ids }, limit: 10_000 });
  const read = steps.flatMap(({ datasetVersionId, pipelineRunId }) =>
    datasetVersionId === undefined
      ? []
      : [{ from: nodeId('dataset', datasetVersionId), to: nodeId('pipeline', pipelineRunId), kind: 'read' }],
  );
  const rest = await each(ids, reader.pipeline, ({ environmentId, cause }, id) => {
    const to = nodeId('pipeline', id);
    return [
      ...(environmentId === undefined ? [] : [{ from: nodeId('environment', environmentId), to, kind: 'ran in' }]),
      ...(cause.kind === 'alert' ? [{ from: nodeId('alert', cause.alertId), to, kind: 'caused' }] : []),
    ];
  });
  return [...rest, ...read];
};

const ofReleases: Step = (reader, ids) =>
  each(ids, reader.release, ({ model, version }, id) => [
    { from: nodeId('version', `${model}/${version}`), to: nodeId('release', id), kind: 'released' },
  ]);

const ofEndpoints: Step = async (reader, ids) =>
  (await reader.stores.releases.find({ where: { endpoint: ids }, limit: MOST })).map(({ id, endpoint }) => ({
    from: nodeId('release', id),
    to: nodeId('endpoint', endpoint),
    kind: 'served on',
  }));

const ofAlerts: Step = (reader, ids) =>
  each(ids, reader.alert, async ({ endpoint, createdAt }, id) => {
    const to = nodeId('alert', id);
    const served = (await reader.served(endpoint)).filter((one) => one.from <= createdAt && createdAt < one.to);
    const causes = [...new Set(served.map(({ releaseId }) => nodeId('release', releaseId)))];
    return (causes.length === 0 ? [nodeId('endpoint', endpoint)] : causes).map((from) => ({ from, to, kind: 'fired' }));
  });

const nothing: Step = () => Promise.resolve([]);

export const CAUSES: Readonly<Record<Kind, Step>> = {
  dataset: nothing,
  'logged-dataset': nothing,
  environment: nothing,
  run: ofRuns,
  pipeline: ofPipelines,
  model: ofModels,
  version: ofVersions,
  release: ofReleases,
  endpoint: ofEndpoints,
  alert: ofAlerts,
};
