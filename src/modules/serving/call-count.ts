/** What each call leaves in the counters of its release, live or copied. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { Releases } from './releases.ts';
import type { ReleaseSlot } from './release-slot.ts';
import { notFinite } from './warm-up.ts';

/** From here on the release is not unloaded. `now`: monotonic ms. */
export function enter(slot: ReleaseSlot, now: number): void {
  slot.inFlight += 1;
  slot.usedAt = now;
}

export function leave(releases: Releases, slot: ReleaseSlot): void {
  slot.inFlight -= 1;
  if (slot.ending && slot.inFlight === 0) releases.settle(slot);
}

export function countAnswer(
  slot: ReleaseSlot,
  rows: number,
  latencyMs: number,
  at: number,
  outputs: readonly Tensor[],
): void {
  const { counters } = slot;
  counters.calls += 1;
  counters.rows += rows;
  counters.lastAt = at;
  counters.latency.add(latencyMs);
  if (notFinite(outputs) !== undefined) counters.nonFinite += 1;
}

export function countFailure(slot: ReleaseSlot, error: unknown, ms: number): void {
  const coded = error instanceof MillwrightError ? error : undefined;
  if (coded?.code === 'MW-QUARANTINED') slot.quarantined = coded;
  const status = coded?.kind.status ?? 500;
  const code = coded?.code ?? 'MW-INTERNAL';
  slot.counters.failures.set(code, (slot.counters.failures.get(code) ?? 0) + 1);
  // MW-MODEL-OUTPUT is 422 on the control API, but here it is the model that failed, not the caller.
  // A model that refuses values may be wrong about them: a canary that refuses what the other takes must be seen.
  const ofModel = coded?.code === 'MW-MODEL-OUTPUT' || coded?.code === 'MW-MODEL-REFUSED';
  if ((status < 500 && !ofModel) || slot.withdrawn) slot.counters.rejected += 1;
  else {
    slot.counters.calls += 1;
    slot.counters.errors += 1;
    slot.counters.latency.add(ms);
  }
}
