/** Copies for a release that is watched: compared, logged, never in a caller's way. And what of the calls is logged at all. */
import { describe, expect, test, vi } from 'vitest';
import { call, fakeRoute, gate, openFakePlane } from '../../../test/fixtures/serving/fake-plane.ts';
import type { FakePlane } from '../../../test/fixtures/serving/fake-plane.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { createShadowCounters } from './shadow-compare.ts';

const shadowOf = ({ serving }: FakePlane) => serving.stats()[0]?.shadow;
const mirrored = (percent: number) => ({ mirror: { releaseId: 'e-r2', percent } });

describe('a mirrored release', () => {
  test('gets a copy after the live answer; both are logged with one id, and compared row by row', async () => {
    const plane = openFakePlane();
    const { serving, behaviour, logged, options } = plane;
    await serving.apply(fakeRoute(1, [1, 2], mirrored(100)));
    behaviour.factor = (path) => (path === '2' ? 1.5 : 1);
    const before = options.length;
    const answer = await serving.infer({ endpoint: 'e', id: 'a', inputs: [plane1([0, 2, 4])] });
    expect(answer).toMatchObject({ version: 1, outputs: [{ data: Float32Array.of(0, 2, 4) }] });
    expect(options.length - before, 'the copy is made later').toBe(1);
    await vi.waitFor(() => expect(logged).toHaveLength(2));
    expect(logged.map(({ id, version, role }) => [id, version, role])).toEqual([
      ['a', 1, undefined],
      ['a', 2, 'shadow'],
    ]);
    expect(shadowOf(plane)).toEqual({
      releaseId: 'e-r2',
      calls: 1,
      rows: 3,
      differing: 2,
      meanAbsDiff: 1,
      maxAbsDiff: 2,
      errors: 0,
      dropped: 0,
      outputs: [{ name: 'y', differing: 2, meanAbsDiff: 1, maxAbsDiff: 2 }],
    });
    expect(options.at(-1)?.priority, 'below every caller').toBeLessThan(0);
    expect(serving.stats()[0]?.releases.map(({ version, calls, rows }) => [version, calls, rows])).toEqual([
      [2, 1, 3],
      [1, 1, 3],
    ]);
  });

  test('a share is chosen by the request id; calls that name a version are not copied', async () => {
    const plane = openFakePlane();
    const { serving } = plane;
    await serving.apply(fakeRoute(1, [1, 2], mirrored(30)));
    for (let index = 0; index < 400; index += 1) {
      await call(serving, 1, { id: `id-${index}` });
      if (index % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await call(serving, 1, { version: 1 });
    await vi.waitFor(() => expect(serving.stats()[0]?.releases[0]?.inFlight).toBe(0));
    expect(shadowOf(plane)?.dropped).toBe(0);
    expect(shadowOf(plane)?.calls).toBeGreaterThan(80);
    expect(shadowOf(plane)?.calls).toBeLessThan(160);
  });

  test('one that does not keep up is left out: callers never wait for it, and what was not copied is counted', async () => {
    const plane = openFakePlane();
    const { serving, behaviour, options } = plane;
    await serving.apply(fakeRoute(1, [1, 2], mirrored(100)));
    const slow = gate();
    behaviour.infer = (path) => (path === '2' ? slow.opened : Promise.resolve());
    const before = options.length;
    for (let index = 0; index < 400; index += 1) await call(serving);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const copies = options.slice(before).filter(({ priority }) => (priority ?? 0) < 0).length;
    expect(copies, 'at once').toBe(8);
    expect(shadowOf(plane)).toMatchObject({ calls: 0, errors: 0 });
    const { dropped = 0 } = shadowOf(plane) ?? {};
    expect(dropped).toBeGreaterThan(100);
    slow.open();
    await vi.waitFor(() => expect(shadowOf(plane)?.calls).toBe(400 - dropped));
  });

  test('one that fails says why, and the callers see nothing of it', async () => {
    const plane = openFakePlane();
    const { serving, behaviour, logged } = plane;
    await serving.apply(fakeRoute(1, [1, 2], mirrored(100)));
    behaviour.infer = (path) => (path === '2' ? Promise.reject(new Error('divided by zero')) : Promise.resolve());
    await call(serving);
    await vi.waitFor(() => expect(shadowOf(plane)).toMatchObject({ errors: 1, lastError: 'divided by zero' }));
    expect(logged).toHaveLength(1);
    expect(serving.stats()[0]?.releases.map(({ errors }) => errors)).toEqual([1, 0]);
  });

  test('is not unloaded under its copies, and what was counted stays to be read', async () => {
    const plane = openFakePlane();
    const { serving, behaviour, unloads } = plane;
    await serving.apply(fakeRoute(1, [1, 2], mirrored(100)));
    const slow = gate();
    behaviour.infer = (path) => (path === '2' ? slow.opened : Promise.resolve());
    await call(serving);
    await new Promise((resolve) => setImmediate(resolve));
    await serving.apply(fakeRoute(2, [1]));
    expect(unloads).toEqual([]);
    slow.open();
    await vi.waitFor(() => expect(unloads).toEqual(['2']));
    expect(shadowOf(plane)).toMatchObject({ releaseId: 'e-r2', calls: 1 });
  });

  test('must be among the models', async () => {
    const { serving } = openFakePlane();
    await expect(serving.apply(fakeRoute(1, [1], mirrored(5)))).rejects.toMatchObject({
      code: 'MW-INVALID',
      where: 'mirror',
    });
  });
});

const plane1 = (values: readonly number[]): Tensor => ({
  name: 'x',
  datatype: 'FP32',
  shape: [values.length, 1],
  data: Float32Array.from(values),
});

describe('two answers', () => {
  const numbers = (name: string, data: readonly number[], width = 1): Tensor => ({
    name,
    datatype: 'FP64',
    shape: [data.length / width, width],
    data: Float64Array.from(data),
  });
  const words = (name: string, data: readonly string[]): Tensor => ({
    name,
    datatype: 'BYTES',
    shape: [data.length],
    data,
  });

  test('the score is the probability of class 1; every output that both have is compared', () => {
    const counters = createShadowCounters('r');
    const live = [
      words('label', ['a', 'b']),
      numbers('probabilities', [0.9, 0.1, 0.4, 0.6], 2),
      numbers('only', [1, 1]),
    ];
    counters.compare(live, [numbers('probabilities', [0.9, 0.1, 0.3, 0.7], 2), words('label', ['a', 'a'])], 2);
    expect(counters.stats()).toMatchObject({ rows: 2, differing: 1 });
    expect(counters.stats().meanAbsDiff).toBeCloseTo(0.05);
    expect(counters.stats().outputs.map(({ name, differing }) => [name, differing])).toEqual([
      ['label', 1],
      ['probabilities', 1],
    ]);
  });

  test('within 1e-6 + 1e-4 × |live| they are alike; no number equals no number, and has no distance', () => {
    const counters = createShadowCounters('r');
    const live = [numbers('y', [1000, 0, Number.NaN, Number.POSITIVE_INFINITY, 1])];
    counters.compare(live, [numbers('y', [1000.09, 9e-7, Number.NaN, 5, 1.1])], 5);
    expect(counters.stats()).toMatchObject({ differing: 2 });
    expect(counters.stats().maxAbsDiff).toBeCloseTo(0.1);
  });

  test('words alone, and an output that the candidate lacks', () => {
    const counters = createShadowCounters('r');
    counters.compare([words('label', ['a', 'b', 'c'])], [words('label', ['a', 'x', 'y'])], 3);
    expect(counters.stats()).toMatchObject({ rows: 3, differing: 2, meanAbsDiff: 0 });
    counters.compare([numbers('y', [1, 2])], [numbers('z', [1, 2])], 2);
    expect(counters.stats()).toMatchObject({ rows: 5, differing: 4 });
  });
});

describe('what is logged', () => {
  test('a sample by the request id, all rows or none; 0 logs nothing and 100 everything', async () => {
    const { serving, logged } = openFakePlane();
    const log = { sample: 25, redact: [] };
    await serving.apply(fakeRoute(1, [1], { log }));
    for (let index = 0; index < 400; index += 1) await call(serving, 1, { id: `id-${index}` });
    const ids = logged.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(60);
    expect(ids.length).toBeLessThan(140);
    logged.length = 0;
    for (let index = 0; index < 400; index += 1) await call(serving, 1, { id: `id-${index}` });
    expect(logged.map(({ id }) => id)).toEqual(ids);
    await serving.apply(fakeRoute(2, [1], { log: { sample: 0, redact: [] } }));
    logged.length = 0;
    await call(serving);
    expect(logged).toEqual([]);
  });

  test('inputs that are not kept are named on the record, the copy’s too, and the A/B test is marked where it drew', async () => {
    const { serving, logged } = openFakePlane();
    const log = { sample: 100, redact: ['x'] };
    await serving.apply(fakeRoute(1, [1, 2], { log, experiment: 'e-o7', ...mirrored(100) }));
    await call(serving);
    await vi.waitFor(() => expect(logged).toHaveLength(2));
    expect(logged.map(({ role, redact, experiment }) => [role, redact, experiment])).toEqual([
      [undefined, ['x'], 'e-o7'],
      ['shadow', ['x'], undefined],
    ]);
    await call(serving, 1, { version: 1 });
    expect(logged.at(-1)).toMatchObject({ redact: ['x'] });
    expect(logged.at(-1)).not.toHaveProperty('experiment');
  });
});
