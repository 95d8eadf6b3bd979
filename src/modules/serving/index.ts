/** The data plane (its own process): routes, validation, inference, prediction log. */
export { createServing } from './serving.ts';
export type { EndpointStats, EndpointView, InferAnswer, InferCall, Serving } from './serving.ts';
export { createPredictionLog } from './prediction-log.ts';
export type { PredictionLog } from './prediction-log.ts';
