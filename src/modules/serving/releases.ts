/** Loads, warms and unloads releases; one load of a release at a time, shared by all who ask. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PlaneModel } from '../../ports/data-plane.ts';
import type { ModelRuntime } from '../../ports/model-runtime.ts';
import { createSlot } from './release-slot.ts';
import type { ReleaseSlot } from './release-slot.ts';
import { datatypesOf, warmUp } from './warm-up.ts';

const WARM_UP_MS = 20_000;

export interface Releases {
  /** Loaded and warm when it resolves. Throws MW-MODEL-LOAD with the reason; nothing stays behind then. */
  ensure(model: PlaneModel): Promise<ReleaseSlot>;
  get(releaseId: string): ReleaseSlot | undefined;
  /** Everything not named is unloaded as soon as no call holds it. */
  retain(wanted: ReadonlySet<ReleaseSlot>): void;
  /** The last call of a retired release has ended. */
  released(slot: ReleaseSlot): void;
}

export function createReleases(
  runtime: ModelRuntime,
  clock: Clock,
  verify: (model: PlaneModel) => Promise<void>,
  onError: (message: string) => void,
): Releases {
  const slots = new Map<string, ReleaseSlot>();

  async function load(source: PlaneModel): Promise<ReleaseSlot> {
    const named = `${source.model} v${source.version} (${source.releaseId})`;
    try {
      await verify(source);
      const model = await runtime.load(source.path);
      try {
        await warmUp(model, () => clock.monotonic() + WARM_UP_MS);
      } catch (error) {
        await model.unload();
        throw error;
      }
      return createSlot(source, model, datatypesOf(model.signature));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const code = error instanceof MillwrightError ? error.code : 'MW-MODEL-LOAD';
      const detail = error instanceof MillwrightError && error.next !== undefined ? { next: error.next } : {};
      throw new MillwrightError('MW-MODEL-LOAD', `${named} cannot be served: ${reason}`, {
        where: code === 'MW-MODEL-LOAD' ? source.releaseId : `${source.releaseId} (${code})`,
        ...detail,
        cause: error,
      });
    }
  }

  function unload(slot: ReleaseSlot): void {
    void slot.model.unload().catch((error: unknown) => onError(`unload of ${slot.source.releaseId}: ${String(error)}`));
  }

  return {
    async ensure(model) {
      const known = slots.get(model.releaseId);
      if (known !== undefined && known.source.modelDigest !== model.modelDigest) {
        throw new MillwrightError(
          'MW-CONFLICT',
          `release ${model.releaseId} is immutable, but came with another model digest`,
        );
      }
      if (known !== undefined) return known;
      const slot = await load(model);
      slots.set(model.releaseId, slot);
      return slot;
    },
    get: (releaseId) => slots.get(releaseId),
    retain(wanted) {
      for (const [releaseId, slot] of slots) {
        if (wanted.has(slot)) continue;
        slot.retired = true;
        slots.delete(releaseId);
        if (slot.inFlight === 0) unload(slot);
      }
    },
    released: unload,
  };
}
