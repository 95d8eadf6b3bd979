/** Every request of the comparison with the real server, in the order of playing. */
import { LOGGED_MODELS, REGISTRY } from './corpus-registry.ts';
import { ARTIFACTS, SERVER, WEBHOOKS } from './corpus-server.ts';
import { SEARCH } from './corpus-search.ts';
import { EXPERIMENTS, RUNS } from './corpus-tracking.ts';
import type { Step } from './step.ts';

export const CORPUS: readonly Step[] = [
  ...EXPERIMENTS,
  ...RUNS,
  ...SEARCH,
  ...LOGGED_MODELS,
  ...REGISTRY,
  ...ARTIFACTS,
  ...WEBHOOKS,
  ...SERVER,
];
