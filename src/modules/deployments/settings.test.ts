/** Limits and log of an endpoint that change without a new version; guards and waiting in words. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rolloutWait } from '../../domain/rollout-reading.ts';
import { ENDPOINT_LIMITS, LOG_POLICY } from '../../domain/serving.ts';
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

const slower = { ...ENDPOINT_LIMITS, timeoutMs: 5000, perClient: { perSecond: 10, burst: 20 } };

test('changed limits or log are a plan change and a new epoch, without a release; the same again changes nothing', async () => {
  const before = await world.deployments.get('linear');
  const spec = endpointSpec({}, [], { limits: slower, log: { sample: 10, redact: ['x'] } });
  const plan = await world.plan(1, spec);
  expect(plan).toMatchObject({ unchanged: false, settings: true });
  expect(plan.changes.filter((change) => change.sign === '~').map((change) => change.text)).toEqual([
    'timeout: 30 s → 5 s',
    'rate of a client: no limit → 10 a second, 20 at once',
    'log: 100 % of calls → 10 % of calls',
    'not logged: nothing → x',
  ]);
  const done = await world.deploy(1, spec);
  expect(done).toMatchObject({ unchanged: false });
  expect(done.rollout).toBeUndefined();
  expect(done.endpoint).toMatchObject({ limits: slower, log: { sample: 10 }, weights: before?.weights });
  expect(done.endpoint.epoch).toBe((before?.epoch ?? 0) + 1);
  expect(world.local.state.routes[0]).toMatchObject({ limits: slower, log: { sample: 10, redact: ['x'] } });
  expect((await world.types()).slice(3)).toEqual(['endpoint.changed']);
  expect(await world.plan(1, spec)).toMatchObject({ unchanged: true, settings: false });
  expect((await world.deploy(1, spec)).unchanged).toBe(true);
  // Back to the defaults, which an endpoint of before they were kept has too.
  await world.deploy(1, endpointSpec({}));
  await world.store.endpoints.update('linear', ({ limits: _limits, log: _log, ...doc }) => doc);
  expect(await world.plan(1, endpointSpec({}))).toMatchObject({ unchanged: true });
});

test('limits go along with a new version, and stay through a rollback', async () => {
  await world.deploy(
    2,
    endpointSpec({ strategy: 'all-at-once', steps: [100], hold: { ms: 0, calls: 0 } }, [], { limits: slower }),
  );
  expect(await world.deployments.get('linear')).toMatchObject({ limits: slower, log: LOG_POLICY });
  expect(await world.weights()).toEqual([[2, 100]]);
  expect(world.local.state.routes[0]?.limits).toEqual(slower);
  await world.deployments.rollback(ctx, 'linear', 'no');
  expect(await world.weights()).toEqual([[1, 100]]);
  expect(world.local.state.routes[0]?.limits).toEqual(slower);
});

test('settings that were committed while the plane was silent reach it when it answers, also after a restart of ours', async () => {
  world.local.state.down = true;
  await world.deploy(1, endpointSpec({}, [], { limits: slower }));
  expect(world.local.state.routes[0]?.limits).toEqual(ENDPOINT_LIMITS);
  world.local.state.down = false;
  await world.deployments.tick();
  expect(world.local.state.routes[0]?.limits).toEqual(slower);
});

test('a canary compares with the release before it, while that has calls: at 100 % the answer stays', async () => {
  const guards = ['latency.p50 > champion.latency.p50 * 1000 + 500ms', 'champion.calls < 1'];
  await world.deploy(2, endpointSpec({ steps: [50, 100] }, guards));
  await world.local.call(60);
  await world.deployments.tick();
  expect(await world.weights()).toEqual([[2, 100]]);
  expect((await world.newest())?.guards.map((guard) => guard.tripped)).toEqual([false, false]);
  // Nobody calls the champion any more: that is no reason to take its successor back, nor to wait for ever.
  await world.local.call(10);
  await world.deployments.tick();
  expect(await world.newest()).toMatchObject({ status: 'promoted' });
  await expect(world.plan(3, endpointSpec({ steps: [100] }, ['score_shift > 0.2']))).rejects.toMatchObject({
    code: 'MW-CONFIG-EXPRESSION',
  });
});

test('a guard on the champion alone counts what it did since the step began', async () => {
  await world.deploy(2, endpointSpec({ steps: [50, 100] }, ['champion.calls > 3']));
  await world.local.call(60);
  await world.deployments.tick();
  expect(await world.newest()).toMatchObject({
    status: 'rolled-back',
    reason: expect.stringContaining('champion.calls'),
  });
});

test('scores of a canary that lie elsewhere take it back', async () => {
  await world.deploy(2, endpointSpec({ steps: [50, 100], hold: { ms: 0, calls: 200 } }, ['score_shift > 0.2']));
  await world.local.call(700);
  world.local.writeLog();
  await vi.waitFor(async () => {
    await world.deployments.tick();
    expect(await world.newest()).toMatchObject({
      status: 'rolled-back',
      reason: expect.stringContaining('score_shift'),
    });
  }, PATIENT);
});

test('quality of outcomes holds a canary until there are enough, then judges it against the champion', async () => {
  const spec = endpointSpec({ steps: [50, 100], hold: { ms: 0, calls: 10 } }, [
    'quality.outcome_rate < champion.quality.outcome_rate - 0.2',
  ]);
  await expect(world.plan(2, spec)).rejects.toMatchObject({ code: 'MW-CONFIG-EXPRESSION' });
  await world.deploy(2, spec, { outcome: 'click' });
  const answers = await world.local.call(300);
  world.local.writeLog();
  for (let look = 0; look < 5; look++) {
    await world.deployments.tick();
    await new Promise((done) => setTimeout(done, 30));
  }
  const waiting = await world.newest();
  expect(waiting).toMatchObject({ status: 'running', stepIndex: 0 });
  expect(waiting === undefined ? undefined : rolloutWait(waiting, world.time.now)?.text).toBe(
    'not enough data for "quality.outcome_rate < champion.quality.outcome_rate - 0.2"',
  );
  await world.analytics.addOutcomes(
    'linear',
    answers.map(({ id, version }) => ({ predictionId: id, name: 'click', value: version === 1 ? 1 : 0, time: 5 })),
  );
  await vi.waitFor(async () => {
    await world.deployments.tick();
    expect(await world.newest()).toMatchObject({ status: 'rolled-back', reason: expect.stringContaining('quality') });
  }, PATIENT);
});

test('a canary that nobody calls says what it waits for, and that it is overdue, and stays', async () => {
  await world.deploy(2, endpointSpec({ hold: { ms: 60_000, calls: 100 }, atMostMs: 3_600_000 }, ['error_rate > 1%']));
  await world.deployments.tick();
  const wait = async () => {
    const rollout = await world.newest();
    return rollout === undefined ? undefined : rolloutWait(rollout, world.time.now);
  };
  expect(await wait()).toEqual({ text: 'waits for calls: 0 of 100', overdue: false });
  world.time.now += 7_200_000;
  await world.deployments.tick();
  expect(await wait()).toEqual({
    text: 'waits for calls: 0 of 100; overdue: this step lasts 2 h, at_most is 1 h',
    overdue: true,
  });
  expect(await world.weights()).toEqual([
    [2, 10],
    [1, 90],
  ]);
});
