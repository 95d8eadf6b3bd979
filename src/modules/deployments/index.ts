/** Endpoints: releases, traffic, rollouts and rollbacks. */
export { createDeployments } from './deployments.ts';
export type { Deployments } from './deployments.ts';
