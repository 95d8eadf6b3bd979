/** Changes of routes side by side, the plane's start, and who goes where. */
import { describe, expect, test, vi } from 'vitest';
import { call, fakeModel, fakeRoute, gate, openFakePlane } from '../../../test/fixtures/serving/fake-plane.ts';
import { choose } from './split.ts';

test('a slow load of one endpoint holds up no other; changes of one endpoint come in order', async () => {
  const { serving, behaviour, persisted } = openFakePlane();
  const loading = gate();
  behaviour.load = ({ releaseId }) => (releaseId === 'slow-r1' ? loading.opened : Promise.resolve());
  const slow = serving.apply(fakeRoute(1, [1], { endpoint: 'slow' }));
  const behind = serving.apply(fakeRoute(2, [2], { endpoint: 'slow' }));
  await serving.apply(fakeRoute(1, [1]));
  await serving.apply(fakeRoute(2, [2, 1]));
  expect((await call(serving)).version).toBe(2);
  expect(persisted.at(-1)?.map(({ endpoint }) => endpoint)).toEqual(['e']);
  loading.open();
  await Promise.all([slow, behind]);
  expect((await call(serving, 1, { endpoint: 'slow' })).version).toBe(2);
  expect(persisted.at(-1)?.map(({ endpoint, epoch }) => [endpoint, epoch])).toEqual([
    ['e', 2],
    ['slow', 2],
  ]);
});

test('a load that fails while another endpoint changes takes nothing of it away', async () => {
  const { serving, behaviour, unloads } = openFakePlane();
  const loading = gate();
  behaviour.load = async ({ releaseId }) => {
    if (releaseId !== 'bad-r2') return;
    await loading.opened;
    throw new Error('broken');
  };
  const refused = expect(serving.apply(fakeRoute(1, [1, 2], { endpoint: 'bad' }))).rejects.toMatchObject({
    code: 'MW-MODEL-LOAD',
  });
  await serving.apply(fakeRoute(1, [1]));
  loading.open();
  await refused;
  expect(unloads, 'of the refused route only').toEqual(['1']);
  await call(serving);
  await expect(call(serving, 1, { endpoint: 'bad' })).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
});

test('routes that could not be written are not used, and what they had loaded goes', async () => {
  const full = { now: false };
  const { serving, unloads } = openFakePlane({
    persist: () => (full.now ? Promise.reject(new Error('disk full')) : Promise.resolve()),
  });
  await serving.apply(fakeRoute(1, [1]));
  full.now = true;
  await expect(serving.apply(fakeRoute(2, [2, 1]))).rejects.toThrow('disk full');
  await expect(serving.remove('e')).rejects.toThrow('disk full');
  expect(unloads).toEqual(['2']);
  expect((await call(serving)).version).toBe(1);
});

describe('at the start', () => {
  test('what does not load is said and stays among the routes; what loads serves', async () => {
    const { serving, behaviour, persisted } = openFakePlane();
    behaviour.load = ({ releaseId }) =>
      releaseId === 'b-r1' ? Promise.reject(new Error('no such file')) : Promise.resolve();
    const failed = await serving.restore(['a', 'b', 'c'].map((endpoint) => fakeRoute(3, [1], { endpoint })));
    expect(failed).toMatchObject([{ endpoint: 'b', error: { code: 'MW-MODEL-LOAD' } }]);
    expect(persisted).toEqual([]);
    await call(serving, 1, { endpoint: 'c' });
    // Another change must not forget the one that may load tomorrow.
    await serving.apply(fakeRoute(4, [1], { endpoint: 'c' }));
    expect(new Set(persisted.at(-1)?.map(({ endpoint }) => endpoint))).toEqual(new Set(['a', 'b', 'c']));
    await serving.remove('b');
    expect(new Set(persisted.at(-1)?.map(({ endpoint }) => endpoint))).toEqual(new Set(['a', 'c']));
  });

  test('a change that comes while the routes are taken up wins over the old route', async () => {
    const { serving, behaviour, persisted } = openFakePlane();
    const loading = gate();
    behaviour.load = ({ releaseId }) => (releaseId.startsWith('slow') ? loading.opened : Promise.resolve());
    const old = fakeRoute(1, [1]);
    const documents = ['slow1', 'slow2', 'slow3', 'slow4'].map((endpoint) => fakeRoute(1, [1], { endpoint }));
    const restored = serving.restore([...documents, old]);
    await serving.apply(fakeRoute(2, [2]));
    expect(persisted.at(-1)).toHaveLength(5);
    loading.open();
    expect(await restored).toEqual([]);
    expect((await call(serving)).version).toBe(2);
    expect(serving.endpoints()).toHaveLength(5);
  });
});

