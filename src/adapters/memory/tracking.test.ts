import { expect, it } from 'vitest';
import { trackingContract } from '../../testing/tracking.contract.ts';
import { createMemoryTracking } from './tracking.ts';

trackingContract('memory', async () => ({ tracking: createMemoryTracking().tracking, close: async () => {} }));

it('puts a snapshot back whole', async () => {
  const { tracking, snapshot } = createMemoryTracking();
  const undo = snapshot();
  await tracking.createExperiment({ name: 'x', lifecycle: 'active', createdAt: 1, updatedAt: 1, tags: {} });
  await tracking.setExperimentTag('0', 'a', 'b');
  undo();
  expect(await tracking.getExperimentByName('x')).toBeUndefined();
  expect((await tracking.getExperiment('0'))?.tags).toEqual({});
});
