/** Endpoints: releases, traffic, rollouts and rollbacks. */
export { createDeployments } from './deployments.ts';
export type { Deployments } from './deployments.ts';
export { createServables } from './servable.ts';
export type { Servables } from './servable.ts';
export type { DeploymentPlan } from './plan.ts';
export { kubernetesObjects, inferenceService } from './kubernetes/objects.ts';
export { applyCluster, planCluster } from './kubernetes/cluster-plan.ts';
