import { describe, expect, it } from 'vitest';
import { openMetadata } from '../../adapters/metadata-sql/index.ts';
import { createMemoryMetadata } from '../../adapters/memory/index.ts';
import type { Alert } from '../../domain/monitoring.ts';
import type { PipelineRun } from '../../domain/pipelines.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createLineage } from './index.ts';

const hex = (digit: string): string => digit.repeat(32);
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

async function addRun(store: MetadataStore, id: string, tags: Record<string, string>, at: number): Promise<void> {
  await store.tracking.createRun(
    {
      id,
      experimentId: '0',
      name: `run-${id.slice(0, 2)}`,
      userId: '',
      status: 'FINISHED',
      startTime: at,
      lifecycle: 'active',
    },
    tags,
  );
}

async function addVersion(
  store: MetadataStore,
  number: number,
  more: Partial<ModelVersion>,
  at: number,
): Promise<void> {
  await store.versions.insert({
    id: `flights/${number}`,
    createdAt: at,
    updatedAt: at,
    model: 'flights',
    number,
    status: 'READY',
    stage: 'None',
    source: 's3://x/y',
    tags: {},
    metrics: {},
    championMetrics: {},
    gates: [],
    verdict: 'accepted',
    ...more,
  });
}

/** Two turns of the loop: data 1 → pipeline 1 → v1 → r1 → alert 1 → pipeline 2 (data 2) → v2 → r2 → alert 2. */
async function world(store: MetadataStore): Promise<void> {
  await store.environments.insert({
    id: 'env-1',
    createdAt: 1,
    digest: digest('e'),
    python: '3.11',
    interpreter: '/x',
    installer: 'uv',
    lock: '',
    packages: [],
    host: { os: 'x', kernel: 'x', arch: 'x', cpu: 'x', cpuFlags: [], cores: 1, memoryBytes: 1, gpus: [] },
    buildMs: 1,
  });
  await store.models.insert({
    id: 'flights',
    createdAt: 1,
    updatedAt: 1,
    tags: {},
    aliases: { champion: 2 },
    lastVersion: 2,
  });
  await store.endpoints.insert({
    id: 'live',
    createdAt: 1,
    project: 'flights',
    model: 'flights',
    epoch: 1,
    weights: [{ releaseId: 'live-r2', version: 2, percent: 100 }],
  });
  for (const [n, at] of [
    [1, 1000],
    [2, 2000],
  ] as const) {
    await store.datasetVersions.insert({
      id: `flights/days/${String(n).repeat(12)}`,
      createdAt: at,
      project: 'flights',
      name: 'days',
      digest: digest(String(n)),
      files: [],
      rows: 10,
      bytes: 10,
      columns: [],
      profile: [],
      checks: [],
    });
    const cause: PipelineRun['cause'] =
      n === 1
        ? { kind: 'person', who: 'ada' }
        : { kind: 'alert', alertId: 'flights-a1', text: 'drifted', eventId: 'evt_1' };
    await store.pipelineRuns.insert({
      id: `flights-${n}`,
      createdAt: at + 1,
      project: 'flights',
      number: n,
      status: 'succeeded',
      cause,
      steps: [],
      fileDigest: 'x',
      codeDigest: 'x',
      environmentId: 'env-1',
      trackingRunId: hex(String(n)),
    });
    await store.stepRuns.insert({
      id: `flights-${n}/data:days`,
      createdAt: at + 2,
      pipelineRunId: `flights-${n}`,
      step: 'data:days',
      kind: 'data',
      status: 'succeeded',
      datasetVersionId: `flights/days/${String(n).repeat(12)}`,
      attempts: [],
      outputs: [],
    });
    await addRun(store, hex(String(n)), { 'millwright.pipeline_run': `flights-${n}` }, at + 3);
    await addVersion(store, n, { runId: hex(String(n)) }, at + 4);
    await store.releases.insert({
      id: `live-r${n}`,
      createdAt: at + 5,
      endpoint: 'live',
      model: 'flights',
      version: n,
      modelDigest: digest('f'),
    });
    await store.rollouts.insert({
      id: `live-o${n}`,
      createdAt: at + 5,
      endedAt: at + 6,
      endpoint: 'live',
      releaseId: `live-r${n}`,
      status: 'promoted',
      steps: [],
      stepIndex: 0,
      hold: { ms: 0, calls: 0 },
      guards: [],
      cause: 'x',
    });
    const alert: Alert = {
      id: `flights-a${n}`,
      number: n,
      createdAt: at + 7,
      monitorId: 'flights/drift',
      project: 'flights',
      endpoint: 'live',
      status: 'resolved',
      since: 5,
      evaluations: 1,
      condition: 'x',
      text: 'drifted',
      moved: [],
    };
    await store.alerts.insert(n === 1 ? { ...alert, pipelineRunId: 'flights-2' } : alert);
  }
  // What an MLflow client logs: a dataset, a run, its child, a LoggedModel, a version made from it.
  await addRun(store, hex('a'), {}, 3000);
  await addRun(store, `b${hex('a').slice(1)}`, { 'mlflow.parentRunId': hex('a') }, 3001);
  const dataset = { name: 'wine/red', digest: 'abc12345', sourceType: 'local', source: '{}' };
  await store.tracking.logInputs(hex('a'), [{ dataset, tags: [] }], []);
  await store.tracking.createLoggedModel({
    id: `m-${hex('c')}`,
    experimentId: '0',
    name: 'forest',
    modelType: '',
    sourceRunId: hex('a'),
    status: 'LOGGED_MODEL_READY',
    createdAt: 3002,
    updatedAt: 3002,
    params: [],
    tags: [],
    metrics: [],
  });
  await store.tracking.logOutputs(hex('a'), [{ modelId: `m-${hex('c')}`, step: 0 }]);
  await addVersion(store, 3, { runId: hex('a'), modelId: `m-${hex('c')}` }, 3003);
}

