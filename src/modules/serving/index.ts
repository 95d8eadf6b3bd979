/** The data plane (its own process): routes, validation, inference, prediction log. */
export { createServing } from './serving.ts';
export type { Serving } from './serving.ts';
export type { EndpointStats } from './endpoint-view.ts';
export type { InferAnswer, InferCall } from './infer.ts';
export { createPredictionLog } from './prediction-log.ts';
export { planBatch, runBatch } from './batch.ts';
