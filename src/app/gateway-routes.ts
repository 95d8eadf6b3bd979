/** The protocols that the data plane speaks on its one HTTP port, in the order they are asked. */
import { createContainerRoutes } from '../api/containers/containers.ts';
import type { ContainerContract } from '../api/containers/contract.ts';
import { createModelDocsRoutes } from '../api/model-docs/model-docs.ts';
import type { HttpRoutes } from '../api/oip/http-server.ts';
import { createMetricsRoutes } from '../api/oip/metrics.ts';
import type { MetricsDeps } from '../api/oip/metrics.ts';
import { createOipRoutes } from '../api/oip/rest.ts';
import type { RestDeps } from '../api/oip/rest.ts';
import { createV1Routes } from '../api/predict-v1/predict-v1.ts';
import { createScoringRoutes } from '../api/scoring/scoring.ts';

export function gatewayRoutes(
  deps: RestDeps & {
    readonly metrics: Omit<MetricsDeps, 'serving'>;
    /** In a cloud's model container: its own routes. */
    readonly container?: ContainerContract;
  },
): readonly HttpRoutes[] {
  const { serving, ready } = deps;
  const oip = createOipRoutes(deps);
  return [
    // Before the protocol whose addresses it shares; it takes a handful of GETs and looks at the last part of the path only.
    createModelDocsRoutes({ serving, example: (name) => serving.example(name), failed: oip.failed }),
    oip,
    createScoringRoutes(serving, ready),
    createContainerRoutes(serving, ready, deps.container),
    createV1Routes(serving, ready),
    createMetricsRoutes({ serving, ...deps.metrics }, oip.failed),
  ];
}
