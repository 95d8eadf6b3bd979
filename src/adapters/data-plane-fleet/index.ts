/** The data plane of this machine and those that follow it, as one. */
export { createFleet } from './fleet.ts';
export type { LocalPlane } from './fleet.ts';
