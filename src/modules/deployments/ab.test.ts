/** Two versions side by side until the outcomes decide. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AbSpec } from '../../domain/project.ts';
import { ENDPOINT_LIMITS } from '../../domain/serving.ts';
import { createRandom } from '../../domain/statistics/random.ts';
import { deploymentsWorld, type DeploymentsWorld, endpointSpec } from '../../../test/fixtures/deployments-world.ts';

/** A look at the log takes long on a busy machine. */
const PATIENT = { timeout: 20_000, interval: 50 };

let world: DeploymentsWorld;
beforeEach(async () => {
  world = await deploymentsWorld();
  await world.deploy(1, endpointSpec({}));
});
afterEach(() => world.end());

const AB: AbSpec = { split: 50, outcome: 'click', metric: 'outcome_rate', confidence: 0.95, atMostMs: 86_400_000 };
const test50 = (ab: Partial<AbSpec> = {}, guards: string[] = []) =>
  endpointSpec({ strategy: 'ab', ab: { ...AB, ...ab }, hold: { ms: 0, calls: 0 } }, guards);

/** Calls, whose outcomes come with the given rate by version, and a log that was written. */
async function traffic(calls: number, rates: Readonly<Record<number, number>>, seed = 1): Promise<void> {
  const random = createRandom(seed);
  const answers = await world.local.call(calls);
  world.local.writeLog();
  const outcomes = answers.map(({ id, version }) => ({
    predictionId: id,
    name: 'click',
    value: random() < (rates[version] ?? 0) ? 1 : 0,
    time: world.time.now,
  }));
  await world.analytics.addOutcomes('linear', outcomes);
}
const looked = (check: (rollout: Awaited<ReturnType<DeploymentsWorld['newest']>>) => void) =>
  vi.waitFor(async () => {
    await world.deployments.tick();
    check(await world.newest());
  }, PATIENT);

