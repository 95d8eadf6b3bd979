/** The pages' routes of runs over a real module and the memory store: bad input is refused, nothing is half done. */
import { beforeEach, expect, test } from 'vitest';
import { createMemoryArtifacts, createMemoryMetadata } from '../../../adapters/memory/index.ts';
import { createTracking, type Tracking } from '../../../modules/tracking/index.ts';
import { systemClock } from '../../../platform/clock.ts';
import { createIds } from '../../../platform/ids.ts';
import type { ApiDeps } from '../deps.ts';
import { runChangesHandlers } from './run-changes.ts';
import { runCurvesHandlers } from './run-curves.ts';
import { runHandlers } from './runs.ts';

type Made = ReturnType<typeof runHandlers> &
  ReturnType<typeof runCurvesHandlers> &
  ReturnType<typeof runChangesHandlers>;
let api: Made;
let tracking: Tracking;
let ids: string[];
const ctx = { principal: { name: 'ann', role: 'admin' as const } } as Parameters<Made['runs']>[0];
const ask = (query: Parameters<Made['runs']>[1]['query']) => api.runs(ctx, { params: {}, query, body: undefined });

beforeEach(async () => {
  const store = createMemoryMetadata();
  tracking = createTracking({
    store,
    artifacts: createMemoryArtifacts(),
    clock: systemClock,
    ids: createIds(systemClock),
  });
  const deps = { store, tracking, clock: systemClock } as unknown as ApiDeps;
  api = { ...runHandlers(deps), ...runCurvesHandlers(deps), ...runChangesHandlers(deps) };
  ids = [];
  for (let i = 0; i < 10; i += 1) {
    const { id } = await tracking.createRun({ experimentId: '0', name: `r${i}`, userId: 'ann', startTime: 1000 + i });
    await tracking.logBatch(id, {
      metrics: [
        { key: 'auc', value: i / 10, timestamp: 1, step: 0 },
        { key: 'loss', value: i, timestamp: 1, step: 0 },
      ],
      params: [{ key: 'depth', value: String(i % 2) }],
      tags: [{ key: 'who', value: 'x' }],
    });
    ids.push(id);
  }
});

test('a page begins anywhere, in an order, and holds only what was asked', async () => {
  const page = await ask({ order: 'metrics.auc DESC', offset: 4, limit: 3, columns: 'metrics.auc,params.depth' });
  expect(page.runs.map((run) => run.name)).toEqual(['r5', 'r4', 'r3']);
  expect(page.total).toBe(10);
  expect(page.runs[0]).toMatchObject({ metrics: { auc: 0.5 }, params: { depth: '1' }, tags: {}, user: 'ann' });
  const next = await ask({
    order: 'metrics.auc DESC',
    limit: 3,
    ...(page.nextPageToken === undefined ? {} : { pageToken: page.nextPageToken }),
  });
  expect(next.runs.map((run) => run.name)).toEqual(['r2', 'r1', 'r0']);
  await expect(ask({ columns: 'auc' })).rejects.toMatchObject({ code: 'MW-INVALID', where: 'columns' });
  await expect(ask({ filter: 'metrics.auc >' })).rejects.toMatchObject({ code: 'MW-INVALID' });
});

test('runs by id come in the order asked, deleted ones too', async () => {
  const [a = '', b = '', c = ''] = ids;
  await tracking.changeRuns([b], { action: 'delete' });
  const { runs } = await ask({ ids: `${c},${a},${b},0123456789abcdef0123456789abcdef` });
  expect(runs.map((run) => run.name)).toEqual(['r2', 'r0', 'r1']);
  expect(runs[2]?.deletedAt).toBeGreaterThan(1000);
  await expect(ask({ ids: "x' or 1=1" })).rejects.toMatchObject({ code: 'MW-INVALID' });
});

