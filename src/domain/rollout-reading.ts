/** What a running rollout waits for, in words: a step that nobody calls must not hold in silence. */
import type { Rollout } from './deployments.ts';

export interface RolloutWait {
  /** `waits for calls: 12 of 100` */
  readonly text: string;
  /** The step lasts longer than `at_most` allows. */
  readonly overdue: boolean;
}

/** `45 s`, `12 min`, `3 h`, `5 d`: the largest unit that holds it once, rounded up. */
export function longTime(ms: number): string {
  if (ms < 60_000) return `${Math.ceil(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.ceil(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.ceil(ms / 3_600_000)} h` : `${Math.ceil(ms / 86_400_000)} d`;
}

const rounded = (value: number): string => String(Number(value.toPrecision(3)));

function waitsFor(rollout: Rollout, lasted: number): string {
  const { strategy, hold, abReading } = rollout;
  const step = rollout.steps[rollout.stepIndex];
  const calls = step?.calls ?? 0;
  const what = step?.mirror === undefined ? 'calls' : 'copied calls';
  if (strategy === 'ab') {
    const name = rollout.ab?.outcome ?? 'the outcome';
    if (abReading === undefined || abReading.candidate.n + abReading.stable.n + (abReading.leftOut ?? 0) === 0)
      return calls === 0 ? 'waits for calls: none came yet' : `waits for outcomes "${name}": none came yet`;
    const { candidate, stable, difference, low, high, leftOut } = abReading;
    const left = leftOut === undefined ? '' : `; ${leftOut} outcomes say nothing about ${rollout.ab?.metric ?? 'it'}`;
    const span = `difference ${rounded(difference)} (${rounded(low)} to ${rounded(high)})`;
    const known = abReading.verdict === 'not enough data' ? 'not enough data' : 'decided, and held a little longer';
    return `${known}: ${candidate.n} and ${stable.n} outcomes, ${span}${left}`;
  }
  if (calls < hold.calls) return `waits for ${what}: ${calls} of ${hold.calls}`;
  const unknown = rollout.guards.find((guard) => guard.tripped === undefined);
  if (unknown !== undefined)
    return calls === 0 ? `waits for ${what}: none came yet` : `not enough data for "${unknown.text}"`;
  if (step?.mirror !== undefined && calls === 0) return `waits for ${what}: none came yet`;
  if (lasted < hold.ms) return `holds for ${longTime(hold.ms - lasted)} more`;
  return step?.mirror === undefined ? 'about to go on' : 'waits for a copied call that it answers';
}

/** undefined when it is over. `now` in ms of the wall clock. */
export function rolloutWait(rollout: Rollout, now: number): RolloutWait | undefined {
  if (rollout.status !== 'running') return undefined;
  const since = rollout.steps[rollout.stepIndex]?.startedAt ?? rollout.createdAt;
  const lasted = Math.max(0, now - since);
  const overdue = rollout.atMostMs !== undefined && lasted > rollout.atMostMs;
  const late = overdue
    ? `; overdue: this step lasts ${longTime(lasted)}, at_most is ${longTime(rollout.atMostMs)}`
    : '';
  return { text: `${waitsFor(rollout, lasted)}${late}`, overdue };
}
