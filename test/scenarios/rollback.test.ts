/** Going back and forth twenty times on a real data plane, on a real store, under constant load over REST. */
import { ENDPOINT_LIMITS, LOG_POLICY } from '../../src/domain/serving.ts';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDuckDbAnalytics } from '../../src/adapters/analytics-duckdb/index.ts';
import { openFileArtifacts } from '../../src/adapters/artifacts-fs/index.ts';
import { openMetadata } from '../../src/adapters/metadata-sql/index.ts';
import type { ModelVersion } from '../../src/domain/registry.ts';
import { createDeployments } from '../../src/modules/deployments/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createIds } from '../../src/platform/ids.ts';
import type { Context } from '../../src/ports/context.ts';
import { inferLinear, type PlaneHarness, startPlane } from './plane-harness.ts';

const silent = (): void => undefined;
const ctx: Context = {
  principal: { name: 'tester', role: 'admin' },
  log: { debug: silent, info: silent, warn: silent, error: silent },
  signal: new AbortController().signal,
};
const FIXTURES = fileURLToPath(new URL('../../src/testing/fixtures/', import.meta.url));

let harness: PlaneHarness;
let home: string;
let store: Awaited<ReturnType<typeof openMetadata>>;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mw-rollback-'));
  store = await openMetadata(`sqlite://${join(home, 'mw.db')}`);
  harness = await startPlane();
});
afterAll(async () => {
  await harness.end();
  await store.close();
  await rm(home, { recursive: true, force: true });
});

test('20 rollbacks under load: none fails, no answer is mixed, each is seen within a second', {
  timeout: 120_000,
}, async () => {
  const artifacts = await openFileArtifacts({ root: join(home, 'blobs'), temporary: join(home, 'tmp') });
  const analytics = createDuckDbAnalytics({ home });
  const deployments = createDeployments({
    store,
    plane: harness.plane,
    artifacts,
    analytics,
    clock: systemClock,
    ids: createIds(systemClock),
    modelFolder: join(home, 'models'),
  });
  async function deploy(number: number): Promise<void> {
    const { digest } = await artifacts.put(await readFile(join(FIXTURES, `linear-${number}.onnx`)));
    const version: ModelVersion = {
      id: `linear/${number}`,
      model: 'linear',
      number,
      createdAt: 1,
      updatedAt: 1,
      stage: 'None',
      source: 's',
      tags: {},
      status: 'READY',
      metrics: {},
      championMetrics: {},
      gates: [],
      verdict: 'accepted',
      lineage: {
        project: 'p',
        pipelineRunId: 'p-1',
        artifactDigest: digest,
        artifactName: 'model.onnx',
        datasetVersionIds: [],
        codeDigest: 'c',
        params: {},
      },
    };
    const endpoint = {
      name: 'linear',
      limits: ENDPOINT_LIMITS,
      log: LOG_POLICY,
      rollout: {
        strategy: 'all-at-once' as const,
        mirror: 100,
        steps: [100],
        hold: { ms: 0, calls: 0 },
        rollBackIf: [],
      },
    };
    await deployments.deploy(ctx, await deployments.plan(ctx, { project: 'p', endpoint, version }), 'test');
  }
  await deploy(1);
  await deploy(2);

  const answers: { readonly version: number; readonly started: number; readonly ended: number }[] = [];
  const failures: string[] = [];
  const stop = new AbortController();
  const caller = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const started = performance.now();
      try {
        const { version, values } = await inferLinear(harness.rest);
        answers.push({ version, started, ended: performance.now() });
        if (values[0] !== 2 * version || values[1] !== 3 * version)
          failures.push(`v${version} answered ${values.join(',')}`);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const callers = Array.from({ length: 8 }, caller);
  // The control loop of the server ticks meanwhile, as it does.
  const ticks = setInterval(() => void deployments.tick().catch((error: unknown) => failures.push(String(error))), 200);

  const swaps: { readonly to: number; readonly asked: number; readonly done: number }[] = [];
  for (let i = 0; i < 20; i += 1) {
    const asked = performance.now();
    const { to, from } = await deployments.rollback(ctx, 'linear', 'a test');
    const done = performance.now();
    swaps.push({ to, asked, done });
    expect([from, to]).toEqual(i % 2 === 0 ? [2, 1] : [1, 2]);
    await expect
      .poll(() => answers.filter((one) => one.started > done).length, { timeout: 10_000, interval: 10 })
      .toBeGreaterThan(20);
  }
  stop.abort();
  await Promise.all(callers);
  clearInterval(ticks);

  expect(failures).toEqual([]);
  swaps.forEach(({ to, asked, done }, i) => {
    const until = swaps[i + 1]?.asked ?? Number.POSITIVE_INFINITY;
    const wrong = answers.filter((one) => one.started > done && one.ended < until && one.version !== to);
    expect(wrong, `after rollback ${i + 1} to v${to}`).toEqual([]);
    const first = answers.filter((one) => one.ended > asked && one.ended < until && one.version === to)[0];
    expect((first?.ended ?? Number.POSITIVE_INFINITY) - asked).toBeLessThan(1000);
  });
  const events = await store.events.find({ types: ['endpoint.rolled_back'], limit: 100 });
  expect(events).toHaveLength(20);
});
