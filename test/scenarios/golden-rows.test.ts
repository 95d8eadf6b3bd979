/** A model whose answers are not those it was exported with never takes a call: from the version's golden rows to the data plane's refusal. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDuckDbAnalytics } from '../../src/adapters/analytics-duckdb/index.ts';
import { openFileArtifacts } from '../../src/adapters/artifacts-fs/index.ts';
import { openMetadata } from '../../src/adapters/metadata-sql/index.ts';
import type { ModelVersion } from '../../src/domain/registry.ts';
import { ENDPOINT_LIMITS, LOG_POLICY } from '../../src/domain/serving.ts';
import { createDeployments } from '../../src/modules/deployments/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createIds } from '../../src/platform/ids.ts';
import type { Context } from '../../src/ports/context.ts';
import { inferLinear, startPlane } from './plane-harness.ts';
import type { PlaneHarness } from './plane-harness.ts';

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
  home = await mkdtemp(join(tmpdir(), 'mw-golden-'));
  store = await openMetadata(`sqlite://${join(home, 'mw.db')}`);
  harness = await startPlane();
});
afterAll(async () => {
  await harness.end();
  await store.close();
  await rm(home, { recursive: true, force: true });
});

test('golden rows travel with the version; a release that does not repeat them is rolled back before its first call', {
  timeout: 60_000,
}, async () => {
  const artifacts = await openFileArtifacts({ root: join(home, 'blobs'), temporary: join(home, 'tmp') });
  const deployments = createDeployments({
    store,
    plane: harness.plane,
    artifacts,
    analytics: createDuckDbAnalytics({ home }),
    clock: systemClock,
    ids: createIds(systemClock),
    modelFolder: join(home, 'models'),
  });
  /** Golden rows of linear-`rowsOf`, which answers rowsOf * x + rowsOf. */
  async function versionOf(number: number, rowsOf: number): Promise<ModelVersion> {
    const tensor = (name: string, data: readonly number[]) => ({ name, datatype: 'FP32', shape: [2, 2], data });
    const x = [1, 2, 3, 4];
    const y = x.map((value) => rowsOf * value + rowsOf);
    const golden = JSON.stringify({ inputs: [tensor('x', x)], outputs: [tensor('y', y)], tolerance: 1e-4 });
    const { digest } = await artifacts.put(await readFile(join(FIXTURES, `linear-${number}.onnx`)));
    return {
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
        goldenDigest: (await artifacts.put(new TextEncoder().encode(golden))).digest,
      },
    };
  }
  const endpoint = {
    name: 'linear',
    limits: ENDPOINT_LIMITS,
    log: LOG_POLICY,
    rollout: { strategy: 'all-at-once' as const, mirror: 100, steps: [100], hold: { ms: 0, calls: 0 }, rollBackIf: [] },
  };
  const deploy = async (version: ModelVersion) =>
    deployments.deploy(ctx, await deployments.plan(ctx, { project: 'p', endpoint, version }), 'test');

  await deploy(await versionOf(1, 1));
  expect(await inferLinear(harness.rest)).toEqual({ version: 1, values: [2, 3] });
  const { stats } = await harness.plane.status();
  expect(stats[0]?.releases[0]).toMatchObject({ version: 1, goldenRows: 2 });

  const { rollout, release } = await deploy(await versionOf(2, 3));
  expect(release?.goldenDigest).toMatch(/^sha256:/);
  expect(rollout).toMatchObject({
    status: 'rolled-back',
    reason: expect.stringContaining('row 0, output "y": expected 6, observed 4'),
  });
  expect(await inferLinear(harness.rest)).toEqual({ version: 1, values: [2, 3] });
  expect((await harness.plane.status()).stats[0]?.releases.map(({ version }) => version)).toEqual([1]);
});
