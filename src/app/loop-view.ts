/** Adapts the modules to what the HTTP handlers ask for by endpoint or project name. */
import type { ApiDeps, WantedVersion } from '../api/http/deps.ts';
import { MillwrightError } from '../domain/errors.ts';
import type { DeploymentPlan } from '../modules/deployments/index.ts';
import type { Context } from '../ports/context.ts';
import { deploymentTarget } from './deployment-target.ts';
import type { LoopDeps } from './reactions/deps.ts';
import { startPipeline } from './reactions/start-pipeline.ts';

export function deploymentView(deps: LoopDeps): ApiDeps['deployments'] {
  /** `prepare`: a Python model's environment is built; a plan alone changes nothing. */
  const planFor = async (
    ctx: Context,
    endpoint: string,
    wanted: WantedVersion,
    prepare: boolean,
  ): Promise<DeploymentPlan> => {
    const target = await deploymentTarget(deps, endpoint, wanted);
    const { project, version, outcome } = target;
    // What serves a project becomes its champion: a version that the alias would refuse does not start.
    if (target.champion) await deps.registry.mayMove(version.model, 'champion', version.number);
    const { limits } = target.spec;
    const servable = prepare
      ? await deps.servables.prepare(ctx, version, limits, (line) => ctx.log.info({ version: version.id }, line))
      : await deps.servables.describe(version, endpoint, limits);
    return deps.deployments.plan(ctx, {
      project,
      endpoint: target.spec,
      version,
      servable,
      ...(outcome === undefined ? {} : { outcome }),
    });
  };
  return {
    plan: (ctx, endpoint, wanted) => planFor(ctx, endpoint, wanted, false),
    async deploy(ctx, endpoint, wanted) {
      const plan = await planFor(ctx, endpoint, wanted, true);
      const rollout = plan.unchanged
        ? undefined
        : (await deps.deployments.deploy(ctx, plan, `by ${ctx.principal.name}`)).rollout;
      const now = await deps.store.endpoints.get(endpoint);
      if (now === undefined) throw new MillwrightError('MW-NOT-FOUND', `no endpoint "${endpoint}"`, { where: 'name' });
      return { endpoint: now, unchanged: plan.unchanged, ...(rollout === undefined ? {} : { rollout }) };
    },
    rollback: (ctx, endpoint) => deps.deployments.rollback(ctx, endpoint, `by ${ctx.principal.name}`),
  };
}

/** The registry asks the gates of the alias. */
export function promoteView(deps: LoopDeps): ApiDeps['promote'] {
  return async (ctx, model, number, alias) => {
    await deps.registry.setAlias(ctx, model, alias, number);
  };
}

export function pipelineView(deps: LoopDeps): ApiDeps['pipelines'] {
  return {
    start: (ctx, project, cause, set) => startPipeline(deps, ctx, project, cause, set),
    async cancel(ctx, runId) {
      await deps.pipelines.cancel(ctx, runId);
    },
    async log(runId, step, attempt, offset) {
      const part = await deps.pipelines.log(runId, step, attempt, offset);
      return { text: part.text, next: part.next, done: part.over };
    },
    async explain(runId, step) {
      const record = await deps.store.stepRuns.get(`${runId}/${step}`);
      if (record?.reusedFrom !== undefined)
        return `the same command, code, inputs, parameters and environment as ${record.reusedFrom}`;
      const parts = record === undefined ? undefined : await deps.pipelines.explain(runId, step);
      return parts === undefined || parts.length === 0
        ? undefined
        : `ran again because of ${parts.map((part) => part.part).join(', ')}`;
    },
  };
}
