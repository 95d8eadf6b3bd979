import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryArtifacts, createMemoryMetadata } from '../../adapters/memory/index.ts';
import { createOnnxRuntime } from '../../adapters/runtime-onnx/onnx-runtime.ts';
import { parseCondition } from '../../domain/conditions.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { EndpointSpec } from '../../domain/project.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import { createIds } from '../../platform/ids.ts';
import type { Context } from '../../ports/context.ts';
import type { DataPlane, PlaneRoute } from '../../ports/data-plane.ts';
import { createServing } from '../serving/index.ts';
import type { Serving } from '../serving/index.ts';
import { createDeployments } from './index.ts';
import type { Deployments } from './index.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const ctx: Context = { principal: { name: 'ann', role: 'editor' }, log: quiet, signal: new AbortController().signal };

const endpointSpec = (steps: number[], guards: string[] = [], hold = { ms: 0, calls: 5 }): EndpointSpec => ({
  name: 'linear',
  rollout: {
    strategy: 'canary',
    steps,
    hold,
    rollBackIf: guards.map((text) => ({ text, condition: parseCondition(text), where: 'millwright.yaml:20' })),
  },
});

/** The real serving module and engine in this process, behind the port; `down` makes it silent. */
function localPlane(runtime: ReturnType<typeof createOnnxRuntime>, clock: { now(): number; monotonic(): number }) {
  const state = { down: false, startedAt: 1, routes: [] as readonly PlaneRoute[] };
  const fresh = (): Serving =>
    createServing({
      runtime,
      clock,
      ids: createIds(clock),
      log: { add() {} },
      persist: (routes) => {
        state.routes = routes;
        return Promise.resolve();
      },
      verify: () => Promise.resolve(),
      onError: () => undefined,
    });
  let serving = fresh();
  const up = (): void => {
    if (state.down) throw new MillwrightError('MW-UNAVAILABLE', 'down');
  };
  const plane: DataPlane = {
    async apply(route) {
      up();
      await serving.apply(route);
    },
    async remove(endpoint) {
      up();
      await serving.remove(endpoint);
    },
    async status() {
      up();
      const routes = serving.endpoints().map(({ endpoint, epoch }) => ({ endpoint, epoch }));
      return {
        pid: 1,
        startedAt: state.startedAt,
        rest: '',
        grpc: '',
        routes,
        stats: serving.stats(),
        log: { written: 0, dropped: 0, pending: 0 },
        rssBytes: 0,
        cpuSeconds: 0,
      };
    },
    signature: (releaseId) => Promise.resolve(serving.releaseSignature(releaseId)),
    flush: () => Promise.resolve(),
  };
  const call = async (times: number): Promise<number[]> => {
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }] as const;
    const answers = await Promise.all(
      Array.from({ length: times }, () => serving.infer({ endpoint: 'linear', inputs })),
    );
    return answers.map((answer) => answer.version);
  };
  const restart = async (): Promise<void> => {
    serving = fresh();
    state.startedAt += 1;
    await serving.restore(state.routes);
  };
  return { plane, state, call, restart };
}

