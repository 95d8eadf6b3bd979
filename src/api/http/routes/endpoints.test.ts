import { expect, test } from 'vitest';
import { createMemoryMetadata } from '../../../adapters/memory/index.ts';
import type { Endpoint, Rollout } from '../../../domain/deployments.ts';
import type { ApiDeps } from '../deps.ts';
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
