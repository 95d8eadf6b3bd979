import type { TrackingStore } from '../../ports/tracking-store.ts';
import { sqlArtifactRows } from './tracking-artifacts.ts';
import { sqlExperiments } from './tracking-experiments.ts';
import { sqlLog } from './tracking-log.ts';
import { sqlLoggedModels } from './tracking-models.ts';
import { sqlRuns } from './tracking-runs.ts';
import type { TrackingDb } from './tracking-tables.ts';

/** The tracking store over a database, or over an open transaction of it. */
export function createSqlTracking(db: TrackingDb): TrackingStore {
  return { ...sqlExperiments(db), ...sqlRuns(db), ...sqlLog(db), ...sqlLoggedModels(db), ...sqlArtifactRows(db) };
}
