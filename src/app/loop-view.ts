/** Adapts the modules to what the HTTP handlers ask for by endpoint or project name. */
import type { ApiDeps } from '../api/http/deps.ts';
import { MillwrightError } from '../domain/errors.ts';
import type { EndpointSpec } from '../domain/project.ts';
import type { ModelVersion } from '../domain/registry.ts';
import type { LoopDeps } from './reactions/deps.ts';
import { startPipeline } from './reactions/start-pipeline.ts';

interface Target {
  readonly project: string;
  readonly spec: EndpointSpec;
  readonly model: string;
}

async function targetOf(deps: LoopDeps, endpoint: string): Promise<Target> {
  const specs = (await deps.projects.list()).map((project) => project.spec);
  const spec = specs.find((one) => one.endpoint?.name === endpoint);
  if (spec?.endpoint !== undefined && spec.model !== undefined)
    return { project: spec.project, spec: spec.endpoint, model: spec.model.name };
  const names = specs.flatMap((one) => (one.endpoint === undefined ? [] : [one.endpoint.name]));
  throw new MillwrightError(
    'MW-NOT-FOUND',
    `no project here has an endpoint "${endpoint}" (there are ${names.join(', ') || 'none'})`,
    {
      where: 'endpoint',
      next: 'add "endpoint: { name: … }" to millwright.yaml',
    },
  );
}

async function versionFor(deps: LoopDeps, model: string, number: number | undefined): Promise<ModelVersion> {
  if (number === undefined) {
    const [newest] = await deps.store.versions.find({ where: { model, verdict: 'accepted' }, limit: 1 });
    if (newest !== undefined) return newest;
    throw new MillwrightError('MW-NOT-FOUND', `model "${model}" has no accepted version`, {
      where: 'version',
      next: 'mw run',
    });
  }
  const version = await deps.store.versions.get(`${model}/${number}`);
  if (version === undefined || version.deletedAt !== undefined) {
    throw new MillwrightError('MW-NOT-FOUND', `model "${model}" has no version ${number}`, {
      where: 'version',
      next: `mw models ${model}`,
    });
  }
  if (version.verdict === 'refused') {
    throw new MillwrightError(
      'MW-GATE-REFUSED',
      `v${number} was refused: ${version.description ?? 'its gates did not pass'}. Production unchanged.`,
      {
        where: 'version',
        next: `mw models ${model}/${number}`,
      },
    );
  }
  return version;
}

export function deploymentView(deps: LoopDeps): ApiDeps['deployments'] {
  const planFor = async (
    ctx: Parameters<ApiDeps['deployments']['plan']>[0],
    endpoint: string,
    number: number | undefined,
  ) => {
    const target = await targetOf(deps, endpoint);
    const version = await versionFor(deps, target.model, number);
    // What serves becomes the champion: a version that the alias would refuse does not start.
    await deps.registry.mayMove(target.model, 'champion', version.number);
    return deps.deployments.plan(ctx, { project: target.project, endpoint: target.spec, version });
  };
  return {
    plan: planFor,
    async deploy(ctx, endpoint, number) {
      const plan = await planFor(ctx, endpoint, number);
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
