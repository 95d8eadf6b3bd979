/** Models that are unloaded because nobody calls, to make room, or on request, and come back. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { call, fakeRoute, gate, openFakePlane } from '../../../test/fixtures/serving/fake-plane.ts';
import type { FakePlane } from '../../../test/fixtures/serving/fake-plane.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { ENDPOINT_LIMITS } from '../../domain/serving.ts';

const limits = { ...ENDPOINT_LIMITS, idleMs: 60 };
const stateOf = ({ serving }: FakePlane, endpoint = 'e'): string | undefined =>
  serving.stats().find((one) => one.endpoint === endpoint)?.releases[0]?.state;
const untilCold = (plane: FakePlane): Promise<unknown> =>
  vi.waitFor(() => expect(stateOf(plane)).toBe('cold'), { timeout: 3000, interval: 5 });

afterEach(() => vi.restoreAllMocks());

describe('scale to zero', () => {
  test('an idle model is unloaded; calls wait for one shared load, and the counters go on', async () => {
    const plane = openFakePlane();
    const { serving, loads, unloads, behaviour } = plane;
    await serving.apply(fakeRoute(1, [1], { limits }));
    await call(serving);
    const { batches = 0 } = serving.stats()[0]?.releases[0]?.runtime ?? {};
    await untilCold(plane);
    expect(unloads).toEqual(['1']);
    expect(serving.signature('e').inputs[0]?.name).toBe('x');
    expect(serving.view('e').versions[0]).toMatchObject({ state: 'cold', ready: true });
    // A caller's mistake is told without a load.
    await expect(serving.infer({ endpoint: 'e', inputs: [] })).rejects.toMatchObject({ code: 'MW-TENSOR' });
    expect(loads).toHaveLength(1);

    const loading = gate();
    behaviour.load = () => loading.opened;
    const calls = [1, 2, 3].map((value) => call(serving, value));
    await vi.waitFor(() => expect(serving.stats()[0]?.releases[0]).toMatchObject({ state: 'loading', held: 3 }));
    loading.open();
    expect((await Promise.all(calls)).map((answer) => answer.outputs[0]?.data[0])).toEqual([1, 2, 3]);
    expect(loads).toHaveLength(2);
    const after = serving.stats()[0]?.releases[0];
    expect(after).toMatchObject({ calls: 4, errors: 0, rejected: 1, coldStarts: 1, state: 'warm', held: 0 });
    expect(after?.runtime.batches).toBeGreaterThan(batches);
  });

  test('a model in use is not idle, and no timer runs for one that never idles', async () => {
    const plane = openFakePlane();
    const { serving, unloads, behaviour } = plane;
    await serving.apply(fakeRoute(1, [1], { limits }));
    const slow = gate();
    behaviour.infer = () => slow.opened;
    const early = call(serving);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(unloads).toEqual([]);
    slow.open();
    await early;
    await serving.apply(fakeRoute(2, [1]));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(unloads).toEqual([]);
  });

  test('a call that would come too late is MW-DEADLINE, one whose caller left MW-CANCELLED; the load goes on for the others', async () => {
    const plane = openFakePlane();
    const { serving, behaviour } = plane;
    await serving.apply(fakeRoute(1, [1], { limits }));
    await untilCold(plane);
    const loading = gate();
    behaviour.load = () => loading.opened;
    const leaving = new AbortController();
    const late = expect(call(serving, 1, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'MW-DEADLINE' });
    const left = expect(call(serving, 1, { signal: leaving.signal })).rejects.toMatchObject({ code: 'MW-CANCELLED' });
    const patient = call(serving, 5);
    leaving.abort();
    await Promise.all([late, left]);
    loading.open();
    expect((await patient).outputs[0]?.data[0]).toBe(5);
    expect(serving.inFlight()).toBe(0);
  });

  test('a load that fails after its only caller had left ends nothing', async () => {
    const plane = openFakePlane();
    const { serving, behaviour } = plane;
    await serving.apply(fakeRoute(1, [1], { limits }));
    await untilCold(plane);
    const loading = gate();
    behaviour.load = () => loading.opened.then(() => Promise.reject(new Error('the disk is gone')));
    const gone = AbortSignal.abort();
    await expect(call(serving, 1, { signal: gone })).rejects.toMatchObject({ code: 'MW-CANCELLED' });
    await expect(call(serving, 1, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'MW-DEADLINE' });
    const unhandled = vi.fn();
    process.once('unhandledRejection', unhandled);
    loading.open();
    await vi.waitFor(() => expect(serving.view('e').versions[0]?.ready).toBe(false));
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('no more calls wait for a cold model than may', async () => {
    const plane = openFakePlane();
    const { serving, behaviour } = plane;
    await serving.apply(fakeRoute(1, [1], { limits: { ...limits, queue: 2 } }));
    await untilCold(plane);
    const loading = gate();
    behaviour.load = () => loading.opened;
    const held = [call(serving), call(serving)];
    await expect(call(serving)).rejects.toMatchObject({ code: 'MW-OVERLOADED', retryAfterMs: 1000 });
    loading.open();
    await Promise.all(held);
  });

  test('one that cannot be loaded again is MW-UNAVAILABLE and not tried at every call', async () => {
    const plane = openFakePlane();
    const { serving, behaviour, loads } = plane;
    await serving.apply(fakeRoute(1, [1], { limits }));
    await untilCold(plane);
    behaviour.load = () => Promise.reject(new Error('the disk is gone'));
    await expect(call(serving)).rejects.toMatchObject({
      code: 'MW-UNAVAILABLE',
      message: expect.stringContaining('the disk is gone'),
      retryAfterMs: expect.any(Number),
    });
    await expect(call(serving)).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    expect(loads).toHaveLength(2);
    expect(serving.view('e').versions[0]).toMatchObject({ ready: false, reason: expect.stringContaining('the disk') });
    delete behaviour.load;
    await vi.waitFor(() => call(serving), { timeout: 4000, interval: 100 });
    expect(loads).toHaveLength(3);
  });

  test('a route that goes while its model is loaded for a call: the call is answered, then nothing stays in memory', async () => {
    const plane = openFakePlane();
    const { serving, behaviour, unloads } = plane;
    await serving.apply(fakeRoute(1, [1], { limits }));
    await untilCold(plane);
    const loading = gate();
    behaviour.load = ({ path }) => (path === '1' ? loading.opened : Promise.resolve());
    const held = call(serving, 4);
    await serving.apply(fakeRoute(2, [2], { limits: ENDPOINT_LIMITS }));
    expect((await call(serving)).version).toBe(2);
    loading.open();
    expect(await held).toMatchObject({ version: 1 });
    expect(unloads).toEqual(['1', '1']);
  });
});

describe('a limit on what is loaded at once', () => {
  const open = async (): Promise<FakePlane> => {
    const plane = openFakePlane({ budget: { models: 2 } });
    const idle = { ...ENDPOINT_LIMITS, idleMs: 60_000 };
    for (const endpoint of ['a', 'b', 'c']) {
      await plane.serving.apply(fakeRoute(1, [1], { endpoint, limits: idle }));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return plane;
  };

  test('the least recently used goes; it comes back with its next call', async () => {
    const plane = await open();
    expect(['a', 'b', 'c'].map((name) => stateOf(plane, name))).toEqual(['cold', 'warm', 'warm']);
    await call(plane.serving, 1, { endpoint: 'b' });
    await call(plane.serving, 1, { endpoint: 'a' });
    expect(['a', 'b', 'c'].map((name) => stateOf(plane, name))).toEqual(['warm', 'warm', 'cold']);
  });

  test('what takes calls and never idles stays, also above the limit', async () => {
    const plane = await open();
    for (const endpoint of ['d', 'f']) await plane.serving.apply(fakeRoute(1, [1], { endpoint }));
    expect(['a', 'b', 'c', 'd', 'f'].map((name) => stateOf(plane, name))).toEqual([
      'cold',
      'cold',
      'cold',
      'warm',
      'warm',
    ]);
  });

  test('what has calls stays', async () => {
    const plane = await open();
    const slow = gate();
    plane.behaviour.infer = (_path, [input]) => (input?.data[0] === 5 ? slow.opened : Promise.resolve());
    const early = call(plane.serving, 5, { endpoint: 'b' });
    for (const endpoint of ['a', 'c']) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await call(plane.serving, 1, { endpoint });
    }
    expect(['a', 'b', 'c'].map((name) => stateOf(plane, name))).toEqual(['cold', 'warm', 'warm']);
    slow.open();
    await early;
  });

  test('memory of the models’ own processes counts as well', async () => {
    const plane = openFakePlane({ budget: { bytes: 250 } });
    const idle = { ...ENDPOINT_LIMITS, idleMs: 60_000 };
    for (const endpoint of ['a', 'b', 'c']) await plane.serving.apply(fakeRoute(1, [1], { endpoint, limits: idle }));
    expect(['a', 'b', 'c'].map((name) => stateOf(plane, name))).toEqual(['cold', 'warm', 'warm']);
  });
});

describe('the repository API', () => {
  test('what was unloaded says so until it is loaded; a new version of it is unloaded as well; calls under way are answered', async () => {
    const plane = openFakePlane();
    const { serving, behaviour, unloads } = plane;
    await serving.apply(fakeRoute(1, [1]));
    const slow = gate();
    behaviour.infer = () => slow.opened;
    const early = call(serving, 7);
    await serving.unload('e');
    expect(unloads).toEqual([]);
    await expect(call(serving)).rejects.toMatchObject({
      code: 'MW-UNAVAILABLE',
      message: expect.stringContaining('load it again'),
    });
    slow.open();
    expect((await early).outputs[0]?.data[0]).toBe(7);
    expect(unloads).toEqual(['1']);
    delete behaviour.infer;
    expect(serving.view('e').versions[0]).toMatchObject({ state: 'unloaded', ready: false });

    await serving.apply(fakeRoute(2, [2, 1]));
    await expect(call(serving)).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    await serving.load('e');
    expect((await call(serving, 3)).outputs[0]?.data[0]).toBe(6);
    expect(serving.view('e').versions.map(({ state }) => state)).toEqual(['warm', 'warm']);
    expect(serving.stats()[0]?.releases.map(({ errors }) => errors)).toEqual([0, 0]);
  });

  test('one version alone, and names that are not there', async () => {
    const { serving } = openFakePlane();
    await serving.apply(fakeRoute(1, [2, 1]));
    await serving.unload('e', 1);
    expect((await call(serving)).version).toBe(2);
    await expect(call(serving, 1, { version: 1 })).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    await serving.load('e', 1);
    expect((await call(serving, 1, { version: 1 })).version).toBe(1);
    await expect(serving.unload('nobody')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await expect(serving.load('e', 9)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
  });

  test('unloaded and loaded again before the last call has left it: nothing is loaded twice', async () => {
    const { serving, behaviour, loads, unloads } = openFakePlane();
    await serving.apply(fakeRoute(1, [1]));
    const slow = gate();
    behaviour.infer = () => slow.opened;
    const early = call(serving);
    await serving.unload('e');
    await serving.load('e');
    slow.open();
    await early;
    await call(serving);
    expect([loads.length, unloads.length]).toEqual([1, 0]);
  });

  test('a model that its runtime gave up is shown as such, and loading it makes a new one', async () => {
    const { serving, behaviour, loads, unloads } = openFakePlane();
    await serving.apply(fakeRoute(1, [1]));
    behaviour.infer = () => Promise.reject(new MillwrightError('MW-QUARANTINED', 'its workers died 5 times'));
    await expect(call(serving)).rejects.toMatchObject({ code: 'MW-QUARANTINED' });
    expect(serving.view('e').versions[0]).toMatchObject({
      state: 'quarantined',
      ready: false,
      reason: 'its workers died 5 times',
    });
    delete behaviour.infer;
    await serving.load('e');
    await call(serving);
    expect([loads.length, unloads.length]).toEqual([2, 1]);
    expect(serving.view('e').versions[0]).toMatchObject({ state: 'warm', ready: true });
  });
});
