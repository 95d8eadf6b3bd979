import { beforeEach, describe, expect, it } from 'vitest';
import { openMetadata } from '../../adapters/metadata-sql/index.ts';
import { createIds } from '../../platform/ids.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createRegistry } from './index.ts';
import type { Registry } from './index.ts';

const none = (): void => {};
const ctx: Context = {
  principal: { name: 'ada', role: 'editor' },
  log: { debug: none, info: none, warn: none, error: none },
  signal: new AbortController().signal,
  cause: 'evt_cause',
};
let now = 1000;
const clock = { now: () => now, monotonic: () => now };

let store: MetadataStore;
let registry: Registry;

beforeEach(async () => {
  store = await openMetadata('sqlite::memory:');
  registry = createRegistry({ store, clock, ids: createIds(clock) });
  await registry.ensureModel(ctx, 'flights');
  return () => store.close();
});

const events = async () =>
  (await store.events.find({ order: 'oldest', limit: 100 })).map(({ type, data }) => ({ type, data }));
const version = () => registry.createVersion(ctx, { model: 'flights', source: 's3://bucket/x' });

describe('versions', () => {
  it('count up, are never given again, and tell of their birth', async () => {
    expect((await version()).number).toBe(1);
    expect((await version()).number).toBe(2);
    await registry.deleteVersion(ctx, 'flights', 2);
    expect((await version()).number).toBe(3);
    await expect(registry.getVersion('flights', 2)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    expect((await registry.listVersions('flights')).map((one) => one.number)).toEqual([3, 1]);
    const born = (await events()).filter((event) => event.type === 'model_version.registered');
    expect(born.map((event) => event.data)).toMatchObject(
      [1, 2, 3].map((number) => ({ version: number, verdict: 'unjudged' })),
    );
  });

  it('carry what a pipeline knows', async () => {
    const made = await registry.createVersion(ctx, {
      model: 'flights',
      source: 's3://b/x',
      metrics: { log_loss: { value: 0.4, low: 0.3, high: 0.5, n: 10 } },
      gates: [{ text: 'log_loss < 1', passed: true, observed: 0.4, required: '< 1', where: 'millwright.yaml:3' }],
      verdict: 'accepted',
      reason: 'all gates passed',
      project: 'flights',
      pipelineRunId: 'flights-1',
      eventId: 'evt_mine',
    });
    expect(await registry.getVersion('flights', 1)).toEqual(made);
    const [event] = await store.events.find({ limit: 1, types: ['model_version.registered'] });
    expect(event).toMatchObject({
      id: 'evt_mine',
      project: 'flights',
      actor: 'ada',
      cause: 'evt_cause',
      data: { verdict: 'accepted', reason: 'all gates passed', runId: 'flights-1' },
    });
  });

  it.each([
    '/etc/passwd',
    'file:///etc/passwd',
    'models/x',
    'runs:/0123456789abcdef0123456789abcdef/model',
    'models:/m-0123456789abcdef0123456789abcdef',
    'mlflow-artifacts:/0/other/artifacts/model',
    'mlflow-artifacts://elsewhere/0/x',
    's3://bucket/../x',
    's3://bucket/%2e%2e/x',
    'gopher://x',
  ])('refuse the source %s', async (source) => {
    await expect(registry.createVersion(ctx, { model: 'flights', source })).rejects.toMatchObject({
      code: 'MW-INVALID',
    });
    expect(await registry.listVersions('flights')).toEqual([]);
  });

  it('know where their files are', async () => {
    const run = {
      id: 'a'.repeat(32),
      experimentId: '0',
      name: 'r',
      userId: '',
      status: 'RUNNING',
      startTime: 1,
      lifecycle: 'active',
    } as const;
    await store.tracking.createRun(run, {});
    const made = await registry.createVersion(ctx, {
      model: 'flights',
      source: `runs:/${run.id}/model`,
      runId: run.id,
    });
    expect(made.location).toBe(`mlflow-artifacts:/0/${run.id}/artifacts/model`);
    const copy = await registry.createVersion(ctx, { model: 'flights', source: 'models:/flights/1' });
    expect(copy).toMatchObject({ location: made.location, runId: run.id });
  });

  it('move through stages and archive the others', async () => {
    await version();
    await version();
    await registry.transitionStage('flights', 1, 'production', false);
    await registry.transitionStage('flights', 2, 'Production', true);
    expect((await registry.getVersion('flights', 1)).stage).toBe('Archived');
    expect((await registry.latestVersions('flights', ['production'])).map((one) => one.number)).toEqual([2]);
    await expect(registry.transitionStage('flights', 1, 'None', true)).rejects.toMatchObject({ code: 'MW-INVALID' });
    await expect(registry.transitionStage('flights', 1, 'Shelf', false)).rejects.toMatchObject({ code: 'MW-INVALID' });
  });
});

describe('aliases', () => {
  const moves = async () => (await events()).filter((event) => event.type === 'alias.moved').map((event) => event.data);

  it('tell of every move, and of none that moves nothing', async () => {
    await version();
    await version();
    await registry.setAlias(ctx, 'flights', 'champion', 1);
    await registry.setAlias(ctx, 'flights', 'champion', 1);
    await registry.setAlias(ctx, 'flights', 'champion', 2);
    expect((await registry.getByAlias('flights', 'champion')).number).toBe(2);
    await registry.deleteVersion(ctx, 'flights', 2);
    await registry.deleteAlias(ctx, 'flights', 'champion');
    expect(await moves()).toEqual([
      { model: 'flights', alias: 'champion', to: 1 },
      { model: 'flights', alias: 'champion', from: 1, to: 2 },
      { model: 'flights', alias: 'champion', from: 2 },
    ]);
    await expect(registry.getByAlias('flights', 'champion')).rejects.toMatchObject({ code: 'MW-INVALID' });
  });

  it.each(['latest', 'LATEST', 'v1', 'a b', '', 'x'.repeat(256)])('may not be called %j', async (alias) => {
    await version();
    await expect(registry.setAlias(ctx, 'flights', alias, 1)).rejects.toMatchObject({ code: 'MW-INVALID' });
    expect(await moves()).toEqual([]);
  });

  it('need a version that is there', async () => {
    await expect(registry.setAlias(ctx, 'flights', 'champion', 9)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
  });
});

describe('models', () => {
  it('are renamed with all they have', async () => {
    await version();
    await registry.setAlias(ctx, 'flights', 'champion', 1);
    await registry.renameModel('flights', 'planes');
    expect(await registry.getByAlias('planes', 'champion')).toMatchObject({ id: 'planes/1', model: 'planes' });
    await expect(registry.getModel('flights')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
  });

  it('cannot go while an endpoint serves them', async () => {
    await version();
    const weights = [{ releaseId: 'e-r1', version: 1, percent: 100 }];
    await store.endpoints.insert({ id: 'e', createdAt: 1, project: 'p', model: 'flights', epoch: 1, weights });
    await expect(registry.deleteModel('flights')).rejects.toMatchObject({ code: 'MW-CONFLICT' });
    await expect(registry.deleteVersion(ctx, 'flights', 1)).rejects.toMatchObject({ code: 'MW-CONFLICT' });
    expect((await registry.getVersion('flights', 1)).source).toBe('s3://bucket/x');
  });

  it('are found by name and tag; prompts only when asked for', async () => {
    now += 1;
    await registry.createModel(ctx, { name: 'b', tags: [{ key: 'team', value: 'air' }] });
    await registry.createModel(ctx, { name: 'p', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] });
    const names = async (filter: string) => (await registry.searchModels({ filter })).items.map((model) => model.id);
    expect(await names('')).toEqual(['b', 'flights']);
    expect(await names("tags.team = 'air'")).toEqual(['b']);
    expect(await names("tags.`mlflow.prompt.is_prompt` = 'true'")).toEqual(['p']);
    const first = await registry.searchModels({ maxResults: 1 });
    const second = await registry.searchModels({ maxResults: 1, pageToken: first.nextPageToken });
    expect([...first.items, ...second.items].map((model) => model.id)).toEqual(['b', 'flights']);
    await expect(registry.createModel(ctx, { name: 'b' })).rejects.toMatchObject({ code: 'MW-EXISTS' });
    await expect(registry.createModel(ctx, { name: 'a/b' })).rejects.toMatchObject({ code: 'MW-INVALID' });
  });
});

describe('a new name', () => {
  it('is carried to all that names the model, and nothing keeps the old one', async () => {
    await registry.createModel(ctx, { name: 'old' });
    await registry.createModel(ctx, { name: 'older' });
    for (let i = 0; i < 3; i += 1) await registry.createVersion(ctx, { model: 'old', source: 's3://b/m' });
    await registry.setAlias(ctx, 'old', 'champion', 2);
    const made = { createdAt: 1, model: 'old', version: 2 };
    const image = { ...made, id: 'sha256:1', layers: [], configDigest: '', layout: '', bytes: 1, buildMs: 1 };
    await store.images.insert(image);
    await store.releases.insert({ ...made, id: 'e-r1', endpoint: 'e', modelDigest: '' });
    await store.proofs.insert({ ...made, id: 'old/2/1', status: 'proven', environmentId: 'env' });
    await registry.renameModel('old', 'new');
    expect((await registry.listVersions('new')).map((one) => one.id)).toEqual(['new/3', 'new/2', 'new/1']);
    expect((await registry.getByAlias('new', 'champion')).number).toBe(2);
    expect((await store.images.get('sha256:1'))?.model).toBe('new');
    expect((await store.releases.get('e-r1'))?.model).toBe('new');
    expect(await store.proofs.get('new/2/1')).toMatchObject({ model: 'new', status: 'proven' });
    expect(await store.proofs.get('old/2/1')).toBeUndefined();
    expect(await store.versions.find({ where: { model: 'old' } })).toEqual([]);
    expect((await registry.createVersion(ctx, { model: 'new', source: 's3://b/m' })).number).toBe(4);
  });
});
