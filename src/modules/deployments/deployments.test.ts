import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ctx,
  deploymentsWorld,
  type DeploymentsWorld,
  endpointSpec as specOf,
} from '../../../test/fixtures/deployments-world.ts';
import type { EndpointSpec } from '../../domain/project.ts';

const endpointSpec = (steps: number[], guards: string[] = [], hold = { ms: 0, calls: 5 }): EndpointSpec =>
  specOf({ steps, hold }, guards);

describe('deployments', () => {
  let world: DeploymentsWorld;
  beforeEach(async () => {
    world = await deploymentsWorld();
  });
  afterEach(() => world.end());

  const call = async (times: number): Promise<number[]> => (await world.local.call(times)).map((one) => one.version);
  const deploy = (number: number, spec = endpointSpec([10, 50, 100]), file?: string) =>
    world.deploy(number, spec, file === undefined ? {} : { file });

  test('the first deployment takes all calls at once and is promoted', async () => {
    const done = await deploy(1);
    expect(done.rollout?.status).toBe('promoted');
    expect(await world.weights()).toEqual([[1, 100]]);
    expect(await call(3)).toEqual([1, 1, 1]);
    expect(await world.types()).toEqual(['release.created', 'rollout.started', 'rollout.promoted']);
    const again = await world.deployments.plan(ctx, {
      project: 'p',
      endpoint: endpointSpec([100]),
      version: await world.version(9, 'linear-1.onnx'),
    });
    expect(again.unchanged).toBe(true);
    expect(again.changes.map((change) => change.text).join()).toContain('no changes');
    expect((await world.deployments.deploy(ctx, again, 'x')).unchanged).toBe(true);
    expect(await world.types()).toHaveLength(3);
  });

  test('a canary goes 10 → 50 → 100 as calls come in, is promoted, and the old release answers again after a rollback', async () => {
    await deploy(1);
    await deploy(2, endpointSpec([10, 50, 100], ['error_rate > 1%', 'latency.p99 > 5s']));
    expect(await world.weights()).toEqual([
      [2, 10],
      [1, 90],
    ]);
    await world.deployments.tick();
    expect(await world.weights()).toEqual([
      [2, 10],
      [1, 90],
    ]);
    const seen = await call(300);
    expect(seen.filter((v) => v === 2).length).toBeGreaterThan(10);
    expect(seen.filter((v) => v === 2).length).toBeLessThan(60);
    await world.deployments.tick();
    expect(await world.weights()).toEqual([
      [2, 50],
      [1, 50],
    ]);
    await world.deployments.tick();
    expect(await world.weights()).toEqual([
      [2, 50],
      [1, 50],
    ]);
    await call(60);
    await world.deployments.tick();
    expect(await world.weights()).toEqual([[2, 100]]);
    await call(10);
    await world.deployments.tick();
    expect((await world.deployments.rollouts('linear'))[0]).toMatchObject({ status: 'promoted' });
    expect(await world.deployments.get('linear')).toMatchObject({ previous: { version: 1 } });
    const back = await world.deployments.rollback(ctx, 'linear', 'felt wrong');
    expect(back).toMatchObject({ from: 2, to: 1 });
    expect(await call(3)).toEqual([1, 1, 1]);
    expect((await world.types()).slice(3)).toEqual([
      'release.created',
      'rollout.started',
      'rollout.stepped',
      'rollout.stepped',
      'rollout.promoted',
      'endpoint.rolled_back',
    ]);
    // And forth again: what was rolled back is still warm.
    expect(await world.deployments.rollback(ctx, 'linear', 'sorry')).toMatchObject({ from: 1, to: 2 });
  });

  test('a guard that trips gives all calls back; one without enough data neither advances nor rolls back', async () => {
    await deploy(1);
    const spec = endpointSpec([50, 100], ['latency.p50 > 0ms'], { ms: 0, calls: 8 });
    await deploy(2, spec);
    await call(4);
    await world.deployments.tick();
    expect(await world.weights()).toEqual([
      [2, 50],
      [1, 50],
    ]);
    expect((await world.deployments.rollouts('linear'))[0]?.guards[0]?.tripped).toBeUndefined();
    await call(60);
    await world.deployments.tick();
    expect(await world.weights()).toEqual([[1, 100]]);
    expect((await world.deployments.rollouts('linear'))[0]).toMatchObject({
      status: 'rolled-back',
      reason: expect.stringContaining('latency.p50 > 0ms at 50 %: observed'),
    });
    expect(await call(3)).toEqual([1, 1, 1]);
    expect(await world.types()).toContain('rollout.rolled_back');
  });

  test('a model that does not load or gives only NaN: rolled back with the reason, production unchanged', async () => {
    await deploy(1);
    for (const file of ['broken.onnx', 'nan.onnx']) {
      const done = await deploy(5, endpointSpec([10, 100]), file);
      expect(done.rollout?.status).toBe('rolled-back');
      expect(done.rollout?.reason).toMatch(file === 'nan.onnx' ? /not a number/ : /does not load/);
      expect(await world.weights()).toEqual([[1, 100]]);
      expect(await call(3)).toEqual([1, 1, 1]);
    }
    await deploy(2, endpointSpec([100]));
    expect(await world.weights()).toEqual([[2, 100]]);
  });

  test('a first model that does not load leaves an endpoint without releases, and the next one serves', async () => {
    expect((await deploy(1, endpointSpec([100]), 'broken.onnx')).rollout).toMatchObject({ status: 'rolled-back' });
    expect(await world.weights()).toEqual([]);
    expect((await deploy(2)).rollout?.status).toBe('promoted');
    expect(await call(1)).toEqual([2]);
  });

  test('what was committed while the plane was silent is applied when it answers again', async () => {
    await deploy(1);
    world.local.state.down = true;
    const done = await deploy(2, endpointSpec([50, 100]));
    expect(done.rollout?.status).toBe('running');
    await world.deployments.tick();
    await expect(world.deployments.reconcile()).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    world.local.state.down = false;
    expect(await world.deployments.reconcile()).toEqual(['linear']);
    expect(new Set(await call(40))).toEqual(new Set([1, 2]));
    expect(await world.deployments.reconcile()).toEqual([]);
    world.local.state.down = true;
    await expect(world.deployments.rollback(ctx, 'linear', 'x')).resolves.toMatchObject({ to: 1 });
    world.local.state.down = false;
    await world.deployments.reconcile();
    expect(new Set(await call(20))).toEqual(new Set([1]));
  });

  test('a rollback committed before a crash is applied and reported once', async () => {
    await deploy(1);
    await deploy(2, endpointSpec([100], [], { ms: 0, calls: 0 }));
    await world.deployments.tick();
    expect(await world.weights()).toEqual([[2, 100]]);
    world.local.state.down = true;
    await expect(world.deployments.rollback(ctx, 'linear', 'x')).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    expect(await world.types()).not.toContain('endpoint.rolled_back');
    world.local.state.down = false;
    await world.deployments.reconcile();
    await world.deployments.reconcile();
    expect((await world.types()).filter((type) => type === 'endpoint.rolled_back')).toHaveLength(1);
    expect(await call(2)).toEqual([1, 1]);
  });

  test('a plane that restarted is watched anew: its counters began at 0', async () => {
    await deploy(1);
    await deploy(2, endpointSpec([50, 100], ['error_rate > 1%'], { ms: 0, calls: 10 }));
    await call(14);
    await world.local.restart();
    await world.deployments.tick();
    expect(await world.weights()).toEqual([
      [2, 50],
      [1, 50],
    ]);
    await call(60);
    await world.deployments.tick();
    expect(await world.weights()).toEqual([[2, 100]]);
  });

  test('a hold in time is waited for, and a second candidate replaces the first', async () => {
    await deploy(1);
    await deploy(2, endpointSpec([10, 100], [], { ms: 60_000, calls: 0 }));
    await world.deployments.tick();
    expect(await world.weights()).toEqual([
      [2, 10],
      [1, 90],
    ]);
    await deploy(3, endpointSpec([20, 100], [], { ms: 60_000, calls: 0 }));
    expect(await world.weights()).toEqual([
      [3, 20],
      [1, 80],
    ]);
    expect((await world.deployments.rollouts('linear')).map((rollout) => rollout.status).sort()).toEqual([
      'promoted',
      'rolled-back',
      'running',
    ]);
    await world.deployments.tick();
    world.time.now += 61_000;
    await world.deployments.tick();
    expect(await world.weights()).toEqual([[3, 100]]);
  });

  test('bad requests: an unknown endpoint, nothing to go back to, a guard that can never be known, a foreign endpoint', async () => {
    await expect(world.deployments.rollback(ctx, 'nobody', 'x')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await deploy(1);
    await expect(world.deployments.rollback(ctx, 'linear', 'x')).rejects.toMatchObject({ code: 'MW-STATE' });
    const unknown = endpointSpec([10, 100], ['eror_rate > 1%']);
    await expect(
      world.deployments.plan(ctx, { project: 'p', endpoint: unknown, version: await world.version(2) }),
    ).rejects.toMatchObject({ code: 'MW-CONFIG-EXPRESSION', where: 'millwright.yaml:20' });
    const plan = await world.deployments.plan(ctx, {
      project: 'other',
      endpoint: endpointSpec([100]),
      version: await world.version(2),
    });
    await expect(world.deployments.deploy(ctx, plan, 'x')).rejects.toMatchObject({ code: 'MW-EXISTS' });
  });
});
