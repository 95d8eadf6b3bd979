import { expect, it } from 'vitest';
import { trackingContract } from '../../testing/tracking.contract.ts';
import { createMemoryTracking } from './tracking.ts';

trackingContract('memory', async () => ({ tracking: createMemoryTracking().tracking, close: async () => {} }));

it('shows the writes of a fork to nobody until it is committed', async () => {
  const { tracking, fork } = createMemoryTracking();
  const change = async (to: typeof tracking) => {
    await to.createExperiment({ name: 'x', lifecycle: 'active', createdAt: 1, updatedAt: 1, tags: {} });
    await to.setExperimentTag('0', 'a', 'b');
  };
  await change(fork().tracking);
  expect(await tracking.getExperimentByName('x')).toBeUndefined();
  expect((await tracking.getExperiment('0'))?.tags).toEqual({});
  const kept = fork();
  await change(kept.tracking);
  kept.commit();
  expect((await tracking.getExperiment('0'))?.tags).toEqual({ a: 'b' });
});
