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
import { createMeasurements } from './measurements.ts';
import type { MeasurementDeps } from './measurements.ts';
import { planDeployment } from './plan.ts';
import type { DeploymentPlan, Servable } from './plan.ts';
import { advance, emit, rollBackRollout } from './rollout-steps.ts';
import type { Author, StepDeps } from './rollout-steps.ts';
import { pushRoute } from './route-push.ts';
import type { PushDeps, PushResult } from './route-push.ts';
import { changeSettings, runningOf, startRollout } from './start-rollout.ts';
import { settledOn, stableOf } from './transitions.ts';
import { setBaseline, watch } from './watch.ts';

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
    request: {
      readonly project: string;
      readonly endpoint: EndpointSpec;
      readonly version: ModelVersion;
      /** What the version is served from; default: the ONNX artifact of its pipeline. */
      readonly servable?: Servable;
      /** The outcome that `quality.*` guards judge by. */
      readonly outcome?: string;
    },
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

type DeploymentsDeps = PushDeps & StepDeps & MeasurementDeps;

const SYSTEM: Author = { actor: 'system' };
const authorOf = (ctx: Context): Author => ({
  actor: ctx.principal.name,
  ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
});

export function createDeployments(deps: DeploymentsDeps): Deployments {
  const { store, plane, clock } = deps;
  const alone = createMutex();
  const measurements = createMeasurements(deps);
  /** Something was committed that the plane did not get: it is to be tried again, whether a rollout runs or not. */
  let behind = false;

  async function current(id: string): Promise<Endpoint> {
    const endpoint = await store.endpoints.get(id);
    if (endpoint === undefined)
      throw new MillwrightError('MW-NOT-FOUND', `there is no endpoint "${id}"`, { next: 'list them with: mw status' });
    return endpoint;
  }

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
    behind ||= result.state === 'waiting';
    if (result.state !== 'refused') return result;
    const running = await runningOf(store, await store.endpoints.get(endpointId));
    if (running !== undefined && (result.releaseId === undefined || result.releaseId === running.releaseId))
      await refused(running, author, result);
    return result;
  }

  /** A rollout without anything to watch (first deployment, all at once) is promoted as soon as it serves. */
  async function settleOrWatch(rollout: Rollout, author: Author): Promise<void> {
    const watched =
      rollout.guards.length > 0 || rollout.hold.ms > 0 || rollout.hold.calls > 0 || rollout.steps.length > 1;
    if (!watched) await advance(deps, rollout.id, author, 'at once');
    else
      await plane.status().then(
        (status) => setBaseline(deps, rollout, status),
        () => undefined,
      );
  }

  /** Limits and log without a release. What the plane refuses is taken back, or it would be tried for ever. */
  async function changeNow(plan: DeploymentPlan, author: Author): Promise<Deployed> {
    const before = await store.transaction((tx) => changeSettings(deps, tx, plan, author));
    const result = await push(plan.endpoint, author);
    if (result.state === 'refused') {
      await store.transaction(async (tx) => {
        await tx.endpoints.update(plan.endpoint, ({ limits: _limits, log: _log, ...doc }) => ({
          ...doc,
          ...(before.limits === undefined ? {} : { limits: before.limits }),
          ...(before.log === undefined ? {} : { log: before.log }),
          epoch: doc.epoch + 1,
        }));
        const changes = [`taken back: ${result.reason}`];
        await emit(deps, tx, plan.project, author, {
          type: 'endpoint.changed',
          data: { endpoint: plan.endpoint, changes },
        });
      });
      await push(plan.endpoint, author);
      throw new MillwrightError('MW-STATE', `the data plane refused it, nothing changed: ${result.reason}`, {
        where: plan.endpoint,
        next: 'mw deploy --plan',
      });
    }
    return { endpoint: await current(plan.endpoint), unchanged: false };
  }

  async function deployNow(ctx: Context, plan: DeploymentPlan, cause: string): Promise<Deployed> {
    if (plan.unchanged) return { endpoint: await current(plan.endpoint), unchanged: true };
    const author = authorOf(ctx);
    if (plan.settings) return changeNow(plan, author);
    const { rollout, release } = await store.transaction((tx) => startRollout(deps, tx, plan, cause, author));
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

  const watching = {
    ...deps,
    measurements,
    push: (endpoint: string) => push(endpoint, SYSTEM),
    status: () => plane.status(),
  };

  async function tickNow(): Promise<void> {
    const rollouts = await store.rollouts.find({ where: { status: 'running' }, limit: 1000 });
    measurements.retain(rollouts);
    if (rollouts.length === 0 && !behind) return;
    const status = await plane.status().catch(() => undefined);
    if (status === undefined) return;
    behind = false;
    await reconcileWith(status);
    for (const { id } of rollouts) {
      const rollout = await store.rollouts.get(id);
      const endpoint = rollout === undefined ? undefined : await store.endpoints.get(rollout.endpoint);
      if (rollout?.status === 'running' && endpoint?.rolloutId === id) await watch(watching, rollout, status);
    }
  }

  return {
    async plan(_ctx, { project, endpoint: spec, version, servable, outcome }) {
      const endpoint = await store.endpoints.get(spec.name);
      const running = await runningOf(store, endpoint);
      const named = [...(endpoint?.weights ?? []), ...(running === undefined ? [] : [running])];
      const releases = await Promise.all(named.map(({ releaseId }) => store.releases.get(releaseId)));
      const [image] = await store.images.find({ where: { model: version.model, version: version.number }, limit: 1 });
      return planDeployment({
        project,
        spec,
        version,
        releases: releases.filter((release) => release !== undefined),
        ...(servable === undefined ? {} : { servable }),
        ...(outcome === undefined ? {} : { outcome }),
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