describe.each([
  ['memory', () => Promise.resolve(createMemoryMetadata())],
  ['sqlite', () => openMetadata('sqlite::memory:')],
] as const)('lineage on %s', (_engine, open) => {
  async function opened() {
    const store = await open();
    await world(store);
    return { store, lineage: createLineage({ store }) };
  }

  it('goes down from data to the second incident, in the order of causes', async () => {
    const { store, lineage } = await opened();
    const { focus, nodes, edges, truncated } = await lineage.trace('sha256:111111', { direction: 'down' });
    expect(focus).toBe('dataset:flights/days/111111111111');
    expect(nodes.map((node) => node.id)).toEqual([
      'endpoint:live',
      'dataset:flights/days/111111111111',
      'pipeline:flights-1',
      `run:${hex('1')}`,
      'version:flights/1',
      'release:live-r1',
      'alert:flights-a1',
      'pipeline:flights-2',
      `run:${hex('2')}`,
      'version:flights/2',
      'release:live-r2',
      'alert:flights-a2',
    ]);
    expect(truncated).toBe(false);
    const at = new Map(nodes.map((node) => [node.id, node.at ?? 0]));
    for (const edge of edges.filter((one) => one.to !== 'endpoint:live'))
      expect(at.get(edge.from) ?? 0).toBeLessThanOrEqual(at.get(edge.to) ?? 0);
    await store.close();
  });

  it('goes up from the second release to the first data, and never to what came later', async () => {
    const { store, lineage } = await opened();
    const up = await lineage.trace('live-r2', { direction: 'up' });
    expect(up.nodes.map((node) => node.id)).toContain('dataset:flights/days/111111111111');
    expect(up.nodes.map((node) => node.id)).toContain('environment:env-1');
    expect(up.nodes.map((node) => node.id)).not.toContain('alert:flights-a2');
    const alert = await lineage.trace('flights-a1', { direction: 'up', depth: 1 });
    expect(alert.edges).toEqual([{ from: 'release:live-r1', to: 'alert:flights-a1', kind: 'fired' }]);
    expect(alert.truncated).toBe(true);
    await store.close();
  });

  it('knows what MLflow clients log, both ways', async () => {
    const { store, lineage } = await opened();
    const up = await lineage.trace('flights/3', { direction: 'up' });
    expect(up.edges).toEqual([
      { from: `model:m-${hex('c')}`, to: 'version:flights/3', kind: 'registered' },
      { from: `run:${hex('a')}`, to: `model:m-${hex('c')}`, kind: 'logged' },
      { from: 'logged-dataset:wine/red/abc12345', to: `run:${hex('a')}`, kind: 'read' },
    ]);
    const down = await lineage.trace('abc123', { direction: 'down' });
    expect(down.nodes.map((node) => node.id)).toEqual([
      'logged-dataset:wine/red/abc12345',
      `run:${hex('a')}`,
      `run:b${hex('a').slice(1)}`,
      `model:m-${hex('c')}`,
      'version:flights/3',
    ]);
    expect(down.nodes[0]).toMatchObject({ kind: 'dataset', label: 'wine/red abc12345' });
    await store.close();
  });

  it('keeps the place of what is gone', async () => {
    const { store, lineage } = await opened();
    await store.environments.delete('env-1');
    const { nodes } = await lineage.trace('flights-1', { direction: 'up' });
    expect(nodes.find((node) => node.kind === 'environment')).toMatchObject({
      label: 'env-1',
      facts: { state: 'gone' },
    });
    await store.close();
  });

  it('ends in a circle, and is cut at the depth that was asked, saying so', async () => {
    const { store, lineage } = await opened();
    const [one, two] = [hex('d'), hex('e')];
    await addRun(store, one, { 'mlflow.parentRunId': two }, 1);
    await addRun(store, two, { 'mlflow.parentRunId': one }, 2);
    const circle = await lineage.trace(one, { direction: 'down' });
    expect(circle.nodes).toHaveLength(2);
    expect(circle.edges).toHaveLength(2);
    expect(circle.truncated).toBe(false);
    const cut = await lineage.trace('flights/1', { direction: 'down', depth: 2 });
    expect(cut.nodes.map((node) => node.kind)).toEqual(['endpoint', 'version', 'release', 'alert']);
    expect(cut.truncated).toBe(true);
    await store.close();
  });

  it.each([
    ['flights/1', 'version:flights/1'],
    ['flights/v1', 'version:flights/1'],
    ['version:flights/1', 'version:flights/1'],
    ['models:/flights@champion', 'version:flights/2'],
    ['flights@champion', 'version:flights/2'],
    ['models:/flights/1', 'version:flights/1'],
    [`models:/m-${hex('c')}`, `model:m-${hex('c')}`],
    [`runs:/${hex('1')}/model`, `run:${hex('1')}`],
    [hex('2'), `run:${hex('2')}`],
    ['run:22222222', `run:${hex('2')}`],
    ['flights-2', 'pipeline:flights-2'],
    ['flights-a1', 'alert:flights-a1'],
    ['live-r1', 'release:live-r1'],
    ['live', 'endpoint:live'],
    ['env-1', 'environment:env-1'],
    ['dataset:22222222', 'dataset:flights/days/222222222222'],
    ['flights/days/222222222222', 'dataset:flights/days/222222222222'],
    ['flights', 'version:flights/3'],
  ])('%s is %s', async (what, node) => {
    const { store, lineage } = await opened();
    expect((await lineage.trace(what, { depth: 1 })).focus).toBe(node);
    await store.close();
  });

  it('refuses what names nothing or several things, with the candidates', async () => {
    const { store, lineage } = await opened();
    await expect(lineage.trace('nobody')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await expect(lineage.trace('run:ffff')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await expect(lineage.trace('flights@nobody')).rejects.toMatchObject({
      message: expect.stringContaining('champion') as unknown,
    });
    await expect(lineage.trace('11111111')).rejects.toMatchObject({
      code: 'MW-CONFLICT',
      message: expect.stringContaining('dataset:flights/days/111111111111') as unknown,
    });
    for (const odd of [
      '',
      ':',
      'run:',
      '../../etc/passwd',
      "x' or 1=1",
      '%',
      'version:flights/99',
      'models:/',
      '@',
      'a@b@c',
    ])
      await expect(lineage.trace(odd)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await store.close();
  });
});
