/** An accepted version → its image → a release on the endpoint → the champion alias. Three arrows, three handlers. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { Context } from '../../ports/context.ts';
import type { Reaction } from '../dispatcher.ts';
import { isAlone, outcomeOf } from '../deployment-target.ts';
import { type LoopDeps, systemContext } from './deps.ts';
import { followAlias } from './follow-alias.ts';

/** model_version.registered (accepted) → packaging. */
export function packageModel(deps: LoopDeps): Reaction {
  return {
    name: 'package-model',
    types: ['model_version.registered'],
    async handle(event, signal) {
      if (event.type !== 'model_version.registered' || event.data.verdict !== 'accepted') return;
      const version = await deps.store.versions.get(`${event.data.model}/${event.data.version}`);
      if (version?.lineage === undefined) return;
      const made = await deps.store.images.find({ where: { model: version.model, version: version.number }, limit: 1 });
      if (made.length > 0) return;
      const environment =
        version.lineage.environmentId === undefined
          ? undefined
          : await deps.store.environments.get(version.lineage.environmentId);
      const ctx = systemContext(deps, signal, event);
      await deps.packaging.apply(ctx, deps.packaging.plan(version, environment), event.project);
    },
  };
}

/** What serves becomes the champion: a version that the gates of that alias refuse is not released. The refusal is kept and told. */
async function mayServe(deps: LoopDeps, ctx: Context, { model, number }: ModelVersion): Promise<boolean> {
  try {
    await deps.registry.mayMove(model, 'champion', number);
    return true;
  } catch (error) {
    if (!(error instanceof MillwrightError && error.code === 'MW-GATE-REFUSED')) throw error;
    await followAlias(deps, ctx, { model, alias: 'champion', version: number });
    return false;
  }
}

/** image.built → release and rollout, or straight to champion when the project has no endpoint. */
export function releaseModel(deps: LoopDeps): Reaction {
  return {
    name: 'release-model',
    types: ['image.built'],
    async handle(event, signal) {
      if (event.type !== 'image.built') return;
      const { spec } = await deps.projects.get(event.project);
      const version = await deps.store.versions.get(`${event.data.model}/${event.data.version}`);
      if (version === undefined || spec.model?.name !== version.model) return;
      const ctx = systemContext(deps, signal, event);
      if (spec.endpoint === undefined) {
        await followAlias(deps, ctx, { model: version.model, alias: 'champion', version: version.number });
        return;
      }
      const released = await deps.store.releases.find({
        where: { endpoint: spec.endpoint.name, model: version.model, version: version.number },
        limit: 1,
      });
      if (released.length > 0) return;
      if (!(await mayServe(deps, ctx, version))) return;
      const outcome = outcomeOf(spec);
      const plan = await deps.deployments.plan(ctx, {
        project: event.project,
        endpoint: spec.endpoint,
        version,
        ...(outcome === undefined ? {} : { outcome }),
      });
      if (!plan.unchanged)
        await deps.deployments.deploy(ctx, plan, `${spec.project} v${version.number} passed its gates`);
    },
  };
}

/** rollout.promoted and endpoint.rolled_back → the alias `champion` names what serves. */
export function moveChampion(deps: LoopDeps): Reaction {
  return {
    name: 'move-champion',
    types: ['rollout.promoted', 'endpoint.rolled_back'],
    async handle(event, signal) {
      if (event.type !== 'rollout.promoted' && event.type !== 'endpoint.rolled_back') return;
      const endpoint = await deps.store.endpoints.get(event.data.endpoint);
      if (endpoint === undefined || (await isAlone(deps, endpoint))) return;
      const number = event.type === 'rollout.promoted' ? event.data.version : event.data.to;
      await followAlias(deps, systemContext(deps, signal, event), {
        model: endpoint.model,
        alias: 'champion',
        version: number,
      });
    },
  };
}
