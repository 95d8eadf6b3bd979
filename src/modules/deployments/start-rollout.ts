/** Writes what a plan desires: the release, its rollout and the endpoint's first step, in one transaction. */
import type { Endpoint, Release, Rollout, RolloutStep } from '../../domain/deployments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import type { DeploymentPlan } from './plan.ts';
import { emit } from './rollout-steps.ts';
import type { Author, StepDeps } from './rollout-steps.ts';
import { ended, settledOn, shareOf, stableOf, withShare } from './transitions.ts';

export interface Started {
  readonly rollout: Rollout;
  readonly release: Release;
}

/** The rollout of the endpoint that runs now. */
export async function runningOf(stores: Stores, endpoint: Endpoint | undefined): Promise<Rollout | undefined> {
  const rollout = endpoint?.rolloutId === undefined ? undefined : await stores.rollouts.get(endpoint.rolloutId);
  return rollout?.status === 'running' ? rollout : undefined;
}

function mine(before: Endpoint | undefined, plan: DeploymentPlan): void {
  if (before === undefined || before.project === plan.project) return;
  throw new MillwrightError('MW-EXISTS', `the endpoint "${plan.endpoint}" belongs to the project ${before.project}`, {
    where: 'endpoint.name',
    next: 'choose another name in millwright.yaml',
  });
}

async function replaced(
  deps: StepDeps,
  tx: Stores,
  plan: DeploymentPlan,
  author: Author,
  running: Rollout,
  to: number | undefined,
): Promise<void> {
  const reason = `replaced by v${plan.version}`;
  await tx.rollouts.update(running.id, (doc) => ended(doc, 'rolled-back', deps.clock.now(), reason));
  const old = await tx.releases.get(running.releaseId);
  await emit(deps, tx, plan.project, author, {
    type: 'rollout.rolled_back',
    data: {
      endpoint: plan.endpoint,
      rolloutId: running.id,
      version: old?.version ?? 0,
      reason,
      ...(to === undefined ? {} : { to }),
    },
  });
}

function stepsOf(plan: DeploymentPlan, direct: boolean, now: number): readonly RolloutStep[] {
  const shares: readonly RolloutStep[] = direct ? [{ percent: 100 }] : plan.steps.map((percent) => ({ percent }));
  const shadow = direct || plan.mirror === undefined ? [] : [{ percent: 0, mirror: plan.mirror }];
  return [...shadow, ...shares].map((step, index) => (index === 0 ? { ...step, startedAt: now } : step));
}

async function newRelease(deps: StepDeps, tx: Stores, plan: DeploymentPlan): Promise<Release> {
  const { runtime, signature, goldenDigest, environmentId, modelDigest } = plan.servable;
  const release: Release = {
    id: `${plan.endpoint}-r${await tx.counter(`release:${plan.endpoint}`)}`,
    createdAt: deps.clock.now(),
    endpoint: plan.endpoint,
    model: plan.model,
    version: plan.version,
    modelDigest,
    ...(plan.imageDigest === undefined ? {} : { imageDigest: plan.imageDigest }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(signature === undefined ? {} : { signature }),
    ...(goldenDigest === undefined ? {} : { goldenDigest }),
    ...(environmentId === undefined ? {} : { environmentId }),
  };
  await tx.releases.insert(release);
  return release;
}

/** Throws MW-EXISTS for an endpoint of another project. */
export async function startRollout(
  deps: StepDeps,
  tx: Stores,
  plan: DeploymentPlan,
  cause: string,
  author: Author,
): Promise<Started> {
  const now = deps.clock.now();
  const before = await tx.endpoints.get(plan.endpoint);
  mine(before, plan);
  const running = await runningOf(tx, before);
  const stable = before === undefined ? undefined : stableOf(before, running);
  if (running !== undefined) await replaced(deps, tx, plan, author, running, stable?.version);
  const release = await newRelease(deps, tx, plan);
  const direct = stable === undefined;
  const rollout: Rollout = {
    id: `${plan.endpoint}-o${await tx.counter(`rollout:${plan.endpoint}`)}`,
    createdAt: now,
    endpoint: plan.endpoint,
    releaseId: release.id,
    ...(stable === undefined ? {} : { fromReleaseId: stable.releaseId }),
    status: 'running',
    strategy: direct ? 'all-at-once' : plan.strategy,
    ...(direct || plan.ab === undefined ? {} : { ab: plan.ab }),
    steps: stepsOf(plan, direct, now),
    stepIndex: 0,
    hold: direct ? { ms: 0, calls: 0 } : plan.hold,
    guards: (direct ? [] : plan.guards).map((text) => ({ at: now, text, tripped: undefined })),
    ...(direct || plan.outcome === undefined ? {} : { outcome: plan.outcome }),
    ...(direct || plan.atMostMs === undefined ? {} : { atMostMs: plan.atMostMs }),
    cause,
  };
  await tx.rollouts.insert(rollout);
  const bare: Endpoint = before ?? {
    id: plan.endpoint,
    createdAt: now,
    project: plan.project,
    model: plan.model,
    epoch: 0,
    weights: [],
  };
  const settled = running === undefined ? bare : settledOn(bare, stable, bare.previous);
  const candidate = { releaseId: release.id, version: plan.version };
  const next: Endpoint = {
    ...withShare(settled, candidate, stable, shareOf(rollout, 0)),
    model: plan.model,
    limits: plan.limits,
    log: plan.log,
    rolloutId: rollout.id,
  };
  if (before === undefined) await tx.endpoints.insert(next);
  else await tx.endpoints.update(plan.endpoint, () => next);
  await emit(deps, tx, plan.project, author, {
    type: 'release.created',
    data: { endpoint: plan.endpoint, releaseId: release.id, version: plan.version },
  });
  await emit(deps, tx, plan.project, author, {
    type: 'rollout.started',
    data: {
      endpoint: plan.endpoint,
      rolloutId: rollout.id,
      version: plan.version,
      ...(stable === undefined ? {} : { from: stable.version }),
    },
  });
  return { rollout, release };
}

/** Limits and log of a plan without a new release: a new epoch of the route. Returns the endpoint as it was. */
export async function changeSettings(
  deps: StepDeps,
  tx: Stores,
  plan: DeploymentPlan,
  author: Author,
): Promise<Endpoint> {
  const before = await tx.endpoints.get(plan.endpoint);
  mine(before, plan);
  if (before === undefined)
    throw new MillwrightError('MW-NOT-FOUND', `there is no endpoint "${plan.endpoint}"`, { next: 'mw deploy' });
  const { limits, log } = plan;
  await tx.endpoints.update(plan.endpoint, (doc) => ({ ...doc, limits, log, epoch: doc.epoch + 1 }));
  await emit(deps, tx, plan.project, author, {
    type: 'endpoint.changed',
    data: {
      endpoint: plan.endpoint,
      changes: plan.changes.filter((change) => change.sign === '~').map((change) => change.text),
    },
  });
  return before;
}
