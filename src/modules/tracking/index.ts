/** Experiments, runs, logged models and their artifacts: what MLflow's clients log, and what our own pipelines log the same way. */
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createArtifacts } from './artifacts.ts';
import type { Artifacts } from './artifacts.ts';
import { createExperiments } from './experiments.ts';
import type { Experiments } from './experiments.ts';
import { createLoggedModels } from './logged-models.ts';
import type { LoggedModels } from './logged-models.ts';
import { createRuns } from './runs.ts';
import type { Runs } from './runs.ts';
import { createTraces } from './traces.ts';
import type { Traces } from './traces.ts';

export { artifactPath, decodeOnce } from './artifact-path.ts';
export { checkKey, checkLength, invalidValue, MAX_REGISTRY_TAG_VALUE, missingValue } from './entry-rules.ts';
export { page, pageSize } from './paging.ts';
export type { Page } from './paging.ts';
export type { ArtifactFile, OwnerRef } from './artifacts.ts';
export type { SearchQuery } from './experiments.ts';

export interface Tracking extends Experiments, Runs, LoggedModels, Artifacts, Traces {}

export interface TrackingDeps {
  readonly store: Pick<MetadataStore, 'tracking'>;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Functions throw MillwrightError only; texts are MLflow's where a client may match them. */
export function createTracking({ store, artifacts, clock, ids }: TrackingDeps): Tracking {
  const { tracking } = store;
  return {
    ...createExperiments(tracking, clock),
    ...createRuns(tracking, clock, ids),
    ...createLoggedModels(tracking, clock, ids),
    ...createArtifacts(tracking, artifacts),
    ...createTraces(tracking),
  };
}
