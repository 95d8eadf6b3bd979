/** The machine's clock. */
import { performance } from 'node:perf_hooks';

/** Wall clock and monotonic clock, both in ms. */
export const systemClock = {
  now: (): number => Date.now(),
  monotonic: (): number => performance.now(),
};
