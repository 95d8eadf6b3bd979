/** A new version that first answers copies of the calls. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rolloutWait } from '../../domain/rollout-reading.ts';
import {
  ctx,
  deploymentsWorld,
  type DeploymentsWorld,
  endpointSpec,
} from '../../../test/fixtures/deployments-world.ts';

/** A look at the log takes long on a busy machine. */
const PATIENT = { timeout: 20_000, interval: 50 };

let world: DeploymentsWorld;
beforeEach(async () => {
  world = await deploymentsWorld();
  await world.deploy(1, endpointSpec({}));
});
afterEach(() => world.end());

const shadow = (guards: string[] = [], calls = 20, steps = [50, 100]) =>
  endpointSpec({ strategy: 'shadow', steps, hold: { ms: 0, calls } }, guards);
const versionsOf = async (times: number): Promise<ReadonlySet<number>> =>
  new Set((await world.local.call(times)).map((one) => one.version));

test('its answers are never given; after enough copies it goes on share by share and ends as the one', async () => {
  const done = await world.deploy(2, shadow(['shadow.errors > 0', 'latency.p99 > 5s']));
  expect(done.rollout).toMatchObject({ strategy: 'shadow', steps: [{ percent: 0, mirror: 100 }, {}, {}] });
  expect(await world.weights()).toEqual([[1, 100]]);
  expect((await world.deployments.get('linear'))?.mirror).toMatchObject({ version: 2, percent: 100 });
  expect(await versionsOf(12)).toEqual(new Set([1]));
  await world.deployments.tick();
  expect((await world.newest())?.steps[0]).toMatchObject({ calls: 12 });
  expect(await world.weights()).toEqual([[1, 100]]);
  expect(await versionsOf(12)).toEqual(new Set([1]));
  await world.deployments.tick();
  expect(await world.weights()).toEqual([
    [2, 50],
    [1, 50],
  ]);
  expect((await world.deployments.get('linear'))?.mirror).toBeUndefined();
  expect(await versionsOf(80)).toEqual(new Set([1, 2]));
  await world.deployments.tick();
  expect(await world.weights()).toEqual([[2, 100]]);
  await world.local.call(30);
  await world.deployments.tick();
  const over = await world.newest();
  expect(over).toMatchObject({ status: 'promoted' });
  // The guard on the shadow keeps the answer that it had when the shadow ended.
  expect(over?.guards.map((guard) => guard.tripped)).toEqual([false, false]);
});

