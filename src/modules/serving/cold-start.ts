/** The call that finds its model cold waits until it is loaded and warm again, with all others that come meanwhile, up to its deadline. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LoadedModel } from '../../ports/model-runtime.ts';
import type { Releases } from './releases.ts';
import type { ReleaseSlot } from './release-slot.ts';

export type Hold = (slot: ReleaseSlot, deadline: number, signal?: AbortSignal) => Promise<LoadedModel>;

function named(slot: ReleaseSlot): string {
  return `${slot.source.model} v${slot.source.version}`;
}

function within(
  work: Promise<LoadedModel>,
  ms: number,
  signal: AbortSignal | undefined,
  late: () => MillwrightError,
): Promise<LoadedModel> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(late())), Math.min(Math.max(ms, 0), 2 ** 31 - 1));
    const left = (): void =>
      finish(() => reject(new MillwrightError('MW-CANCELLED', 'the caller left while the model was being loaded')));
    const finish = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', left);
      act();
    };
    if (signal?.aborted === true) left();
    else signal?.addEventListener('abort', left, { once: true });
    // Also for a caller who left: a load that fails later with nobody listening would end the process.
    work.then(
      (model) => finish(() => resolve(model)),
      (error: unknown) => finish(() => reject(error)),
    );
  });
}

/**
 * Throws MW-DEADLINE when it is not warm in time, MW-CANCELLED, MW-OVERLOADED when as many wait as may, and MW-UNAVAILABLE when it was
 * unloaded on purpose or cannot be loaded (with `retryAfterMs`: it is not tried again at every call).
 */
export function createHold(releases: Releases, clock: Clock): Hold {
  function unavailable(slot: ReleaseSlot, error: unknown): MillwrightError {
    const retryAfterMs = Math.max(1, Math.ceil((slot.failure?.until ?? 0) - clock.monotonic()));
    const reason = error instanceof Error ? error.message : String(error);
    return new MillwrightError('MW-UNAVAILABLE', `${named(slot)} was unloaded and cannot be loaded again: ${reason}`, {
      where: slot.source.releaseId,
      retryAfterMs,
      cause: error,
    });
  }

  return async function hold(slot, deadline, signal) {
    if (slot.withdrawn) {
      throw new MillwrightError('MW-UNAVAILABLE', `${named(slot)} was unloaded by the repository API; load it again`, {
        where: slot.source.releaseId,
        next: 'POST /v2/repository/models/<endpoint>/load',
      });
    }
    const now = clock.monotonic();
    if (slot.failure !== undefined && now < slot.failure.until) throw unavailable(slot, slot.failure.error);
    if (slot.held >= slot.limits.queue) {
      throw new MillwrightError('MW-OVERLOADED', `${slot.held} calls wait already for ${named(slot)} to be loaded`, {
        where: slot.source.releaseId,
        retryAfterMs: 1000,
      });
    }
    if (slot.loading === undefined && slot.leaving === undefined) slot.counters.coldStarts += 1;
    slot.held += 1;
    const load = releases.load(slot).catch((error: unknown) => {
      throw unavailable(slot, error);
    });
    try {
      return await within(
        load,
        deadline - now,
        signal,
        () => new MillwrightError('MW-DEADLINE', `${named(slot)} was cold and not loaded in time`),
      );
    } finally {
      slot.held -= 1;
    }
  };
}
