/** Every request of the comparison with the real server, in the order of playing. */
import { EXPERIMENTS } from './corpus-experiments.ts';
import { LOGGED_MODELS, REGISTRY } from './corpus-registry.ts';
import { ARTIFACTS, SERVER, WEBHOOKS } from './corpus-server.ts';
import { RUNS } from './corpus-runs.ts';
import { SEARCH } from './corpus-search.ts';
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
