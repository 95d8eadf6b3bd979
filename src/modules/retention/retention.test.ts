/** The collector on the stores that need no server: what goes, what stays and why, and what may not happen in between. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryArtifacts, createMemoryMetadata } from '../../adapters/memory/index.ts';
import { openMetadata } from '../../adapters/metadata-sql/index.ts';
import type { Release } from '../../domain/deployments.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createRetention, type Retention } from './index.ts';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const ctx: Context = {
  principal: { name: 'ann', role: 'admin' },
  signal: new AbortController().signal,
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
};
const STORES = [
  ['memory', async () => createMemoryMetadata()],
  ['sqlite', () => openMetadata('sqlite::memory:')],
] as const;

describe.each(STORES)('retention on %s', (_name, open) => {
  let store: MetadataStore;
  let artifacts: ArtifactStore;
  let now: number;
  let retention: Retention;
  let experiment: string;
  let removed: string[];

  beforeEach(async () => {
    store = await open();
    now = NOW - 100 * DAY;
    artifacts = createMemoryArtifacts(() => now);
    removed = [];
    let serial = 0;
    retention = createRetention({
      store,
      artifacts,
      executor: { list: async () => [], clean: async (id) => void removed.push(id) },
      removers: { images: async (ids) => removed.push(...ids), environment: async (path) => removed.push(path) },
      clock: { now: () => now, monotonic: () => performance.now() },
      ids: { next: (prefix) => `${prefix}_${(serial += 1)}`, hex: (n) => randomBytes(n).toString('hex').slice(0, n) },
    });
    const made = await store.tracking.createExperiment({
      name: 'e',
      lifecycle: 'active',
      createdAt: 1,
      updatedAt: 1,
      tags: {},
    });
    experiment = made.id;
  });
  afterEach(() => store.close());

  async function run(of = experiment): Promise<string> {
    const id = randomBytes(16).toString('hex');
    await store.tracking.createRun(
      {
        id,
        experimentId: of,
        name: `run ${id.slice(0, 4)}`,
        userId: 'u',
        status: 'FINISHED',
        startTime: now,
        lifecycle: 'active',
      },
      { color: 'red' },
    );
    await store.tracking.logBatch(id, {
      metrics: [1, 2, 3].map((step) => ({ key: 'loss', value: step, timestamp: step, step })),
      params: [{ key: 'lr', value: '1' }],
    });
    return id;
  }
  async function file(kind: 'run' | 'model', id: string, text: string): Promise<string> {
    const blob = await artifacts.put(new TextEncoder().encode(text));
    await store.tracking.putArtifact({ kind, id }, { path: `f-${text}`, ...blob });
    return blob.digest;
  }
  const trash = (id: string): Promise<unknown> =>
    store.tracking.updateRun(id, { lifecycle: 'deleted', deletedAt: now });
  async function model(sourceRunId: string): Promise<string> {
    const id = `m-${randomBytes(16).toString('hex')}`;
    await store.tracking.createLoggedModel({
      id,
      experimentId: experiment,
      name: 'net',
      modelType: '',
      sourceRunId,
      status: 'LOGGED_MODEL_READY',
      createdAt: now,
      updatedAt: now,
      params: [],
      tags: [],
      metrics: [],
    });
    return id;
  }
  async function version(number: number, more: Partial<ModelVersion>): Promise<void> {
    if ((await store.models.get('flights')) === undefined) {
      await store.models.insert({ id: 'flights', createdAt: 1, updatedAt: 1, tags: {}, aliases: {}, lastVersion: 9 });
    }
    await store.versions.insert({
      id: `flights/${number}`,
      createdAt: number,
      updatedAt: number,
      model: 'flights',
      number,
      status: 'READY',
      stage: 'None',
      source: '',
      tags: {},
      metrics: {},
      championMetrics: {},
      gates: [],
      verdict: 'unjudged',
      ...more,
    });
  }
  const release = (id: string, number: number): Release => ({
    id,
    createdAt: 1,
    endpoint: 'flights',
    model: 'flights',
    version: number,
    modelDigest: `sha256:${'0'.repeat(64)}`,
  });
  const collect = (apply: boolean, olderThanDays = 30) => retention.collect(ctx, { apply, olderThanDays });
  const because = (found: Awaited<ReturnType<typeof collect>>, id: string): string | undefined =>
    found.kept.find((one) => one.id === id)?.because;

  it('a deleted run goes with its rows and the blobs that nobody else names; the dry run says the same and touches nothing', async () => {
    const stays = await run();
    const goes = await run();
    const own = await file('run', goes, 'own');
    const shared = await file('run', goes, 'shared');
    await file('run', stays, 'shared');
    await trash(goes);
    now = NOW;

    const dry = await collect(false);
    expect(dry.totals).toEqual([
      { kind: 'run', items: 1, bytes: 0 },
      { kind: 'blob', items: 1, bytes: 3 },
    ]);
    expect(dry.freedBytes).toBe(3);
    expect(await store.tracking.getRun(goes)).toBeDefined();
    expect(await artifacts.stat(own)).toBeDefined();

    const done = await collect(true);
    expect(done).toMatchObject({ applied: true, totals: dry.totals, freedBytes: 3 });
    expect(await store.tracking.getRun(goes)).toBeUndefined();
    expect(await store.tracking.metricHistory(goes, 'loss', { limit: 10, offset: 0 })).toEqual([]);
    expect(await store.tracking.listArtifacts({ kind: 'run', id: goes }, '')).toEqual([]);
    expect(await artifacts.stat(own)).toBeUndefined();
    expect(await artifacts.stat(shared)).toBeDefined();
    expect((await store.tracking.getRun(stays))?.metrics).toHaveLength(1);
    for (const name of ['runs', 'metrics', 'params', 'tags'] as const) {
      for await (const batch of store.tables.scan(name)) expect(batch.some((row) => row.includes(goes))).toBe(false);
    }
    const [event] = await store.events.find({ types: ['storage.collected'] });
    expect(event).toMatchObject({ actor: 'ann', data: { items: 2, freedBytes: 3 } });
    expect((await collect(false)).totals).toEqual([]);
  });

  it('what was deleted less long ago stays, can be listed and comes back', async () => {
    const id = await run();
    await file('run', id, 'four');
    now = NOW - 10 * DAY;
    await trash(id);
    now = NOW;
    expect((await collect(true)).totals).toEqual([]);
    expect(await retention.trash(10)).toMatchObject({
      total: 1,
      items: [{ kind: 'run', id, bytes: 4, at: NOW - 10 * DAY }],
    });
    await retention.restore('run', id);
    expect((await store.tracking.getRunInfo(id))?.lifecycle).toBe('active');
    await expect(retention.restore('run', id)).rejects.toThrow(/no deleted run/);
    expect((await collect(true, 0)).totals).toEqual([]);
  });

  it('keeps what an alias, an endpoint, a release, a version or a run reaches, and says why', async () => {
    const [byAlias, byRelease, byVersion, bySource, byModel, free] = [
      await run(),
      await run(),
      await run(),
      await run(),
      await run(),
      await run(),
    ];
    const logged = await model(byModel);
    const reader = await run();
    await store.tracking.logInputs(reader, [], [logged]);
    await version(1, { runId: byAlias });
    await version(2, { runId: byRelease });
    await version(3, { runId: byVersion });
    await version(4, { source: `runs:/${bySource}/model` });
    await store.models.update('flights', (doc) => ({ ...doc, aliases: { champion: 1 } }));
    await store.releases.insert(release('flights-r1', 2));
    for (const id of [byAlias, byRelease, byVersion, bySource, byModel, free]) await trash(id);
    now = NOW;
    const found = await collect(true);
    expect(because(found, byAlias)).toBe('version flights/1 was made from it, which alias champion points at');
    expect(because(found, byRelease)).toBe('version flights/2 was made from it, which release flights-r1 is made of');
    expect(because(found, byVersion)).toBe('version flights/3 was made from it');
    expect(because(found, bySource)).toBe('version flights/4 was made from it');
    expect(because(found, byModel)).toContain(`run ${reader.slice(0, 8)} took it as input`);
    expect(found.totals).toEqual([{ kind: 'run', items: 1, bytes: 0 }]);
    expect(await store.tracking.getRun(free)).toBeUndefined();
    expect(await store.tracking.getLoggedModel(logged)).toBeDefined();
  });

  it('logged models go with the run that made them; a deleted version goes unless a release is made of it', async () => {
    const id = await run();
    const logged = await model(id);
    const digest = await file('model', logged, 'weights');
    await version(1, { runId: id, deletedAt: now });
    await version(2, { deletedAt: now });
    await store.releases.insert(release('flights-r1', 2));
    await trash(id);
    now = NOW;
    const found = await collect(true);
    expect(found.totals.map((one) => [one.kind, one.items])).toEqual([
      ['version', 1],
      ['run', 1],
      ['logged-model', 1],
      ['blob', 1],
    ]);
    expect(because(found, 'flights/2')).toBe('release flights-r1 is made of it');
    expect(await artifacts.stat(digest)).toBeUndefined();
    expect(await store.versions.get('flights/1')).toBeUndefined();
    expect(await store.tracking.getLoggedModel(logged)).toBeUndefined();
  });

  it('an experiment goes whole, and its name is free; one with a run that is kept stays', async () => {
    const inside = await run();
    const other = await store.tracking.createExperiment({
      name: 'other',
      lifecycle: 'active',
      createdAt: 1,
      updatedAt: 1,
      tags: {},
    });
    const kept = await run(other.id);
    const goes = await run(other.id);
    await version(1, { runId: kept });
    await store.tracking.updateExperiment(experiment, { lifecycle: 'deleted', updatedAt: now });
    await store.tracking.updateExperiment(other.id, { lifecycle: 'deleted', updatedAt: now });
    now = NOW;
    const found = await collect(true);
    expect(await store.tracking.getExperiment(experiment)).toBeUndefined();
    expect(await store.tracking.getRun(inside)).toBeUndefined();
    expect(await store.tracking.getRun(goes)).toBeUndefined();
    expect(because(found, other.id)).toContain(
      `run ${kept.slice(0, 8)} in it is kept: version flights/1 was made from it`,
    );
    expect(
      (await store.tracking.createExperiment({ name: 'e', lifecycle: 'active', createdAt: 1, updatedAt: 1, tags: {} }))
        .id,
    ).not.toBe(experiment);
    await retention.restore('experiment', other.id);
    expect((await store.tracking.getRunInfo(kept))?.lifecycle).toBe('active');
  });

  it('a digest in any document keeps its blob, and the files that a list of code names', async () => {
    const code = await artifacts.put(new TextEncoder().encode('print(1)'));
    const list = await artifacts.put(new TextEncoder().encode(JSON.stringify([{ path: 'a.py', ...code }])));
    const part = await artifacts.put(new TextEncoder().encode('part'));
    const orphan = await artifacts.put(new TextEncoder().encode('orphan'));
    await store.pipelineRuns.insert({
      id: 'p-1',
      createdAt: 1,
      project: 'p',
      number: 1,
      status: 'succeeded',
      cause: { kind: 'person', who: 'x' },
      steps: [],
      fileDigest: '',
      codeDigest: '',
      codeManifest: list.digest,
      trackingRunId: '',
    });
    await store.savedViews.insert({ id: 'v', createdAt: 1, place: 'runs', name: 'x', state: `?digest=${part.digest}` });
    now = NOW;
    expect((await collect(true)).totals).toEqual([{ kind: 'blob', items: 1, bytes: 6 }]);
    expect(await artifacts.stat(orphan.digest)).toBeUndefined();
    for (const { digest } of [code, list, part]) expect(await artifacts.stat(digest)).toBeDefined();
  });

  it('a young blob stays: its row may still be to come', async () => {
    now = NOW - 3_600_000 + 1_000;
    await artifacts.put(new TextEncoder().encode('young'));
    now = NOW;
    expect((await collect(true)).totals).toEqual([]);
    now = NOW + 2_000;
    expect((await collect(true)).totals).toEqual([{ kind: 'blob', items: 1, bytes: 5 }]);
  });

  it('what is restored, registered or put again between the plan and the deed is not removed', async () => {
    const [restored, registered, gone] = [await run(), await run(), await run()];
    const digest = await file('run', gone, 'again');
    for (const id of [restored, registered, gone]) await trash(id);
    now = NOW;
    // The gap is between reading what decides and writing: the first transaction of the deed is where another is first.
    let once = false;
    const racing: MetadataStore = {
      ...store,
      async transaction(work) {
        if (!once) {
          once = true;
          await store.tracking.updateRun(restored, { lifecycle: 'active', deletedAt: null });
          await version(1, { runId: registered });
          await artifacts.put(new TextEncoder().encode('again'));
        }
        return store.transaction(work);
      },
    };
    const raced = createRetention({
      store: racing,
      artifacts,
      executor: { list: async () => [], clean: async () => undefined },
      removers: { images: async () => 0, environment: async () => 0 },
      clock: { now: () => now, monotonic: () => performance.now() },
      ids: { next: (prefix) => `${prefix}_${randomBytes(4).toString('hex')}`, hex: (n) => 'a'.repeat(n) },
    });
    const done = await raced.collect(ctx, { apply: true, olderThanDays: 30 });
    expect(done.totals).toEqual([{ kind: 'run', items: 1, bytes: 0 }]);
    expect(await store.tracking.getRun(restored)).toBeDefined();
    expect(await store.tracking.getRun(registered)).toBeDefined();
    expect(await store.tracking.getRun(gone)).toBeUndefined();
    expect(await artifacts.stat(digest)).toBeDefined();
  });

  it('one that dies between the rows and the blobs leaves blobs without a name, which the next one takes', async () => {
    const id = await run();
    const digest = await file('run', id, 'left');
    await trash(id);
    now = NOW;
    const dying = { ...artifacts, delete: () => Promise.reject(new Error('killed')) };
    const first = createRetention({
      store,
      artifacts: dying,
      executor: { list: async () => [], clean: async () => undefined },
      removers: { images: async () => 0, environment: async () => 0 },
      clock: { now: () => now, monotonic: () => performance.now() },
      ids: { next: (prefix) => `${prefix}_${randomBytes(4).toString('hex')}`, hex: (n) => 'a'.repeat(n) },
    });
    await expect(first.collect(ctx, { apply: true, olderThanDays: 30 })).rejects.toThrow('killed');
    expect(await store.tracking.getRun(id)).toBeUndefined();
    expect(await artifacts.stat(digest)).toBeDefined();
    expect((await collect(true)).totals).toEqual([{ kind: 'blob', items: 1, bytes: 4 }]);
  });

  it('many puts of the same content beside collections: whatever was acknowledged and named can be read', async () => {
    const bytes = new TextEncoder().encode('same');
    now = NOW - 2 * 3_600_000;
    await artifacts.put(bytes);
    now = NOW;
    const owner = await run();
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 20; i += 1) {
        const blob = await artifacts.put(bytes);
        await store.tracking.putArtifact({ kind: 'run', id: owner }, { path: 'f', ...blob });
        expect(await artifacts.stat(blob.digest)).toBeDefined();
        await store.tracking.deleteArtifacts({ kind: 'run', id: owner }, 'f');
      }
    };
    const collector = async (): Promise<void> => {
      for (let i = 0; i < 5; i += 1) await collect(true);
    };
    await Promise.all([writer(), collector()]);
    const blob = await artifacts.put(bytes);
    expect(await artifacts.stat(blob.digest)).toBeDefined();
  });

  it('counts what equal files save', async () => {
    const [a, b] = [await run(), await run()];
    await file('run', a, 'same');
    await file('run', b, 'same');
    expect(await retention.storage()).toEqual({
      blobs: 1,
      blobBytes: 4,
      namedBytes: 8,
      namedBlobBytes: 4,
      artifacts: 2,
    });
  });
});
