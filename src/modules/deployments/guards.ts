/** Judges a candidate by what it did since its step began. Three-valued: with too few calls nothing is tripped and nothing advances. */
import { evaluateCondition, parseCondition } from '../../domain/conditions.ts';
import type { GuardReading, StepBaseline } from '../../domain/deployments.ts';
import { latencyQuantile } from '../../domain/latency.ts';
import type { ShadowStats } from '../../domain/serving.ts';
import type { ReleaseStats } from '../../ports/data-plane.ts';
import { knowable } from './guard-names.ts';
import type { Measured } from './measurements.ts';

export interface CandidateWindow {
  readonly calls: number;
  readonly errors: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

const NOTHING = { calls: 0, errors: 0, latency: [] };

/** Counters since the baseline; without one, since the plane began to count. */
export function windowOf(
  stats: ReleaseStats | undefined,
  baseline: Pick<StepBaseline, 'calls' | 'errors' | 'latency'> = NOTHING,
): CandidateWindow {
  if (stats === undefined) return { calls: 0, errors: 0, bounds: [], counts: [] };
  return {
    calls: stats.calls - baseline.calls,
    errors: stats.errors - baseline.errors,
    bounds: stats.latency.bounds,
    counts: stats.latency.counts.map((count, index) => count - (baseline.latency[index] ?? 0)),
  };
}

/** Calls below which a share or percentile says nothing; never more than the step waits for, or it would wait for ever. */
const ENOUGH = { rate: 10, tail: 20 };

function planeValue(window: CandidateWindow, holdCalls: number, name: string): number | undefined {
  const most = holdCalls > 0 ? holdCalls : Number.POSITIVE_INFINITY;
  const enough = (calls: number): boolean => window.calls >= Math.max(1, Math.min(calls, most));
  switch (name) {
    case 'calls':
      return window.calls;
    case 'errors':
      return window.errors;
    case 'error_rate':
      return enough(ENOUGH.rate) ? window.errors / window.calls : undefined;
    case 'latency.p50':
      return enough(ENOUGH.rate) ? latencyQuantile([window], 0.5) : undefined;
    case 'latency.p95':
      return enough(ENOUGH.tail) ? latencyQuantile([window], 0.95) : undefined;
    case 'latency.p99':
      return enough(ENOUGH.tail) ? latencyQuantile([window], 0.99) : undefined;
    default:
      return undefined;
  }
}

function shadowValue(shadow: ShadowStats | undefined, name: string): number | undefined {
  if (shadow === undefined) return undefined;
  if (name === 'shadow.errors') return shadow.errors;
  if (shadow.rows === 0) return undefined;
  switch (name) {
    case 'shadow.differing':
      return shadow.rows < ENOUGH.rate ? undefined : shadow.differing / shadow.rows;
    case 'shadow.max_diff':
      return shadow.maxAbsDiff;
    case 'shadow.mean_diff':
      return shadow.meanAbsDiff;
    default:
      return undefined;
  }
}

/** All that is known of a step. */
export interface StepEvidence {
  readonly window: CandidateWindow;
  readonly champion: CandidateWindow;
  /** The candidate's share of the calls. */
  readonly percent: number;
  /** A shadow step; what it counted, once copies were made. */
  readonly mirrored: boolean;
  readonly shadow: ShadowStats | undefined;
  readonly measured: Measured;
  readonly holdCalls: number;
}

function valueOf(evidence: StepEvidence, name: string): number | undefined {
  const { measured, holdCalls } = evidence;
  if (name === 'score_shift') return measured.scoreShift;
  if (name === 'drift.share') return measured.driftShare;
  if (name.startsWith('shadow.')) return shadowValue(evidence.shadow, name);
  if (name.startsWith('quality.')) return measured.quality[name.slice('quality.'.length)];
  if (name.startsWith('champion.quality.')) return measured.championQuality[name.slice('champion.quality.'.length)];
  if (name.startsWith('champion.')) return planeValue(evidence.champion, holdCalls, name.slice('champion.'.length));
  return planeValue(evidence.window, holdCalls, name);
}

const rounded = (value: number): number => Number(value.toPrecision(4));

/** One reading a guard. `tripped` true = roll back. What a step cannot tell keeps its last answer, which let it come here. */
export function readGuards(
  before: readonly GuardReading[],
  evidence: StepEvidence,
  at: number,
): readonly GuardReading[] {
  return before.map((guard) => {
    const { text } = guard;
    if (!knowable(text, evidence)) return { ...guard, tripped: false };
    const result = evaluateCondition(parseCondition(text), (name) => valueOf(evidence, name));
    const observed = result.clauses.find((clause) => clause.observed !== undefined)?.observed;
    return { at, text, tripped: result.holds, ...(observed === undefined ? {} : { observed: rounded(observed) }) };
  });
}

/** `41 calls, 0 failed, p99 12.5 ms` */
export function describe(window: CandidateWindow, shadow?: ShadowStats): string {
  const p99 = latencyQuantile([window], 0.99);
  const tail = p99 === undefined ? '' : `, p99 ${rounded(p99)} ms`;
  if (shadow === undefined) return `${window.calls} calls, ${window.errors} failed${tail}`;
  return `${shadow.calls} copied calls, ${shadow.errors} failed, ${shadow.differing} of ${shadow.rows} rows differ${tail}`;
}