describe('deployments', () => {
  let folder: string;
  let runtime: ReturnType<typeof createOnnxRuntime>;
  let local: ReturnType<typeof localPlane>;
  let store: ReturnType<typeof createMemoryMetadata>;
  let artifacts: ReturnType<typeof createMemoryArtifacts>;
  let deployments: Deployments;
  let now = 1_000_000;
  const clock = { now: () => now, monotonic: () => performance.now() };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mw-deploy-'));
    runtime = createOnnxRuntime({ workers: 1 });
    local = localPlane(runtime, clock);
    store = createMemoryMetadata();
    artifacts = createMemoryArtifacts();
    deployments = createDeployments({
      store,
      plane: local.plane,
      artifacts,
      clock,
      ids: createIds(clock),
      modelFolder: folder,
    });
  });
  afterEach(async () => {
    await runtime.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function version(number: number, file = `linear-${number}.onnx`): Promise<ModelVersion> {
    const bytes = await readFile(fileURLToPath(new URL(`../../testing/fixtures/${file}`, import.meta.url)));
    const { digest } = await artifacts.put(bytes);
    const lineage = {
      project: 'p',
      pipelineRunId: 'p-1',
      artifactDigest: digest,
      artifactName: 'model.onnx',
      datasetVersionIds: [],
      codeDigest: 'c',
      params: {},
    };
    const named = {
      id: `linear/${number}`,
      model: 'linear',
      number,
      createdAt: now,
      updatedAt: now,
      stage: 'None',
      source: 's',
      tags: {},
    };
    return { ...named, status: 'READY', metrics: {}, championMetrics: {}, gates: [], verdict: 'accepted', lineage };
  }
  async function deploy(number: number, spec = endpointSpec([10, 50, 100]), file?: string) {
    const plan = await deployments.plan(ctx, { project: 'p', endpoint: spec, version: await version(number, file) });
    return deployments.deploy(ctx, plan, 'test');
  }
  const types = async (): Promise<string[]> =>
    (await store.events.find({ limit: 1000, order: 'oldest' })).map((event) => event.type);
  const weights = async (): Promise<unknown> =>
    (await deployments.get('linear'))?.weights.map((weight) => [weight.version, weight.percent]);

  test('the first deployment takes all calls at once and is promoted', async () => {
    const done = await deploy(1);
    expect(done.rollout?.status).toBe('promoted');
    expect(await weights()).toEqual([[1, 100]]);
    expect(await local.call(3)).toEqual([1, 1, 1]);
    expect(await types()).toEqual(['release.created', 'rollout.started', 'rollout.promoted']);
    const again = await deployments.plan(ctx, {
      project: 'p',
      endpoint: endpointSpec([100]),
      version: await version(9, 'linear-1.onnx'),
    });
    expect(again.unchanged).toBe(true);
    expect(again.changes.map((change) => change.text).join()).toContain('no changes');
    expect((await deployments.deploy(ctx, again, 'x')).unchanged).toBe(true);
    expect(await types()).toHaveLength(3);
  });

  test('a canary goes 10 → 50 → 100 as calls come in, is promoted, and the old release answers again after a rollback', async () => {
    await deploy(1);
    await deploy(2, endpointSpec([10, 50, 100], ['error_rate > 1%', 'latency.p99 > 5s']));
    expect(await weights()).toEqual([
      [2, 10],
      [1, 90],
    ]);
    await deployments.tick();
    expect(await weights()).toEqual([
      [2, 10],
      [1, 90],
    ]);
    const seen = await local.call(300);
    expect(seen.filter((v) => v === 2).length).toBeGreaterThan(10);
    expect(seen.filter((v) => v === 2).length).toBeLessThan(60);
    await deployments.tick();
    expect(await weights()).toEqual([
      [2, 50],
      [1, 50],
    ]);
    await deployments.tick();
    expect(await weights()).toEqual([
      [2, 50],
      [1, 50],
    ]);
    await local.call(60);
    await deployments.tick();
    expect(await weights()).toEqual([[2, 100]]);
    await local.call(10);
    await deployments.tick();
    expect((await deployments.rollouts('linear'))[0]).toMatchObject({ status: 'promoted' });
    expect(await deployments.get('linear')).toMatchObject({ previous: { version: 1 } });
    const back = await deployments.rollback(ctx, 'linear', 'felt wrong');
    expect(back).toMatchObject({ from: 2, to: 1 });
    expect(await local.call(3)).toEqual([1, 1, 1]);
    expect((await types()).slice(3)).toEqual([
      'release.created',
      'rollout.started',
      'rollout.stepped',
      'rollout.stepped',
      'rollout.promoted',
      'endpoint.rolled_back',
    ]);
    // And forth again: what was rolled back is still warm.
    expect(await deployments.rollback(ctx, 'linear', 'sorry')).toMatchObject({ from: 1, to: 2 });
  });

  test('a guard that trips gives all calls back; one without enough data neither advances nor rolls back', async () => {
    await deploy(1);
    const spec = endpointSpec([50, 100], ['latency.p50 > 0ms'], { ms: 0, calls: 8 });
    await deploy(2, spec);
    await local.call(4);
    await deployments.tick();
    expect(await weights()).toEqual([
      [2, 50],
      [1, 50],
    ]);
    expect((await deployments.rollouts('linear'))[0]?.guards[0]?.tripped).toBeUndefined();
    await local.call(60);
    await deployments.tick();
    expect(await weights()).toEqual([[1, 100]]);
    expect((await deployments.rollouts('linear'))[0]).toMatchObject({
      status: 'rolled-back',
      reason: expect.stringContaining('latency.p50 > 0ms at 50 %: observed'),
    });
    expect(await local.call(3)).toEqual([1, 1, 1]);
    expect(await types()).toContain('rollout.rolled_back');
  });

  test('a model that does not load or gives only NaN: rolled back with the reason, production unchanged', async () => {
    await deploy(1);
    for (const file of ['broken.onnx', 'nan.onnx']) {
      const done = await deploy(5, endpointSpec([10, 100]), file);
      expect(done.rollout?.status).toBe('rolled-back');
      expect(done.rollout?.reason).toMatch(file === 'nan.onnx' ? /not a number/ : /does not load/);
      expect(await weights()).toEqual([[1, 100]]);
      expect(await local.call(3)).toEqual([1, 1, 1]);
    }
    await deploy(2, endpointSpec([100]));
    expect(await weights()).toEqual([[2, 100]]);
  });

  test('a first model that does not load leaves an endpoint without releases, and the next one serves', async () => {
    expect((await deploy(1, endpointSpec([100]), 'broken.onnx')).rollout).toMatchObject({ status: 'rolled-back' });
    expect(await weights()).toEqual([]);
    expect((await deploy(2)).rollout?.status).toBe('promoted');
    expect(await local.call(1)).toEqual([2]);
  });

  test('what was committed while the plane was silent is applied when it answers again', async () => {
    await deploy(1);
    local.state.down = true;
    const done = await deploy(2, endpointSpec([50, 100]));
    expect(done.rollout?.status).toBe('running');
    await deployments.tick();
    await expect(deployments.reconcile()).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    local.state.down = false;
    expect(await deployments.reconcile()).toEqual(['linear']);
    expect(new Set(await local.call(40))).toEqual(new Set([1, 2]));
    expect(await deployments.reconcile()).toEqual([]);
    local.state.down = true;
    await expect(deployments.rollback(ctx, 'linear', 'x')).resolves.toMatchObject({ to: 1 });
    local.state.down = false;
    await deployments.reconcile();
    expect(new Set(await local.call(20))).toEqual(new Set([1]));
  });

  test('a rollback committed before a crash is applied and reported once', async () => {
    await deploy(1);
    await deploy(2, endpointSpec([100], [], { ms: 0, calls: 0 }));
    await deployments.tick();
    expect(await weights()).toEqual([[2, 100]]);
    local.state.down = true;
    await expect(deployments.rollback(ctx, 'linear', 'x')).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    expect(await types()).not.toContain('endpoint.rolled_back');
    local.state.down = false;
    await deployments.reconcile();
    await deployments.reconcile();
    expect((await types()).filter((type) => type === 'endpoint.rolled_back')).toHaveLength(1);
    expect(await local.call(2)).toEqual([1, 1]);
  });

  test('a plane that restarted is watched anew: its counters began at 0', async () => {
    await deploy(1);
    await deploy(2, endpointSpec([50, 100], ['error_rate > 1%'], { ms: 0, calls: 10 }));
    await local.call(14);
    await local.restart();
    await deployments.tick();
    expect(await weights()).toEqual([
      [2, 50],
      [1, 50],
    ]);
    await local.call(60);
    await deployments.tick();
    expect(await weights()).toEqual([[2, 100]]);
  });

  test('a hold in time is waited for, and a second candidate replaces the first', async () => {
    await deploy(1);
    await deploy(2, endpointSpec([10, 100], [], { ms: 60_000, calls: 0 }));
    await deployments.tick();
    expect(await weights()).toEqual([
      [2, 10],
      [1, 90],
    ]);
    await deploy(3, endpointSpec([20, 100], [], { ms: 60_000, calls: 0 }));
    expect(await weights()).toEqual([
      [3, 20],
      [1, 80],
    ]);
    expect((await deployments.rollouts('linear')).map((rollout) => rollout.status).sort()).toEqual([
      'promoted',
      'rolled-back',
      'running',
    ]);
    await deployments.tick();
    now += 61_000;
    await deployments.tick();
    expect(await weights()).toEqual([[3, 100]]);
  });

  test('bad requests: an unknown endpoint, nothing to go back to, a guard that can never be known, a foreign endpoint', async () => {
    await expect(deployments.rollback(ctx, 'nobody', 'x')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await deploy(1);
    await expect(deployments.rollback(ctx, 'linear', 'x')).rejects.toMatchObject({ code: 'MW-STATE' });
    const unknown = endpointSpec([10, 100], ['eror_rate > 1%']);
    await expect(
      deployments.plan(ctx, { project: 'p', endpoint: unknown, version: await version(2) }),
    ).rejects.toMatchObject({ code: 'MW-CONFIG-EXPRESSION', where: 'millwright.yaml:20' });
    const plan = await deployments.plan(ctx, {
      project: 'other',
      endpoint: endpointSpec([100]),
      version: await version(2),
    });
    await expect(deployments.deploy(ctx, plan, 'x')).rejects.toMatchObject({ code: 'MW-EXISTS' });
  });
});
