/** Endpoints: releases, traffic, rollouts and rollbacks. */
export { createDeployments } from './deployments.ts';
export type { Deployed, Deployments, DeploymentsDeps, RolledBack } from './deployments.ts';
export type { DeploymentPlan } from './plan.ts';
