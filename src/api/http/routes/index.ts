/** All handlers of our own API, one resource a file. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { endpointHandlers } from './endpoints.ts';
import { homeHandlers } from './home.ts';
import { identityHandlers } from './identity.ts';
import { modelHandlers } from './models.ts';
import { monitorHandlers } from './monitors.ts';
import { pipelineHandlers } from './pipelines.ts';
import { runHandlers } from './runs.ts';

export function createHandlers(deps: ApiDeps): Handlers {
  return {
    ...homeHandlers(deps),
    ...runHandlers(deps),
    ...pipelineHandlers(deps),
    ...modelHandlers(deps),
    ...endpointHandlers(deps),
    ...monitorHandlers(deps),
    ...identityHandlers(deps),
  };
}
