/** Brings the data plane to what the store desires. Repeating it does no harm: the epoch says what the plane already has. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Endpoint, Rollout } from '../../domain/deployments.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { DataPlane, PlaneModel, PlaneRoute } from '../../ports/data-plane.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { layOut } from './servable.ts';

export interface PushDeps {
  readonly store: MetadataStore;
  readonly plane: DataPlane;
  readonly artifacts: ArtifactStore;
  /** Folder in the home where model files are laid out for the data plane. */
  readonly modelFolder: string;
}

export type PushResult =
  | { readonly state: 'applied' }
  /** The plane does not answer; `reconcile` tries again. */
  | { readonly state: 'waiting'; readonly reason: string }
  /** A release does not load or warm. The plane kept its old route. */
  | { readonly state: 'refused'; readonly releaseId: string | undefined; readonly reason: string };

/** What the route may name now or after a rollback. */
function wantedReleases(endpoint: Endpoint, running: Rollout | undefined): readonly string[] {
  const ids = endpoint.weights.map((weight) => weight.releaseId);
  if (endpoint.mirror !== undefined) ids.push(endpoint.mirror.releaseId);
  if (endpoint.previous !== undefined) ids.push(endpoint.previous.releaseId);
  if (running?.fromReleaseId !== undefined) ids.push(running.fromReleaseId);
  return [...new Set(ids)];
}

async function planeModel(deps: PushDeps, releaseId: string): Promise<PlaneModel> {
  const release = await deps.store.releases.get(releaseId);
  if (release === undefined) throw new MillwrightError('MW-INTERNAL', `release ${releaseId} is not in the store`);
  const { model, version, modelDigest, runtime, signature, goldenDigest } = release;
  const place = `${deps.modelFolder}/${modelDigest.replace('sha256:', '')}`;
  const path = runtime?.kind === 'python' ? place : `${place}.onnx`;
  const golden =
    goldenDigest === undefined ? undefined : `${deps.modelFolder}/${goldenDigest.replace('sha256:', '')}.golden.json`;
  try {
    if (runtime?.kind === 'python') await layOut(deps.artifacts, modelDigest, place);
    else if (runtime?.kind !== 'proxy') await deps.artifacts.materialize(modelDigest, path);
    if (goldenDigest !== undefined && golden !== undefined) await deps.artifacts.materialize(goldenDigest, golden);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillwrightError('MW-MODEL-LOAD', `the model of ${releaseId} cannot be read: ${reason}`, {
      where: releaseId,
      cause: error,
    });
  }
  return {
    releaseId,
    model,
    version,
    modelDigest,
    path,
    ...(runtime === undefined ? {} : { runtime }),
    ...(signature === undefined ? {} : { signature }),
    ...(golden === undefined ? {} : { golden }),
  };
}

async function routeOf(deps: PushDeps, endpoint: Endpoint, running: Rollout | undefined): Promise<PlaneRoute> {
  const named = new Set(endpoint.weights.map((weight) => weight.releaseId));
  if (endpoint.mirror !== undefined) named.add(endpoint.mirror.releaseId);
  const models: PlaneModel[] = [];
  for (const releaseId of wantedReleases(endpoint, running)) {
    try {
      models.push(await planeModel(deps, releaseId));
    } catch (error) {
      // A release that is only kept for a rollback must not stop the one that serves.
      if (named.has(releaseId)) throw error;
    }
  }
  const weights = endpoint.weights.map(({ releaseId, percent }) => ({ releaseId, percent }));
  const { mirror, experiment, limits, log } = endpoint;
  return {
    endpoint: endpoint.id,
    epoch: endpoint.epoch,
    weights,
    models,
    ...(mirror === undefined ? {} : { mirror: { releaseId: mirror.releaseId, percent: mirror.percent } }),
    ...(experiment === undefined ? {} : { experiment }),
    ...(limits === undefined ? {} : { limits }),
    ...(log === undefined ? {} : { log }),
  };
}

/** The plane has an epoch that is not older than ours: ours is raised above it, unless it is the very one. */
async function outrank(deps: PushDeps, endpoint: Endpoint): Promise<Endpoint | undefined> {
  const status = await deps.plane.status();
  const theirs = status.routes.find((route) => route.endpoint === endpoint.id)?.epoch ?? -1;
  if (theirs === endpoint.epoch) return undefined;
  return deps.store.endpoints.update(endpoint.id, (doc) => (doc.epoch > theirs ? doc : { ...doc, epoch: theirs + 1 }));
}

export async function pushRoute(deps: PushDeps, endpointId: string): Promise<PushResult> {
  const endpoint = await deps.store.endpoints.get(endpointId);
  if (endpoint === undefined || endpoint.weights.length === 0) return { state: 'applied' };
  const running = endpoint.rolloutId === undefined ? undefined : await deps.store.rollouts.get(endpoint.rolloutId);
  const route = async (doc: Endpoint): Promise<void> => deps.plane.apply(await routeOf(deps, doc, running));
  try {
    try {
      await route(endpoint);
    } catch (error) {
      if (!(error instanceof MillwrightError && error.code === 'MW-CONFLICT')) throw error;
      const raised = await outrank(deps, endpoint);
      if (raised !== undefined) await route(raised);
    }
    return { state: 'applied' };
  } catch (error) {
    if (!(error instanceof MillwrightError)) throw error;
    if (error.code === 'MW-MODEL-LOAD' || error.code === 'MW-INVALID') {
      return { state: 'refused', releaseId: error.where?.split(' ')[0], reason: error.message };
    }
    return { state: 'waiting', reason: error.message };
  }
}
