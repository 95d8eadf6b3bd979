import { expect, test } from 'vitest';
import { createMemoryMetadata } from '../../../adapters/memory/index.ts';
import type { Endpoint, Rollout } from '../../../domain/deployments.ts';
import type { ApiDeps } from '../deps.ts';
import type { PlaneStatus } from '../../../ports/data-plane.ts';
import { endpointWire } from './endpoint-wire.ts';
import { endpointHandlers } from './endpoints.ts';

const weight = (version: number, percent: number) => ({ releaseId: `e-r${version}`, version, percent });
const ctx = { principal: { name: 'ann', role: 'admin' as const } } as Parameters<
  ReturnType<typeof endpointHandlers>['endpoints']
>[0];

async function rolesOf(endpoint: Partial<Endpoint>, rollout?: Partial<Rollout>): Promise<Record<string, string>> {
  const store = createMemoryMetadata();
  await store.endpoints.insert({
    id: 'e',
    createdAt: 1,
    project: 'p',
    model: 'm',
    epoch: 1,
    weights: [],
    ...(rollout === undefined ? {} : { rolloutId: 'e-o1' }),
    ...endpoint,
  });
  if (rollout !== undefined) {
    await store.rollouts.insert({
      id: 'e-o1',
      createdAt: 1,
      endpoint: 'e',
      releaseId: '',
      status: 'running',
      steps: [{ percent: 10, startedAt: 1 }],
      stepIndex: 0,
      hold: { ms: 0, calls: 10 },
      guards: [],
      cause: 'test',
      ...rollout,
    });
  }
  const handlers = endpointHandlers({
    store,
    plane: { status: async () => undefined, addresses: () => ({ rest: 'http://127.0.0.1:1', grpc: '127.0.0.1:2' }) },
    clock: { now: () => 2, monotonic: () => 2 },
  } as unknown as ApiDeps);
  const { endpoints } = await handlers.endpoints(ctx, { params: {}, query: {}, body: undefined });
  return Object.fromEntries(endpoints[0]?.releases.map((one) => [`v${one.version}`, one.role]) ?? []);
}

test('the candidate is the release on trial, also when it is the older version', async () => {
  const forward = { releaseId: 'e-r3', fromReleaseId: 'e-r2' };
  expect(await rolesOf({ weights: [weight(3, 10), weight(2, 90)] }, forward)).toEqual({
    v3: 'candidate',
    v2: 'champion',
  });
  const back = { releaseId: 'e-r2', fromReleaseId: 'e-r3' };
  expect(await rolesOf({ weights: [weight(2, 10), weight(3, 90)], previous: weight(1, 0) }, back)).toEqual({
    v2: 'candidate',
    v3: 'champion',
    v1: 'previous',
  });
});

test('at its last step it is on trial still; without a rollout there is a champion and the one before', async () => {
  const running = { releaseId: 'e-r3', fromReleaseId: 'e-r2' };
  const all = { weights: [weight(3, 100)], previous: weight(2, 0) };
  expect(await rolesOf(all, running)).toEqual({ v3: 'candidate', v2: 'champion' });
  expect(await rolesOf(all)).toEqual({ v3: 'champion', v2: 'previous' });
  expect(await rolesOf({ weights: [weight(1, 100)] }, { releaseId: 'e-r1' })).toEqual({ v1: 'champion' });
});

test('what the data plane counts stands beside what is desired: a shadow, its state, means of batches, and no limits kept means the defaults', () => {
  const mirror = { releaseId: 'e-r2', version: 2, percent: 50 };
  const counted = {
    releaseId: 'e-r2',
    version: 2,
    calls: 8,
    rows: 16,
    errors: 1,
    rejected: 0,
    latency: { bounds: [1, 10], counts: [8, 0] },
    inFlight: 0,
    state: 'cold',
    coldStarts: 3,
    runtime: {
      waiting: 2,
      queueMs: 20,
      computeMs: 12,
      batches: 4,
      batchedRows: 16,
      batchSizes: { bounds: [], counts: [] },
      shed: 2,
      replicas: 0,
      restarts: 1,
    },
  } as const;
  const status = {
    startedAt: 1,
    pid: 2,
    stats: [{ endpoint: 'e', releases: [counted] }],
    log: {},
  } as unknown as PlaneStatus;
  const wire = endpointWire(
    { id: 'e', createdAt: 1, project: 'p', model: 'm', epoch: 1, weights: [weight(1, 100)], mirror },
    { status, rollout: undefined, releases: new Map(), addresses: { rest: 'http://a', grpc: 'b' }, now: 5 },
  );
  expect(wire).toMatchObject({ mirror, limits: { timeoutMs: 30_000 }, logging: { sample: 100, redact: [] } });
  expect(wire.releases).toMatchObject([
    { releaseId: 'e-r1', role: 'champion', percent: 100, calls: 0, runtime: 'onnx' },
    {
      releaseId: 'e-r2',
      role: 'shadow',
      percent: 0,
      state: 'cold',
      coldStarts: 3,
      batchRows: 4,
      computeMs: 3,
      queueMs: 2,
    },
  ]);
  expect(wire.releases[1]).toMatchObject({ waiting: 2, shed: 2, replicas: 0, restarts: 1 });
  expect(wire.releases[0]).not.toHaveProperty('state');
});
