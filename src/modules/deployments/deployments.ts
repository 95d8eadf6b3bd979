/**
 * Releases, endpoints and rollouts. Durable order: the desired state in one transaction, then the data plane; whoever dies between
 * the two leaves a higher epoch in the store than in the plane, which `reconcile` (and every `tick`) repairs.
 */
import type { Endpoint, Release, Rollout } from '../../domain/deployments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { EndpointSpec } from '../../domain/project.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import { createMutex } from '../../platform/mutex.ts';
import type { Context } from '../../ports/context.ts';
import type { PlaneStatus } from '../../ports/data-plane.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import { describe, readGuards, windowOf } from './guards.ts';
import { planDeployment } from './plan.ts';
import type { DeploymentPlan } from './plan.ts';
import { advance, emit, rollBackRollout } from './rollout-steps.ts';
import type { Author, StepDeps } from './rollout-steps.ts';
import { pushRoute } from './route-push.ts';
import type { PushDeps, PushResult } from './route-push.ts';
import { atBaseline, ended, observed, settledOn, stableOf, withShare } from './transitions.ts';

interface Deployed {
  readonly endpoint: Endpoint;
  /** Rolled-back at once when the candidate did not load; `reason` says why. */
  readonly rollout?: Rollout;
  readonly release?: Release;
  readonly unchanged: boolean;
}