test('delete, restore and tag: all or nothing, and back again', async () => {
  const change = (body: Parameters<Made['bulkRuns']>[1]['body']) => api.bulkRuns(ctx, { params: {}, query: {}, body });
  const some = ids.slice(0, 3);
  const unknown = '0123456789abcdef0123456789abcdef';
  await expect(change({ action: 'delete', runs: [...some, unknown] })).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
  expect((await ask({})).total).toBe(10);
  expect(await change({ action: 'delete', runs: [...some, ...some] })).toEqual({ changed: 3 });
  expect((await ask({})).total).toBe(7);
  expect((await ask({ view: 'deleted' })).runs.map((run) => run.name).toSorted()).toEqual(['r0', 'r1', 'r2']);
  expect((await ask({ view: 'all' })).total).toBe(10);
  await expect(change({ action: 'tag', runs: ids, key: 'k', value: 'v' })).rejects.toMatchObject({
    code: 'MW-INVALID',
  });
  expect((await ask({ filter: "tags.k = 'v'" })).total).toBe(0);
  expect(await change({ action: 'restore', runs: ids })).toEqual({ changed: 3 });
  const restored = await ask({ limit: 20 });
  expect(restored.runs.every((run) => run.deletedAt === undefined)).toBe(true);
  expect(await change({ action: 'tag', runs: ids, key: 'k', value: 'v' })).toEqual({ changed: 10 });
  expect((await ask({ filter: "tags.k = 'v'" })).total).toBe(10);
  expect(await change({ action: 'tag', runs: ids, key: 'k', value: null })).toEqual({ changed: 10 });
  await expect(change({ action: 'tag', runs: some, key: '../x', value: 'v' })).rejects.toMatchObject({
    code: 'MW-INVALID',
  });
});

test('keys, curves with their peaks, and a bound on how many', async () => {
  const keys = await api.runKeys(ctx, { params: {}, query: {}, body: undefined });
  expect(keys.metrics).toEqual([
    { key: 'auc', runs: 10 },
    { key: 'loss', runs: 10 },
  ]);
  const [first = ''] = ids;
  const metrics = Array.from({ length: 900 }, (_, step) => ({
    key: 'curve',
    value: step === 333 ? 99 : step === 700 ? Number.NaN : 1,
    timestamp: step,
    step,
  }));
  await tracking.logBatch(first, { metrics });
  const series = (runs: string[], wanted: string[], maxPoints = 100) =>
    api.series(ctx, { params: {}, query: {}, body: { runs, keys: wanted, maxPoints } });
  const { curves } = await series(ids, ['curve', 'auc']);
  expect(curves.map(({ key }) => key)).toEqual(['curve', ...Array.from({ length: 10 }, () => 'auc')]);
  expect(curves[0]?.total).toBe(900);
  expect(curves[0]?.points.length).toBeLessThanOrEqual(100);
  expect(curves[0]?.points.at(0)?.[0]).toBe(0);
  expect(curves[0]?.points.at(-1)?.[0]).toBe(899);
  expect(curves[0]?.points.some((point) => point[2] === 99)).toBe(true);
  const many = Array.from({ length: 100 }, () => first);
  await expect(
    series(
      many,
      Array.from({ length: 50 }, (_, i) => `k${i}`),
    ),
  ).rejects.toMatchObject({ code: 'MW-INVALID' });
});

test('a run names its parent and children', async () => {
  const [parent = ''] = ids;
  const child = await tracking.createRun({
    experimentId: '0',
    name: 'child',
    tags: [{ key: 'mlflow.parentRunId', value: parent }],
  });
  const detail = (id: string) => api.run(ctx, { params: { id }, query: {}, body: undefined });
  expect((await detail(parent)).children).toEqual([{ id: child.id, name: 'child', status: 'RUNNING' }]);
  expect((await detail(child.id)).parent).toEqual({ id: parent, name: 'r0' });
  await expect(detail('0123456789abcdef0123456789abcdef')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
});

test('views are kept by place and name', async () => {
  const save = (name: string, state: string) =>
    api.saveView(ctx, { params: {}, query: {}, body: { place: 'runs', name, state } });
  await save('good', 'q=1');
  const { views } = await save('good', 'q=2');
  expect(views).toMatchObject([{ name: 'good', state: 'q=2' }]);
  const id = views[0]?.id ?? '';
  await api.deleteView(ctx, { params: { id }, query: {}, body: undefined });
  await expect(api.deleteView(ctx, { params: { id }, query: {}, body: undefined })).rejects.toMatchObject({
    code: 'MW-NOT-FOUND',
  });
  expect((await api.views(ctx, { params: {}, query: { place: 'runs' }, body: undefined })).views).toEqual([]);
});
