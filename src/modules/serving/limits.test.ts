/** Limits of an endpoint: calls of a client, time, and what the runtime is told. */
import { describe, expect, test } from 'vitest';
import { call, fakeRoute, openFakePlane } from '../../../test/fixtures/serving/fake-plane.ts';
import { ENDPOINT_LIMITS } from '../../domain/serving.ts';
import { createRateLimiter } from './rate-limit.ts';

describe('calls of one client', () => {
  const taken = (limiter: ReturnType<typeof createRateLimiter>, client: string): unknown => {
    try {
      limiter.take(client);
      return 'taken';
    } catch (error) {
      return error;
    }
  };

  test('a burst, then so many a second; the error says when it is worth asking again', () => {
    let now = 0;
    const limiter = createRateLimiter({ perSecond: 8, burst: 3 }, () => now);
    expect([1, 2, 3].map(() => taken(limiter, 'a'))).toEqual(['taken', 'taken', 'taken']);
    expect(taken(limiter, 'a')).toMatchObject({ code: 'MW-RATE', retryAfterMs: 125 });
    expect(taken(limiter, 'b'), 'another client is not held up').toBe('taken');
    now = 62.5;
    expect(taken(limiter, 'a')).toMatchObject({ code: 'MW-RATE', retryAfterMs: 63 });
    now = 125;
    expect(taken(limiter, 'a')).toBe('taken');
    now = 100_000;
    expect([1, 2, 3, 4].map(() => taken(limiter, 'a') === 'taken')).toEqual([true, true, true, false]);
    expect(limiter.refused).toBe(3);
  });

  test('only so many clients are remembered, and the longest unseen is forgotten first', () => {
    const limiter = createRateLimiter({ perSecond: 0.001, burst: 1 }, () => 0, 3);
    for (const client of ['a', 'b', 'c']) limiter.take(client);
    expect(taken(limiter, 'a')).toMatchObject({ code: 'MW-RATE' });
    limiter.take('d');
    expect(limiter.clients).toBe(3);
    // b made room: a was seen after it.
    expect(taken(limiter, 'a')).toMatchObject({ code: 'MW-RATE' });
    expect(taken(limiter, 'b')).toBe('taken');
  });

  test('a swap does not fill the buckets, a refused call is no error of the release, and no client is one client', async () => {
    const { serving } = openFakePlane();
    const limits = { ...ENDPOINT_LIMITS, perClient: { perSecond: 0.01, burst: 2 } };
    await serving.apply(fakeRoute(1, [1], { limits }));
    await call(serving, 1, { client: 'a' });
    await call(serving, 1, { client: 'a' });
    await serving.apply(fakeRoute(2, [2, 1], { limits }));
    await expect(call(serving, 1, { client: 'a' })).rejects.toMatchObject({ code: 'MW-RATE' });
    await call(serving);
    await call(serving);
    await expect(call(serving)).rejects.toMatchObject({ code: 'MW-RATE' });
    const [stats] = serving.stats();
    expect(stats).toMatchObject({ limited: 2 });
    expect(stats?.releases.map(({ calls, errors, rejected }) => [calls, errors, rejected])).toEqual([
      [2, 0, 0],
      [2, 0, 0],
    ]);
    await serving.apply(fakeRoute(3, [2]));
    for (let i = 0; i < 10; i += 1) await call(serving, 1, { client: 'a' });
  });
});

test('the deadline is the caller’s, else the endpoint’s', async () => {
  const { serving, options } = openFakePlane();
  await serving.apply(fakeRoute(1, [1], { limits: { ...ENDPOINT_LIMITS, timeoutMs: 700 } }));
  const start = performance.now();
  await call(serving);
  await call(serving, 1, { timeoutMs: 50 });
  const [own, theirs] = options.slice(-2).map(({ deadline }) => deadline - start);
  expect(own).toBeGreaterThan(690);
  expect(own).toBeLessThan(1200);
  expect(theirs).toBeLessThan(500);
});

test('queue and workers are told to the runtime; other values load the model again beside the old, and its counters go on', async () => {
  const { serving, loads, unloads } = openFakePlane();
  const limits = { ...ENDPOINT_LIMITS, queue: 7, replicas: { min: 2, max: 5 } };
  await serving.apply(fakeRoute(1, [1], { limits }));
  expect(loads[0]).toMatchObject({ queueLimit: 7, replicas: { min: 2, max: 5 } });
  await call(serving);
  await serving.apply(fakeRoute(2, [1], { limits: { ...limits, timeoutMs: 5 } }));
  expect(loads).toHaveLength(1);
  await serving.apply(fakeRoute(3, [1], { limits: { ...limits, queue: 8 } }));
  expect(loads.map(({ queueLimit }) => queueLimit)).toEqual([7, 8]);
  expect(unloads).toEqual(['1']);
  await call(serving, 1, { timeoutMs: 1000 });
  expect(serving.stats()[0]?.releases[0]).toMatchObject({ calls: 2, state: 'warm' });
  await expect(
    serving.apply(fakeRoute(4, [1], { limits: { ...limits, replicas: { min: 3, max: 2 } } })),
  ).rejects.toMatchObject({ code: 'MW-INVALID' });
});

test('other limits that are not used in the end leave the release as it was', async () => {
  const full = { now: false };
  const { serving, loads, unloads } = openFakePlane({
    persist: () => (full.now ? Promise.reject(new Error('disk full')) : Promise.resolve()),
  });
  await serving.apply(fakeRoute(1, [1]));
  const other = fakeRoute(2, [1], { limits: { ...ENDPOINT_LIMITS, queue: 8 } });
  full.now = true;
  await expect(serving.apply(other)).rejects.toThrow('disk full');
  full.now = false;
  expect([loads.length, unloads.length]).toEqual([2, 1]);
  expect(serving.releaseSignature('e-r1').inputs).toHaveLength(1);
  const release = await serving.prepare(other);
  release();
  await serving.apply(fakeRoute(3, [1]));
  await call(serving);
  expect([loads.length, unloads.length], 'the first is still the one').toEqual([3, 2]);
});
