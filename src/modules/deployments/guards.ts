/** Judges a candidate by what it did since its step began. Three-valued: with too few calls nothing is tripped and nothing advances. */
import { evaluateCondition, parseCondition } from '../../domain/conditions.ts';
import type { GuardReading, StepBaseline } from '../../domain/deployments.ts';
import { latencyQuantile } from '../../domain/latency.ts';
import type { ReleaseStats } from '../../ports/data-plane.ts';

/** What a guard of `roll_back_if` may read; latencies in ms, shares in 1. */
export const GUARD_VALUES = ['calls', 'errors', 'error_rate', 'latency.p50', 'latency.p95', 'latency.p99'] as const;

export interface CandidateWindow {
  readonly calls: number;
  readonly errors: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

const NOTHING = { calls: 0, errors: 0, latency: [] };

/** Counters since the baseline. A plane that was restarted counts from 0, so an older baseline does not apply to it. */
export function windowOf(
  stats: ReleaseStats | undefined,
  baseline: StepBaseline | undefined,
  planeStartedAt: number,
): CandidateWindow {
  if (stats === undefined) return { calls: 0, errors: 0, bounds: [], counts: [] };
  const base = baseline?.planeStartedAt === planeStartedAt ? baseline : NOTHING;
  return {
    calls: stats.calls - base.calls,
    errors: stats.errors - base.errors,
    bounds: stats.latency.bounds,
    counts: stats.latency.counts.map((count, index) => count - (base.latency[index] ?? 0)),
  };
}

/** Calls below which a share or percentile says nothing; never more than the step waits for, or it would wait for ever. */
const ENOUGH = { rate: 10, tail: 20 };

function guardValues(window: CandidateWindow, holdCalls: number): (name: string) => number | undefined {
  const most = holdCalls > 0 ? holdCalls : Number.POSITIVE_INFINITY;
  const enough = (calls: number): boolean => window.calls >= Math.max(1, Math.min(calls, most));
  return (name) => {
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
  };
}

const rounded = (value: number): number => Number(value.toPrecision(4));

/** One reading a guard text. `tripped` true = roll back. */
export function readGuards(
  texts: readonly string[],
  window: CandidateWindow,
  holdCalls: number,
  at: number,
): readonly GuardReading[] {
  const lookup = guardValues(window, holdCalls);
  return texts.map((text) => {
    const result = evaluateCondition(parseCondition(text), lookup);
    const observed = result.clauses.find((clause) => clause.observed !== undefined)?.observed;
    return { at, text, tripped: result.holds, ...(observed === undefined ? {} : { observed: rounded(observed) }) };
  });
}

/** `41 calls, 0 failed, p99 12.5 ms` */
export function describe(window: CandidateWindow): string {
  const p99 = latencyQuantile([window], 0.99);
  return `${window.calls} calls, ${window.errors} failed${p99 === undefined ? '' : `, p99 ${rounded(p99)} ms`}`;
}
