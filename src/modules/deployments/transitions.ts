/** How an endpoint and its rollout change: pure functions from document to document. Every change of a route raises the epoch. */
import type { Endpoint, GuardReading, Rollout, RolloutStep, StepBaseline, Weight } from '../../domain/deployments.ts';

const all = (weight: Omit<Weight, 'percent'>): readonly Weight[] => [
  { releaseId: weight.releaseId, version: weight.version, percent: 100 },
];

/** The release that takes the calls a candidate does not, or undefined for a first deployment. */
export function stableOf(endpoint: Endpoint, running: Rollout | undefined): Weight | undefined {
  if (running === undefined) return endpoint.weights[0];
  const found = [...endpoint.weights, ...(endpoint.previous === undefined ? [] : [endpoint.previous])];
  return found.find((weight) => weight.releaseId === running.fromReleaseId);
}

/** A step of a rollout on the endpoint: the candidate's share, the copies it gets, the test that splits the keys. */
export interface Share {
  readonly percent: number;
  /** Share of the calls that is copied to the candidate. */
  readonly mirror?: number;
  readonly experiment?: string;
}

function bare(endpoint: Endpoint): Endpoint {
  const { mirror: _mirror, experiment: _experiment, ...rest } = endpoint;
  return rest;
}

/** The candidate takes its share, the stable release the rest. */
export function withShare(
  endpoint: Endpoint,
  candidate: Omit<Weight, 'percent'>,
  stable: Weight | undefined,
  { percent, mirror, experiment }: Share,
): Endpoint {
  const weights =
    stable === undefined || percent >= 100
      ? all(candidate)
      : percent <= 0
        ? all(stable)
        : [
            { ...candidate, percent },
            { ...stable, percent: 100 - percent },
          ];
  // While the candidate takes every call the stable release must stay loaded, so that going back is one pointer write.
  const previous = stable !== undefined && percent >= 100 ? { previous: { ...stable, percent: 0 } } : {};
  return {
    ...bare(endpoint),
    ...previous,
    weights,
    epoch: endpoint.epoch + 1,
    ...(mirror === undefined ? {} : { mirror: { ...candidate, percent: mirror } }),
    ...(experiment === undefined ? {} : { experiment }),
  };
}

/** What a rollout's step asks of the endpoint. */
export function shareOf(rollout: Pick<Rollout, 'id' | 'strategy' | 'steps'>, index: number): Share {
  const step = rollout.steps[index];
  const percent = step?.percent ?? 100;
  return {
    percent,
    ...(step?.mirror === undefined ? {} : { mirror: step.mirror }),
    ...(rollout.strategy === 'ab' && percent < 100 ? { experiment: rollout.id } : {}),
  };
}

/** Only `release` takes calls; no rollout runs any more. `kept` stays warm. */
export function settledOn(endpoint: Endpoint, release: Weight | undefined, kept: Weight | undefined): Endpoint {
  const { rolloutId: _rollout, previous: _previous, ...rest } = bare(endpoint);
  return {
    ...rest,
    weights: release === undefined ? [] : all(release),
    epoch: endpoint.epoch + 1,
    ...(kept === undefined || kept.releaseId === release?.releaseId ? {} : { previous: { ...kept, percent: 0 } }),
  };
}

export function withoutRollout(endpoint: Endpoint): Endpoint {
  const { rolloutId: _rollout, ...rest } = endpoint;
  return rest;
}

function changeStep(rollout: Rollout, index: number, change: Partial<RolloutStep>): Rollout {
  return { ...rollout, steps: rollout.steps.map((step, at) => (at === index ? { ...step, ...change } : step)) };
}

export function atBaseline(rollout: Rollout, baseline: StepBaseline): Rollout {
  return changeStep(rollout, rollout.stepIndex, { baseline, calls: 0 });
}

export function observed(rollout: Rollout, guards: readonly GuardReading[], calls: number): Rollout {
  return { ...changeStep(rollout, rollout.stepIndex, { calls }), guards };
}

/** The next step begins. */
export function advanced(rollout: Rollout, now: number): Rollout {
  const done = changeStep(rollout, rollout.stepIndex, { endedAt: now });
  return { ...changeStep(done, rollout.stepIndex + 1, { startedAt: now }), stepIndex: rollout.stepIndex + 1 };
}

export function ended(rollout: Rollout, status: 'promoted' | 'rolled-back', now: number, reason: string): Rollout {
  return { ...changeStep(rollout, rollout.stepIndex, { endedAt: now }), status, endedAt: now, reason };
}