test('it splits the callers, waits while it cannot tell, and the winner takes all', async () => {
  const done = await world.deploy(2, test50());
  expect(done.rollout).toMatchObject({ strategy: 'ab', steps: [{ percent: 50 }, { percent: 100 }] });
  expect((await world.deployments.get('linear'))?.experiment).toBe(done.rollout?.id);
  expect(await world.weights()).toEqual([
    [2, 50],
    [1, 50],
  ]);
  await traffic(60, { 1: 0.4, 2: 0.6 });
  await looked((rollout) => {
    expect(rollout).toMatchObject({ status: 'running', abReading: { verdict: 'not enough data' } });
    expect((rollout?.abReading?.candidate.n ?? 0) + (rollout?.abReading?.stable.n ?? 0)).toBe(60);
  });
  // A new control plane knows what the store and the log know.
  world.restartControl();
  await traffic(1200, { 1: 0.3, 2: 0.7 }, 2);
  await looked((rollout) => {
    expect(rollout).toMatchObject({ status: 'promoted', abReading: { verdict: 'candidate' } });
    expect(rollout?.reason).toMatch(/^v2 is better: outcome_rate of "click" 0\.\d+ against 0\.\d+ \(difference/);
  });
  expect(await world.weights()).toEqual([[2, 100]]);
  const endpoint = await world.deployments.get('linear');
  expect(endpoint).toMatchObject({ previous: { version: 1 } });
  expect(endpoint?.experiment).toBeUndefined();
  expect(new Set((await world.local.call(20)).map((one) => one.version))).toEqual(new Set([2]));
  expect((await world.types()).slice(3)).toEqual(['release.created', 'rollout.started', 'rollout.promoted']);
});

test('the old version wins: the new one goes, with the numbers; also when less is better', async () => {
  await world.deploy(2, test50());
  await traffic(1200, { 1: 0.7, 2: 0.3 });
  await looked((rollout) => {
    expect(rollout).toMatchObject({ status: 'rolled-back', abReading: { verdict: 'stable' } });
    expect(rollout?.reason).toMatch(/^v1 is better/);
  });
  expect(await world.weights()).toEqual([[1, 100]]);
  // Scores of v1 lie in 1..2 and of v3 in 3..6, both clamped to 1: brier is 0 where outcomes are 1, and 1 where they are 0.
  await world.deploy(3, test50({ metric: 'brier' }));
  await traffic(1200, { 1: 0.8, 3: 0.2 });
  await looked((rollout) => expect(rollout).toMatchObject({ status: 'rolled-back', abReading: { verdict: 'stable' } }));
});

test('equal versions end without a winner when the time is up, and the old version stays', async () => {
  await world.deploy(2, test50());
  await traffic(600, { 1: 0.5, 2: 0.5 });
  await looked((rollout) => expect(rollout?.abReading?.verdict).toBe('not enough data'));
  expect(await world.newest()).toMatchObject({ status: 'running' });
  world.time.now += AB.atMostMs + 1;
  await looked((rollout) => {
    expect(rollout).toMatchObject({ status: 'rolled-back' });
    expect(rollout?.reason).toMatch(/^no winner: .* within 24 h; the old version stays$/);
  });
  expect(await world.weights()).toEqual([[1, 100]]);
});

test('a win before its hold is over waits for it; a guard still takes it back; the plane may restart', async () => {
  const spec = test50();
  await world.deploy(2, { ...spec, rollout: { ...spec.rollout, hold: { ms: 60_000, calls: 0 } } });
  await traffic(1200, { 1: 0.2, 2: 0.8 });
  await looked((rollout) => expect(rollout).toMatchObject({ status: 'running', abReading: { verdict: 'candidate' } }));
  await world.local.restart();
  await world.deployments.tick();
  expect(await world.newest()).toMatchObject({ status: 'running' });
  world.time.now += 61_000;
  await looked((rollout) => expect(rollout).toMatchObject({ status: 'promoted' }));
  await world.deploy(3, test50({}, ['latency.p50 > 0ms']));
  await world.local.call(100);
  await looked((rollout) =>
    expect(rollout).toMatchObject({ status: 'rolled-back', reason: expect.stringMatching(/^latency/) }),
  );
});

test('a winner that was committed and did not reach the plane takes all calls after a restart of ours, and only once', async () => {
  await world.deploy(2, test50());
  await traffic(1200, { 1: 0.2, 2: 0.8 });
  world.local.state.deaf = true;
  await looked((rollout) => expect(rollout).toMatchObject({ status: 'promoted' }));
  expect(new Set((await world.local.call(40)).map((one) => one.version))).toEqual(new Set([1, 2]));
  world.restartControl();
  world.local.state.deaf = false;
  expect(await world.deployments.reconcile()).toEqual(['linear']);
  expect(new Set((await world.local.call(40)).map((one) => one.version))).toEqual(new Set([2]));
  expect((await world.types()).filter((type) => type === 'rollout.promoted')).toHaveLength(2);
});

test('to deploy it again under the same rules leaves it alone; other rules begin anew, other limits do not', async () => {
  const first = await world.deploy(2, test50());
  const again = await world.plan(2, test50());
  expect(again).toMatchObject({ unchanged: true, settings: false });
  expect(again.changes[0]?.text).toMatch(/^no changes: rollout linear-o2 of v2/);
  const limits = { ...ENDPOINT_LIMITS, queue: 7 };
  expect(await world.deploy(2, { ...test50(), limits })).toMatchObject({ unchanged: false });
  expect((await world.newest())?.id).toBe(first.rollout?.id);
  const endpoint = await world.deployments.get('linear');
  expect(endpoint).toMatchObject({ limits: { queue: 7 }, experiment: first.rollout?.id, rolloutId: first.rollout?.id });
  const other = await world.deploy(2, { ...test50({ split: 20 }), limits });
  expect(other.rollout?.id).not.toBe(first.rollout?.id);
  expect(await world.weights()).toEqual([
    [2, 20],
    [1, 80],
  ]);
});

test('outcomes of other calls do not count, and a metric that has no meaning for them says so', async () => {
  await traffic(300, { 1: 1 });
  await world.deploy(2, test50());
  const [answer] = await world.local.call(1);
  world.local.writeLog();
  await world.analytics.addOutcomes('linear', [{ predictionId: answer?.id ?? '', name: 'click', value: 12, time: 1 }]);
  await looked((rollout) =>
    expect(rollout?.abReading).toMatchObject({ candidate: { n: 0 }, stable: { n: 0 }, leftOut: 1, low: -1, high: 1 }),
  );
});

test('a test without rules is refused before anything happens', async () => {
  const without = endpointSpec({ strategy: 'ab' });
  await expect(world.plan(2, without)).rejects.toMatchObject({ code: 'MW-CONFIG-VALUE', where: 'endpoint.rollout.ab' });
  await expect(world.plan(2, test50({ split: 100 }))).rejects.toMatchObject({ code: 'MW-CONFIG-VALUE' });
  await expect(world.plan(2, test50({ confidence: 1 }))).rejects.toMatchObject({ code: 'MW-CONFIG-VALUE' });
  const text = (await world.plan(2, test50())).changes.map((change) => change.text).join('\n');
  expect(text).toContain('50 % of the callers until outcome_rate of "click" decides at 95 %, at most 24 h');
});
