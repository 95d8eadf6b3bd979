import type { TrackingStore } from '../../ports/tracking-store.ts';
import type { SqlEngine } from './engine.ts';
import { sqlArtifactRows } from './tracking-artifacts.ts';
import { sqlDatasets } from './tracking-datasets.ts';
import { sqlExperiments } from './tracking-experiments.ts';
import { sqlHistory } from './tracking-history.ts';
import { sqlLog } from './tracking-log.ts';
import { sqlLoggedModels } from './tracking-models.ts';
import { sqlRuns } from './tracking-runs.ts';
import { sqlTraces } from './tracking-traces.ts';
import type { TraceDb } from './tracking-traces-rows.ts';
import type { TrackingDb } from './tracking-tables.ts';

/** The tracking store over a database, or over an open transaction of it. */
export function createSqlTracking(db: TrackingDb, engine: SqlEngine): TrackingStore {
  return {
    ...sqlExperiments(db, engine),
    ...sqlRuns(db, engine),
    ...sqlLog(db, engine),
    ...sqlHistory(db, engine),
    ...sqlDatasets(db),
    ...sqlLoggedModels(db, engine),
    ...sqlArtifactRows(db, engine),
    ...sqlTraces(db as unknown as TraceDb, engine),
  };
}
