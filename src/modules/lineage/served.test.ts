/** Which release took calls when. */
import { expect, test } from 'vitest';
import { createMemoryMetadata } from '../../adapters/memory/index.ts';
import type { Rollout } from '../../domain/deployments.ts';
import { servedAt, servedReleases } from './served.ts';

test('a shadow serves from its first share on, and one that ended as a shadow never did', async () => {
  const store = createMemoryMetadata();
  const rollout = (id: number, more: Partial<Rollout>): Rollout => ({
    id: `e-o${id}`,
    createdAt: id * 100,
    endpoint: 'e',
    releaseId: `e-r${id}`,
    status: 'running',
    steps: [{ percent: 100, startedAt: id * 100 }],
    stepIndex: 0,
    hold: { ms: 0, calls: 0 },
    guards: [],
    cause: 'test',
    ...more,
  });
  const copies = { percent: 0, mirror: 100 };
  await store.rollouts.insert(rollout(1, { status: 'promoted', endedAt: 101 }));
  await store.rollouts.insert(
    rollout(2, { status: 'rolled-back', endedAt: 250, steps: [{ ...copies, startedAt: 200 }, { percent: 100 }] }),
  );
  await store.rollouts.insert(
    rollout(3, { steps: [{ ...copies, startedAt: 300 }, { percent: 50, startedAt: 350 }, { percent: 100 }] }),
  );
  const served = await servedReleases(store, 'e', 'p');
  expect(served.some((one) => one.releaseId === 'e-r2')).toBe(false);
  expect(servedAt(served, 'e-r1', 320)).toBe(true);
  expect(servedAt(served, 'e-r3', 320)).toBe(false);
  expect(servedAt(served, 'e-r3', 360)).toBe(true);
});
