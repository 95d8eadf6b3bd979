/** One look at an A/B test, from the outcomes of both releases; and what comes of it. */
import type { AbReading, Rollout } from '../../domain/deployments.ts';
import type { AbSpec } from '../../domain/project.ts';
import {
  type AbMetric,
  armDifference,
  higherIsBetter,
  rowValue,
  scaleOf,
} from '../../domain/statistics/confidence-sequence.ts';
import type { ScoredOutcomes } from '../../ports/analytics-store.ts';

export interface Arm {
  readonly version: number;
  readonly rows: ScoredOutcomes | undefined;
}

/** The rows that the metric is defined for, on [0, 1], in their order. */
function valuesOf(metric: AbMetric, rows: ScoredOutcomes | undefined): Float64Array {
  if (rows === undefined) return new Float64Array();
  const values = new Float64Array(rows.outcomes.length);
  let n = 0;
  for (const [i, outcome] of rows.outcomes.entries()) {
    const value = rowValue(metric, rows.scores[i] ?? Number.NaN, outcome);
    if (value !== undefined) values[n++] = value;
  }
  return values.subarray(0, n);
}

const meanOf = (values: Float64Array): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Means and the interval are in the metric's unit. */
export function readAb(spec: AbSpec, candidate: Arm, stable: Arm, at: number): AbReading {
  const { metric } = spec;
  const scale = scaleOf(metric);
  const [a, b] = [valuesOf(metric, candidate.rows), valuesOf(metric, stable.rows)];
  const { difference, low, high } = armDifference(a, b, spec.split, 1 - spec.confidence);
  const winner = low > 0 ? 'more' : high < 0 ? 'less' : undefined;
  const better = higherIsBetter(metric) ? 'more' : 'less';
  const seen = (candidate.rows?.outcomes.length ?? 0) + (stable.rows?.outcomes.length ?? 0);
  const leftOut = seen - a.length - b.length;
  return {
    at,
    candidate: { version: candidate.version, n: a.length, mean: meanOf(a) * scale },
    stable: { version: stable.version, n: b.length, mean: meanOf(b) * scale },
    difference: difference * scale,
    low: low * scale,
    high: high * scale,
    verdict: winner === undefined ? 'not enough data' : winner === better ? 'candidate' : 'stable',
    ...(leftOut === 0 ? {} : { leftOut }),
  };
}

const shown = (value: number): string => String(Number(value.toPrecision(3)));

/** `v3 is better: outcome_rate of "click" 0.31 against 0.27 (difference 0.04, 0.012 to 0.068 at 95 %; 2400 and 2350 outcomes)` */
export function describeAb(spec: AbSpec, reading: AbReading | undefined): string {
  if (reading === undefined) return `no outcome "${spec.outcome}" came`;
  const { candidate, stable, difference, low, high, verdict } = reading;
  const won =
    verdict === 'not enough data'
      ? 'no winner'
      : `v${verdict === 'candidate' ? candidate.version : stable.version} is better`;
  return `${won}: ${spec.metric} of "${spec.outcome}" ${shown(candidate.mean)} against ${shown(stable.mean)} (difference ${shown(difference)}, ${shown(low)} to ${shown(high)} at ${shown(spec.confidence * 100)} %; ${candidate.n} and ${stable.n} outcomes)`;
}

export type AbDecision = 'promote' | 'roll back' | 'go on';

/** A win counts once the step was held; a loss at once; without either the old version stays when the time is up. */
export function decideAb(rollout: Rollout, held: boolean, now: number): AbDecision {
  const { ab, abReading } = rollout;
  if (abReading?.verdict === 'stable') return 'roll back';
  if (abReading?.verdict === 'candidate' && held) return 'promote';
  return ab !== undefined && now - rollout.createdAt >= ab.atMostMs ? 'roll back' : 'go on';
}
