/** Reads each thing once for one question. A thing that is gone is undefined. */
import type { DatasetVersion } from '../../domain/datasets.ts';
import type { Endpoint, Release } from '../../domain/deployments.ts';
import type { Environment } from '../../domain/environments.ts';
import type { Alert } from '../../domain/monitoring.ts';
import type { PipelineRun } from '../../domain/pipelines.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { LoggedModel, Run } from '../../domain/tracking.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import { type Served, servedReleases } from './served.ts';

type Getter<T> = (id: string) => Promise<T | undefined>;

export interface Reader {
  readonly stores: Stores;
  readonly dataset: Getter<DatasetVersion>;
  readonly environment: Getter<Environment>;
  readonly run: Getter<Run>;
  readonly model: Getter<LoggedModel>;
  readonly pipeline: Getter<PipelineRun>;
  readonly version: Getter<ModelVersion>;
  readonly release: Getter<Release>;
  readonly endpoint: Getter<Endpoint>;
  readonly alert: Getter<Alert>;
  /** Which release of an endpoint served when. */
  readonly served: (endpoint: string) => Promise<readonly Served[]>;
  /** Alerts of an endpoint. */
  readonly alertsOf: (endpoint: string) => Promise<readonly Alert[]>;
}

function once<T>(get: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (id) => {
    const found = known.get(id) ?? get(id);
    known.set(id, found);
    return found;
  };
}

export function createReader(stores: Stores): Reader {
  const endpoint = once((id) => stores.endpoints.get(id));
  return {
    stores,
    dataset: once((id) => stores.datasetVersions.get(id)),
    environment: once((id) => stores.environments.get(id)),
    run: once((id) => stores.tracking.getRun(id)),
    model: once((id) => stores.tracking.getLoggedModel(id)),
    pipeline: once((id) => stores.pipelineRuns.get(id)),
    version: once((id) => stores.versions.get(id)),
    release: once((id) => stores.releases.get(id)),
    endpoint,
    alert: once((id) => stores.alerts.get(id)),
    served: once(async (id) => servedReleases(stores, id, (await endpoint(id))?.project)),
    alertsOf: once(async (id) => {
      const project = (await endpoint(id))?.project;
      if (project === undefined) return [];
      return (await stores.alerts.find({ where: { project }, limit: 1000 })).filter((alert) => alert.endpoint === id);
    }),
  };
}
