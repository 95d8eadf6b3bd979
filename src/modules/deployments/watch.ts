/** One look at a running rollout: what the candidate did since its step began, and what comes of it. */
import { isDeepStrictEqual } from 'node:util';
import type { Rollout, StepBaseline } from '../../domain/deployments.ts';
import { longTime } from '../../domain/rollout-reading.ts';
import type { PlaneStatus, ReleaseStats } from '../../ports/data-plane.ts';
import { decideAb, describeAb } from './ab-test.ts';
import { describe, readGuards, windowOf } from './guards.ts';
import type { StepEvidence } from './guards.ts';
import type { Measurements } from './measurements.ts';
import { advance, promoteRollout, rollBackRollout } from './rollout-steps.ts';
import type { Author, StepDeps } from './rollout-steps.ts';
import type { PushResult } from './route-push.ts';
import { atBaseline, observed } from './transitions.ts';

export interface WatchDeps extends StepDeps {
  readonly measurements: Measurements;
  /** Brings the endpoint's route to the plane. */
  readonly push: (endpoint: string) => Promise<PushResult>;
  /** The plane's counters, newly read. */
  readonly status: () => Promise<PlaneStatus>;
}

const SYSTEM: Author = { actor: 'system' };

function statsOf(status: PlaneStatus, endpoint: string, releaseId: string | undefined): ReleaseStats | undefined {
  const found = status.stats.find((entry) => entry.endpoint === endpoint);
  return found?.releases.find((entry) => entry.releaseId === releaseId);
}

function baselineOf(rollout: Rollout, status: PlaneStatus): StepBaseline {
  const counted = (releaseId: string | undefined) => {
    const stats = statsOf(status, rollout.endpoint, releaseId);
    return { calls: stats?.calls ?? 0, errors: stats?.errors ?? 0, latency: stats?.latency.counts ?? [] };
  };
  return {
    planeStartedAt: status.startedAt,
    ...counted(rollout.releaseId),
    ...(rollout.fromReleaseId === undefined ? {} : { champion: counted(rollout.fromReleaseId) }),
  };
}

export async function setBaseline(deps: StepDeps, rollout: Rollout, status: PlaneStatus): Promise<void> {
  const baseline = baselineOf(rollout, status);
  await deps.store.rollouts.update(rollout.id, (doc) => atBaseline(doc, baseline));
}

function evidenceOf(
  rollout: Rollout,
  status: PlaneStatus,
  baseline: StepBaseline | undefined,
  measurements: Measurements,
): StepEvidence {
  const mirrored = rollout.steps[rollout.stepIndex]?.mirror !== undefined;
  const counted = status.stats.find((entry) => entry.endpoint === rollout.endpoint)?.shadow;
  const shadow = mirrored && counted?.releaseId === rollout.releaseId ? counted : undefined;
  const own = windowOf(statsOf(status, rollout.endpoint, rollout.releaseId), baseline);
  const errors = shadow?.errors ?? 0;
  return {
    // Copies that were not made because the candidate was too slow are no errors of it: a mirror runs below every caller.
    window: mirrored ? { ...own, calls: (shadow?.calls ?? 0) + errors, errors } : own,
    champion: windowOf(statsOf(status, rollout.endpoint, rollout.fromReleaseId), baseline?.champion),
    percent: rollout.steps[rollout.stepIndex]?.percent ?? 100,
    mirrored,
    shadow,
    measured: measurements.latest(rollout),
    holdCalls: rollout.hold.calls,
  };
}

/** Writes what was seen, if it is anything new. */
async function note(deps: WatchDeps, rollout: Rollout, evidence: StepEvidence): Promise<Rollout> {
  const now = deps.clock.now();
  const step = rollout.steps[rollout.stepIndex];
  const guards = readGuards(rollout.guards, evidence, now);
  const reading = evidence.measured.ab;
  const moved =
    evidence.window.calls !== step?.calls ||
    guards.some((guard, index) => guard.tripped !== rollout.guards[index]?.tripped) ||
    (reading !== undefined && !isDeepStrictEqual(reading, rollout.abReading));
  const seen = (doc: Rollout): Rollout => ({
    ...observed(doc, guards, evidence.window.calls),
    ...(reading === undefined ? {} : { abReading: reading }),
  });
  return moved ? deps.store.rollouts.update(rollout.id, seen) : seen(rollout);
}

async function takeBack(deps: WatchDeps, rollout: Rollout, reason: string): Promise<void> {
  await rollBackRollout(deps, rollout.id, SYSTEM, reason);
  await deps.push(rollout.endpoint);
}

async function judgeTest(deps: WatchDeps, rollout: Rollout, held: boolean): Promise<void> {
  const { ab, abReading } = rollout;
  if (ab === undefined) return;
  const decision = decideAb(rollout, held, deps.clock.now());
  if (decision === 'go on') return;
  const told = describeAb(ab, abReading);
  if (decision === 'roll back') {
    const late = abReading?.verdict === 'stable' ? '' : ` within ${longTime(ab.atMostMs)}; the old version stays`;
    await takeBack(deps, rollout, `${told}${late}`);
    return;
  }
  await promoteRollout(deps, rollout.id, SYSTEM, told);
  await deps.push(rollout.endpoint);
}

/** `status` was read just now. A rollout that cannot be judged yet stays as it is. */
export async function watch(deps: WatchDeps, rollout: Rollout, status: PlaneStatus): Promise<void> {
  const step = rollout.steps[rollout.stepIndex];
  if (step === undefined) return;
  const { hold, strategy } = rollout;
  const test = strategy === 'ab' && step.percent < 100;
  // A new plane counts from 0: what the step saw before is gone, so it is watched anew.
  if (step.baseline?.planeStartedAt !== status.startedAt) {
    const fresh = step.baseline !== undefined;
    await setBaseline(deps, rollout, fresh ? { ...status, stats: [] } : status);
    if (hold.ms > 0 || hold.calls > 0 || rollout.guards.length > 0 || test) return;
  }
  const evidence = evidenceOf(rollout, status, step.baseline, deps.measurements);
  const now = deps.clock.now();
  const seen = await note(deps, rollout, evidence);
  const story = describe(evidence.window, evidence.shadow);
  const tripped = seen.guards.find((guard) => guard.tripped === true);
  const place = step.mirror === undefined ? `at ${step.percent} %` : 'as a shadow';
  if (tripped !== undefined) {
    await takeBack(deps, rollout, `${tripped.text} ${place}: observed ${tripped.observed ?? 'it'} (${story})`);
    return;
  }
  const { calls, errors } = evidence.window;
  // A shadow without one answer to compare has shown nothing, however long it was there.
  const compared = step.mirror === undefined || calls > errors;
  const held = now - (step.startedAt ?? now) >= hold.ms && calls >= hold.calls && compared;
  if (test) {
    await judgeTest(deps, seen, held && seen.guards.every((guard) => guard.tripped === false));
    return;
  }
  if (!held || seen.guards.some((guard) => guard.tripped === undefined)) return;
  const reason = step.mirror === undefined ? `${step.percent} % held: ${story}` : `the shadow held: ${story}`;
  if ((await advance(deps, rollout.id, SYSTEM, reason)) !== 'stepped') return;
  const result = await deps.push(rollout.endpoint);
  const after = await deps.store.rollouts.get(rollout.id);
  if (result.state === 'applied' && after?.status === 'running') await setBaseline(deps, after, await deps.status());
}
