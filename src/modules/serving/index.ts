/** The data plane (its own process): routes, validation, inference, prediction log. */
export { createServing } from './serving.ts';
export type { EndpointStats, InferAnswer, InferCall, Serving } from './serving.ts';
export { createPredictionLog } from './prediction-log.ts';