test('an endpoint that was removed is unknown, and its model is unloaded', async () => {
  const { serving, unloads } = openFakePlane();
  await serving.apply(fakeRoute(1, [1]));
  await serving.remove('e');
  expect(unloads).toEqual(['1']);
  await expect(call(serving)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
  expect(() => serving.releaseSignature('e-r1')).toThrow('not loaded');
  await serving.apply(fakeRoute(1, [1]));
  await call(serving);
});

test('a release that two endpoints name is loaded once and stays until both are gone', async () => {
  const { serving, loads, unloads } = openFakePlane();
  const one = fakeModel(1, 'both');
  const route = (endpoint: string) =>
    fakeRoute(1, [1], { endpoint, models: [one], weights: [{ releaseId: 'both-r1', percent: 100 }] });
  await Promise.all([serving.apply(route('a')), serving.apply(route('b'))]);
  expect(loads).toHaveLength(1);
  await serving.remove('a');
  expect(unloads).toEqual([]);
  await call(serving, 1, { endpoint: 'b' });
  await serving.remove('b');
  expect(unloads).toEqual(['1']);
  const changed = { ...one, modelDigest: 'sha256:other' };
  await serving.apply(route('a'));
  await expect(serving.apply({ ...route('b'), models: [changed] })).rejects.toMatchObject({ code: 'MW-CONFLICT' });
});

describe('who goes where', () => {
  const halves = [
    { name: 'new', percent: 50 },
    { name: 'old', percent: 50 },
  ];
  const keys = Array.from({ length: 20_000 }, (_, index) => `customer-${index}`);

  test('each A/B test splits the keys anew: the half of one says nothing about the half of the next', () => {
    const inFirst = keys.filter((key) => choose(halves, key, 'e-o1')?.name === 'new');
    expect(Math.abs(inFirst.length / keys.length - 0.5)).toBeLessThan(0.02);
    for (const other of ['e-o2', 'e-o3', undefined]) {
      const both = inFirst.filter((key) => choose(halves, key, other)?.name === 'new').length;
      expect(Math.abs(both / inFirst.length - 0.5), String(other)).toBeLessThan(0.02);
    }
  });

  test('in a test the same key goes to the same release, without a key the request id decides, in another test others do', async () => {
    const { serving } = openFakePlane();
    const weights = [1, 2].map((version) => ({ releaseId: `e-r${version}`, percent: 50 }));
    const versionsOf = async (by: (key: string) => object): Promise<readonly number[]> => {
      const found: number[] = [];
      for (const key of keys.slice(0, 200)) found.push((await call(serving, 1, by(key))).version);
      return found;
    };
    await serving.apply(fakeRoute(1, [1, 2], { weights, experiment: 'e-o1' }));
    const first = await versionsOf((key) => ({ stickyKey: key }));
    expect(await versionsOf((key) => ({ stickyKey: key, id: `r-${key}` }))).toEqual(first);
    expect(await versionsOf((key) => ({ id: key }))).toEqual(first);
    expect(new Set(first)).toEqual(new Set([1, 2]));
    await serving.apply(fakeRoute(2, [1, 2], { weights, experiment: 'e-o2' }));
    const second = await versionsOf((key) => ({ stickyKey: key }));
    const moved = second.filter((version, index) => version !== first[index]).length;
    expect(moved).toBeGreaterThan(60);
    expect(moved).toBeLessThan(140);
  });
});

test('what is told of an endpoint adds up while calls run', async () => {
  const { serving, behaviour } = openFakePlane();
  await serving.apply(fakeRoute(1, [1]));
  const slow = gate();
  behaviour.infer = () => slow.opened;
  const calls = [call(serving), call(serving)];
  await vi.waitFor(() =>
    expect(serving.stats()[0]?.releases[0]).toMatchObject({ inFlight: 2, calls: 0, state: 'warm' }),
  );
  expect(serving.inFlight()).toBe(2);
  slow.open();
  await Promise.all(calls);
  expect(serving.stats()[0]?.releases[0]).toMatchObject({ inFlight: 0, calls: 2, coldStarts: 0 });
});
