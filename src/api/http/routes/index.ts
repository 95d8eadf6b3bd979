/** All handlers of our own API, one resource a file. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { endpointComparisonHandlers } from './endpoint-comparisons.ts';
import { endpointHandlers } from './endpoints.ts';
import { homeHandlers } from './home.ts';
import { identityHandlers } from './identity.ts';
import { modelHandlers } from './models.ts';
import { monitorHandlers } from './monitors.ts';
import { pipelineHandlers } from './pipelines.ts';
import { runHandlers } from './runs.ts';
import { runCurvesHandlers } from './run-curves.ts';
import { runGroupsHandlers } from './run-groups.ts';
import { runFilesHandlers } from './run-files.ts';
import { runChangesHandlers } from './run-changes.ts';
import { lineageHandlers } from './lineage.ts';
import { sqlHandlers } from './sql.ts';
import { retentionHandlers } from './retention.ts';
import { modelChangesHandlers } from './model-changes.ts';
import { traceHandlers } from './traces.ts';

export function createHandlers(deps: ApiDeps): Handlers {
  return {
    ...homeHandlers(deps),
    ...runHandlers(deps),
    ...pipelineHandlers(deps),
    ...modelHandlers(deps),
    ...endpointHandlers(deps),
    ...endpointComparisonHandlers(deps),
    ...monitorHandlers(deps),
    ...identityHandlers(deps),
    ...runCurvesHandlers(deps),
    ...runGroupsHandlers(deps),
    ...runFilesHandlers(deps),
    ...runChangesHandlers(deps),
    ...lineageHandlers(deps),
    ...sqlHandlers(deps),
    ...retentionHandlers(deps),
    ...modelChangesHandlers(deps),
    ...traceHandlers(deps),
  };
}