interface RolledBack {
  readonly endpoint: Endpoint;
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

export interface Deployments {
  /** Reads and writes nothing else. Throws MW-STATE for a version that cannot be served, MW-CONFIG-EXPRESSION for an unusable guard. */
  plan(
    ctx: Context,
    request: { readonly project: string; readonly endpoint: EndpointSpec; readonly version: ModelVersion },
  ): Promise<DeploymentPlan>;
  /** Does what the plan says. A running rollout of the endpoint is ended and its candidate replaced. */
  deploy(ctx: Context, plan: DeploymentPlan, cause: string): Promise<Deployed>;
  /** The release before takes all calls: it is warm, so this is one pointer write. Throws MW-STATE when there is none, MW-NOT-FOUND. */
  rollback(ctx: Context, endpoint: string, reason: string): Promise<RolledBack>;
  /** Watches running rollouts: advances, promotes or rolls back. Call it every second or so; does nothing while the plane is silent. */
  tick(): Promise<void>;
  /** Pushes what the plane does not have (it restarted, or we died between commit and push). Returns the endpoints pushed. */
  reconcile(): Promise<readonly string[]>;
  get(endpoint: string): Promise<Endpoint | undefined>;
  list(project?: string): Promise<readonly Endpoint[]>;
  rollouts(endpoint: string, limit?: number): Promise<readonly Rollout[]>;
}

type DeploymentsDeps = PushDeps & StepDeps;

const SYSTEM: Author = { actor: 'system' };
const authorOf = (ctx: Context): Author => ({
  actor: ctx.principal.name,
  ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
});

export function createDeployments(deps: DeploymentsDeps): Deployments {
  const { store, plane, clock } = deps;
  const alone = createMutex();

  async function current(id: string): Promise<Endpoint> {
    const endpoint = await store.endpoints.get(id);
    if (endpoint === undefined)
      throw new MillwrightError('MW-NOT-FOUND', `there is no endpoint "${id}"`, { next: 'list them with: mw status' });
    return endpoint;
  }

  const runningOf = async (stores: Stores, endpoint: Endpoint | undefined): Promise<Rollout | undefined> => {
    const rollout = endpoint?.rolloutId === undefined ? undefined : await stores.rollouts.get(endpoint.rolloutId);
    return rollout?.status === 'running' ? rollout : undefined;
  };

  /** The candidate did not load: production goes on unchanged and the rollout says why. */
  async function refused(
    rollout: Rollout,
    author: Author,
    why: Extract<PushResult, { state: 'refused' }>,
  ): Promise<void> {
    await rollBackRollout(deps, rollout.id, author, why.reason);
    await pushRoute(deps, rollout.endpoint);
  }

  /** Pushes and reacts to a refusal of the running candidate. */
  async function push(endpointId: string, author: Author): Promise<PushResult> {
    const result = await pushRoute(deps, endpointId);
    if (result.state !== 'refused') return result;
    const running = await runningOf(store, await store.endpoints.get(endpointId));
    if (running !== undefined && (result.releaseId === undefined || result.releaseId === running.releaseId))
      await refused(running, author, result);
    return result;
  }

  async function setBaseline(rollout: Rollout, status: PlaneStatus): Promise<void> {
    const stats = status.stats
      .find((entry) => entry.endpoint === rollout.endpoint)
      ?.releases.find((entry) => entry.releaseId === rollout.releaseId);
    const baseline = {
      planeStartedAt: status.startedAt,
      calls: stats?.calls ?? 0,
      errors: stats?.errors ?? 0,
      latency: stats?.latency.counts ?? [],
    };
    await store.rollouts.update(rollout.id, (doc) => atBaseline(doc, baseline));
  }

  async function desire(
    tx: Stores,
    plan: DeploymentPlan,
    cause: string,
    author: Author,
  ): Promise<{ rollout: Rollout; release: Release }> {
    const now = clock.now();
    const before = await tx.endpoints.get(plan.endpoint);
    if (before !== undefined && before.project !== plan.project) {
      throw new MillwrightError(
        'MW-EXISTS',
        `the endpoint "${plan.endpoint}" belongs to the project ${before.project}`,
        {
          where: 'endpoint.name',
          next: 'choose another name in millwright.yaml',
        },
      );
    }
    const running = await runningOf(tx, before);
    const stable = before === undefined ? undefined : stableOf(before, running);
    if (running !== undefined && before !== undefined) {
      const reason = `replaced by v${plan.version}`;
      await tx.rollouts.update(running.id, (doc) => ended(doc, 'rolled-back', now, reason));
      const old = await tx.releases.get(running.releaseId);
      await emit(deps, tx, plan.project, author, {
        type: 'rollout.rolled_back',
        data: {
          endpoint: plan.endpoint,
          rolloutId: running.id,
          version: old?.version ?? 0,
          reason,
          ...(stable === undefined ? {} : { to: stable.version }),
        },
      });
    }
    const release: Release = {
      id: `${plan.endpoint}-r${await tx.counter(`release:${plan.endpoint}`)}`,
      createdAt: now,
      endpoint: plan.endpoint,
      model: plan.model,
      version: plan.version,
      modelDigest: plan.modelDigest,
      ...(plan.imageDigest === undefined ? {} : { imageDigest: plan.imageDigest }),
    };
    await tx.releases.insert(release);
    const direct = stable === undefined;
    const rollout: Rollout = {
      id: `${plan.endpoint}-o${await tx.counter(`rollout:${plan.endpoint}`)}`,
      createdAt: now,
      endpoint: plan.endpoint,
      releaseId: release.id,
      ...(stable === undefined ? {} : { fromReleaseId: stable.releaseId }),
      status: 'running',
      steps: (direct ? [100] : plan.steps).map((percent, index) =>
        index === 0 ? { percent, startedAt: now } : { percent },
      ),
      stepIndex: 0,
      hold: direct ? { ms: 0, calls: 0 } : plan.hold,
      guards: (direct ? [] : plan.guards).map((text) => ({ at: now, text, tripped: undefined })),
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
      ...withShare(settled, candidate, stable, rollout.steps[0]?.percent ?? 100),
      model: plan.model,
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

  /** A rollout without anything to watch (first deployment, all at once) is promoted as soon as it serves. */
  async function settleOrWatch(rollout: Rollout, author: Author): Promise<void> {
    const watched =
      rollout.guards.length > 0 || rollout.hold.ms > 0 || rollout.hold.calls > 0 || rollout.steps.length > 1;
    if (!watched) await advance(deps, rollout.id, author, 'at once');
    else
      await plane.status().then(
        (status) => setBaseline(rollout, status),
        () => undefined,
      );
  }

  async function deployNow(ctx: Context, plan: DeploymentPlan, cause: string): Promise<Deployed> {
    if (plan.unchanged) return { endpoint: await current(plan.endpoint), unchanged: true };
    const author = authorOf(ctx);
    const { rollout, release } = await store.transaction((tx) => desire(tx, plan, cause, author));
    const result = await push(plan.endpoint, author);
    if (result.state === 'applied') await settleOrWatch(rollout, author);
    const after = await store.rollouts.get(rollout.id);
    return {
      endpoint: await current(plan.endpoint),
      release,
      ...(after === undefined ? {} : { rollout: after }),
      unchanged: false,
    };
  }

  /** Reports a rollback that was desired and is now applied; also after a crash between the two. */
  async function finishRollback(endpointId: string): Promise<number> {
    return store.transaction(async (tx) => {
      const endpoint = await tx.endpoints.get(endpointId);
      const pending = endpoint?.pendingRollback;
      if (endpoint === undefined || pending === undefined) return 0;
      const ms = Math.max(0, clock.now() - pending.at);
      await tx.endpoints.update(endpointId, ({ pendingRollback: _done, ...rest }) => rest);
      await emit(
        deps,
        tx,
        endpoint.project,
        { actor: pending.actor },
        { type: 'endpoint.rolled_back', data: { endpoint: endpointId, from: pending.from, to: pending.to, ms } },
      );
      return ms;
    });
  }

  async function rollbackNow(ctx: Context, endpointId: string, reason: string): Promise<RolledBack> {
    const started = clock.monotonic();
    const author = authorOf(ctx);
    const endpoint = await current(endpointId);
    const running = await runningOf(store, endpoint);
    if (running !== undefined) {
      const to = stableOf(endpoint, running);
      if (to === undefined)
        throw new MillwrightError('MW-STATE', `"${endpointId}" has no release before this one`, {
          next: 'deploy another version with: mw deploy',
        });
      const candidate = await store.releases.get(running.releaseId);
      await rollBackRollout(deps, running.id, author, reason);
      await push(endpointId, author);
      return {
        endpoint: await current(endpointId),
        from: candidate?.version ?? 0,
        to: to.version,
        ms: clock.monotonic() - started,
      };
    }
    const [from] = endpoint.weights;
    const to = endpoint.previous;
    if (from === undefined || to === undefined) {
      throw new MillwrightError('MW-STATE', `"${endpointId}" has no release to go back to`, {
        where: endpointId,
        next: 'deploy another version with: mw deploy',
      });
    }
    const pendingRollback = { from: from.version, to: to.version, at: clock.now(), actor: author.actor };
    await store.endpoints.update(endpointId, (doc) => ({ ...settledOn(doc, to, from), pendingRollback }));
    const result = await push(endpointId, author);
    if (result.state === 'applied') await finishRollback(endpointId);
    else
      throw new MillwrightError('MW-UNAVAILABLE', `the rollback is noted and not yet applied: ${result.reason}`, {
        next: 'it is applied as soon as the data plane answers: mw status',
      });
    return { endpoint: await current(endpointId), from: from.version, to: to.version, ms: clock.monotonic() - started };
  }

  async function reconcileWith(status: PlaneStatus): Promise<readonly string[]> {
    const pushed: string[] = [];
    for (const endpoint of await store.endpoints.find({ limit: 10_000 })) {
      const theirs = status.routes.find((route) => route.endpoint === endpoint.id)?.epoch;
      if (endpoint.weights.length > 0 && theirs !== endpoint.epoch) {
        const result = await push(endpoint.id, SYSTEM);
        if (result.state === 'applied') pushed.push(endpoint.id);
        else continue;
      }
      if (endpoint.pendingRollback !== undefined) await finishRollback(endpoint.id);
    }
    return pushed;
  }

  async function watch(rollout: Rollout, status: PlaneStatus): Promise<void> {
    const step = rollout.steps[rollout.stepIndex];
    if (step === undefined) return;
    // A new plane counts from 0: what the step saw before is gone, so it is watched anew.
    if (step.baseline === undefined || step.baseline.planeStartedAt !== status.startedAt) {
      const fresh = step.baseline !== undefined;
      await setBaseline(rollout, fresh ? { ...status, stats: [] } : status);
      if (rollout.hold.ms > 0 || rollout.hold.calls > 0 || rollout.guards.length > 0) return;
    }
    const stats = status.stats
      .find((entry) => entry.endpoint === rollout.endpoint)
      ?.releases.find((entry) => entry.releaseId === rollout.releaseId);
    const window = windowOf(stats, step.baseline, status.startedAt);
    const now = clock.now();
    const guards = readGuards(
      rollout.guards.map((guard) => guard.text),
      window,
      rollout.hold.calls,
      now,
    );
    const moved =
      window.calls !== step.calls || guards.some((guard, index) => guard.tripped !== rollout.guards[index]?.tripped);
    if (moved) await store.rollouts.update(rollout.id, (doc) => observed(doc, guards, window.calls));
    const tripped = guards.find((guard) => guard.tripped === true);
    if (tripped !== undefined) {
      await rollBackRollout(
        deps,
        rollout.id,
        SYSTEM,
        `${tripped.text} at ${step.percent} %: observed ${tripped.observed ?? 'it'} (${describe(window)})`,
      );
      await push(rollout.endpoint, SYSTEM);
      return;
    }
    const held = now - (step.startedAt ?? now) >= rollout.hold.ms && window.calls >= rollout.hold.calls;
    if (!held || guards.some((guard) => guard.tripped === undefined)) return;
    if ((await advance(deps, rollout.id, SYSTEM, `${step.percent} % held: ${describe(window)}`)) !== 'stepped') return;
    const result = await push(rollout.endpoint, SYSTEM);
    const after = await store.rollouts.get(rollout.id);
    if (result.state === 'applied' && after?.status === 'running') await setBaseline(after, await plane.status());
  }

  async function tickNow(): Promise<void> {
    const rollouts = await store.rollouts.find({ where: { status: 'running' }, limit: 1000 });
    if (rollouts.length === 0) return;
    const status = await plane.status().catch(() => undefined);
    if (status === undefined) return;
    await reconcileWith(status);
    for (const { id } of rollouts) {
      const rollout = await store.rollouts.get(id);
      const endpoint = rollout === undefined ? undefined : await store.endpoints.get(rollout.endpoint);
      if (rollout?.status === 'running' && endpoint?.rolloutId === id) await watch(rollout, status);
    }
  }

  return {
    async plan(_ctx, { project, endpoint: spec, version }) {
      const endpoint = await store.endpoints.get(spec.name);
      const releases =
        endpoint === undefined
          ? []
          : await Promise.all(endpoint.weights.map((weight) => store.releases.get(weight.releaseId)));
      const running = await runningOf(store, endpoint);
      const [image] = await store.images.find({ where: { model: version.model, version: version.number }, limit: 1 });
      return planDeployment({
        project,
        spec,
        version,
        releases: releases.filter((release) => release !== undefined),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(running === undefined ? {} : { running }),
        ...(image === undefined ? {} : { imageDigest: image.id }),
      });
    },
    deploy: (ctx, plan, cause) => alone.run(() => deployNow(ctx, plan, cause)),
    rollback: (ctx, endpoint, reason) => alone.run(() => rollbackNow(ctx, endpoint, reason)),
    tick: () => alone.run(tickNow),
    reconcile: () => alone.run(async () => reconcileWith(await plane.status())),
    get: (endpoint) => store.endpoints.get(endpoint),
    list: (project) =>
      store.endpoints.find({ limit: 10_000, ...(project === undefined ? {} : { where: { project } }) }),
    rollouts: (endpoint, limit = 20) => store.rollouts.find({ where: { endpoint }, limit }),
  };
}
