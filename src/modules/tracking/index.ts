/** Experiments, runs, logged models and their artifacts: what MLflow's clients log, and what our own pipelines log the same way. */
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createArtifacts } from './artifacts.ts';
import type { Artifacts } from './artifacts.ts';
import { createExperiments } from './experiments.ts';
import type { Experiments } from './experiments.ts';
import { createRunGroups } from './groups.ts';
import type { RunGroups } from './groups.ts';
import { createLoggedModels } from './logged-models.ts';
import type { LoggedModels } from './logged-models.ts';
import { createPreviews } from './previews.ts';
import type { ParquetPreview } from '../../ports/parquet-preview.ts';
import type { Previews } from './previews.ts';
import { createRunChanges } from './run-changes.ts';
import type { RunChanges } from './run-changes.ts';
import { createRunTables } from './run-tables.ts';
import type { RunTables } from './run-tables.ts';
import { createRuns } from './runs.ts';
import type { Runs } from './runs.ts';
import { createSavedViews } from './saved-views.ts';
import type { SavedViews } from './saved-views.ts';
import { createTraces } from './traces.ts';
import type { Traces } from './traces.ts';
import { createUploads } from './uploads.ts';
import type { Uploads } from './uploads.ts';

import { createWandb } from './wandb.ts';
import type { Wandb } from './wandb.ts';
import { createWandbArtifacts } from './wandb-artifacts.ts';
import type { WandbArtifacts } from './wandb-artifacts.ts';

export { artifactPath, decodeOnce } from './artifact-path.ts';
export {
  checkKey,
  checkLength,
  checkRunId,
  invalidValue,
  MAX_REGISTRY_TAG_VALUE,
  missingValue,
} from './entry-rules.ts';
export { page, pageSize } from './paging.ts';
export type { Page } from './paging.ts';
export { parseSpanFile } from './span-file.ts';
export { storableTrace } from './trace-rules.ts';
export type { ArtifactFile, OwnerRef } from './artifacts.ts';
export type { Wandb } from './wandb.ts';
export type { WandbArtifacts } from './wandb-artifacts.ts';
export type { SearchQuery } from './experiments.ts';

export interface Tracking
  extends Experiments,
    Runs,
    RunTables,
    RunGroups,
    RunChanges,
    SavedViews,
    LoggedModels,
    Artifacts,
    Uploads,
    Previews,
    Traces {}

export interface TrackingDeps {
  readonly store: Pick<MetadataStore, 'tracking' | 'savedViews' | 'uploads' | 'transaction'>;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What the unmodified wandb client records through. */
export function createWandbDoor({
  store,
  artifacts,
  clock,
  ids,
}: Omit<TrackingDeps, 'store'> & { readonly store: MetadataStore }): Wandb & WandbArtifacts {
  const tracking = { ...createExperiments(store.tracking, clock), ...createRuns(store.tracking, clock, ids) };
  return {
    ...createWandb(store, artifacts, tracking, clock, ids),
    ...createWandbArtifacts(store, artifacts, clock, ids),
  };
}

/** Functions throw MillwrightError only; texts are MLflow's where a client may match them. */
export function createTracking({
  store,
  artifacts,
  clock,
  ids,
  parquet,
}: TrackingDeps & { readonly parquet?: ParquetPreview }): Tracking {
  const { tracking } = store;
  const files = createArtifacts(tracking, artifacts);
  return {
    ...createExperiments(tracking, clock),
    ...createRuns(tracking, clock, ids),
    ...createRunTables(tracking),
    ...createRunChanges(store, clock),
    ...createSavedViews(store, clock, ids),
    ...createPreviews(tracking, artifacts, parquet),
    ...createRunGroups(tracking),
    ...createLoggedModels(tracking, clock, ids),
    ...files,
    ...createUploads(store, artifacts, files, clock, ids),
    ...createTraces(tracking, artifacts, clock, ids),
  };
}