test('answers that differ from the live ones take it back before any caller got one', async () => {
  await world.deploy(2, shadow(['shadow.differing > 1%']));
  await world.local.call(30);
  await world.deployments.tick();
  expect(await world.newest()).toMatchObject({
    status: 'rolled-back',
    reason: expect.stringMatching(
      /shadow.differing > 1% as a shadow: observed 1 \(30 copied calls, 0 failed, 30 of 30/,
    ),
  });
  const endpoint = await world.deployments.get('linear');
  expect(endpoint?.mirror).toBeUndefined();
  expect(await world.weights()).toEqual([[1, 100]]);
  expect(await versionsOf(10)).toEqual(new Set([1]));
});

test('a shift of the scores on the same rows is read from the prediction log', async () => {
  await world.deploy(2, shadow(['score_shift > 0.2'], 10));
  await world.local.call(250);
  await world.deployments.tick();
  // Nothing of it was written yet: not enough data, so it neither trips nor goes on.
  expect((await world.newest())?.guards[0]?.tripped).toBeUndefined();
  world.local.writeLog();
  await vi.waitFor(async () => {
    await world.deployments.tick();
    expect(await world.newest()).toMatchObject({
      status: 'rolled-back',
      reason: expect.stringContaining('score_shift'),
    });
  }, PATIENT);
  const found = await world.analytics.shadow({ endpoint: 'linear', releaseId: 'linear-r2', since: 0, top: 2 });
  expect(found).toMatchObject({ rows: 250, differing: 250 });
  expect(found.top[0]?.shadow).toBeCloseTo(2 * (found.top[0]?.live ?? 0), 5);
  expect(await world.analytics.count('linear', 0, 1e15)).toBe(250);
});

test('both processes may die in it: the mirror stays, counting starts anew, and it goes on', async () => {
  await world.deploy(2, shadow(['shadow.errors > 0'], 20));
  await world.local.call(15);
  world.restartControl();
  await world.deployments.tick();
  expect((await world.newest())?.steps[0]?.calls).toBe(15);
  await world.local.restart();
  await world.deployments.tick();
  await world.local.call(15);
  await world.deployments.tick();
  expect(await world.weights()).toEqual([[1, 100]]);
  await world.local.call(15);
  await world.deployments.tick();
  expect(await world.weights()).toEqual([
    [2, 50],
    [1, 50],
  ]);
});

test('the end of a shadow that did not reach the plane is tried again by the next look', async () => {
  await world.deploy(2, shadow(['shadow.differing > 1%']));
  await world.local.call(30);
  world.local.state.deaf = true;
  await world.deployments.tick();
  expect(await world.newest()).toMatchObject({ status: 'rolled-back' });
  expect(world.local.state.routes[0]?.mirror).toBeDefined();
  world.local.state.deaf = false;
  await world.deployments.tick();
  expect(world.local.state.routes[0]?.mirror).toBeUndefined();
});

test('a rollback by hand ends it at once, a new candidate replaces it, and one that does not load never mirrors', async () => {
  await world.deploy(2, shadow());
  expect(await world.deployments.rollback(ctx, 'linear', 'no')).toMatchObject({ from: 2, to: 1 });
  expect((await world.deployments.get('linear'))?.mirror).toBeUndefined();
  await world.deploy(2, shadow());
  await world.deploy(3, shadow());
  expect((await world.deployments.get('linear'))?.mirror).toMatchObject({ version: 3 });
  const broken = await world.deploy(4, shadow(), { file: 'broken.onnx' });
  expect(broken.rollout).toMatchObject({ status: 'rolled-back', reason: expect.stringContaining('does not load') });
  expect((await world.deployments.get('linear'))?.mirror).toBeUndefined();
  expect(await versionsOf(10)).toEqual(new Set([1]));
});

test('a shadow that nobody called, or that answered no copy, does not go on when its time is over', async () => {
  const spec = endpointSpec({ strategy: 'shadow', steps: [100], hold: { ms: 1000, calls: 0 } });
  await world.deploy(2, spec);
  await world.deployments.tick();
  world.time.now += 5000;
  await world.deployments.tick();
  const rollout = await world.newest();
  expect(rollout).toMatchObject({ status: 'running', stepIndex: 0 });
  expect(rollout === undefined ? undefined : rolloutWait(rollout, world.time.now)?.text).toBe(
    'waits for copied calls: none came yet',
  );
  await world.local.call(2);
  await world.deployments.tick();
  expect(await world.weights()).toEqual([[2, 100]]);
  await expect(world.plan(3, endpointSpec({ strategy: 'shadow', mirror: 0 }))).rejects.toMatchObject({
    code: 'MW-CONFIG-VALUE',
  });
});

test('a guard on a shadow without one is refused, and the first version has nobody to shadow', async () => {
  await expect(world.plan(2, endpointSpec({}, ['shadow.differing > 1%']))).rejects.toMatchObject({
    code: 'MW-CONFIG-EXPRESSION',
    where: 'millwright.yaml:20',
  });
  const plan = await world.plan(2, shadow(['shadow.max_diff > 1']));
  expect(plan.changes.map((change) => change.text).join('\n')).toContain('answers copies of 100 % of calls');
  const first = await world.deploy(2, { ...shadow(), name: 'other' });
  expect(first.rollout).toMatchObject({ status: 'promoted', strategy: 'all-at-once' });
});
