/**
 * The releases of all routes: loaded when a route wants them, unloaded when none does, when nobody calls, or to make room, and loaded
 * again by the first call. One load of a release at a time, shared by all who ask.
 */
import { MillwrightError } from '../../domain/errors.ts';
import type { EndpointLimits } from '../../domain/serving.ts';
import type { PlaneModel } from '../../ports/data-plane.ts';
import type { LoadedModel } from '../../ports/model-runtime.ts';
import { loadRelease } from './load-release.ts';
import type { LoadDeps } from './load-release.ts';
import { addRuntimeStats, createSlot, ended } from './release-slot.ts';
import type { ReleaseSlot } from './release-slot.ts';
import { makeRoom } from './warm-budget.ts';
import type { WarmBudget } from './warm-budget.ts';

const FIRST_BACK_OFF_MS = 1_000;
const MAX_BACK_OFF_MS = 60_000;

export interface Releases {
  /** Loaded and warm when it resolves (a known one that takes no calls may be cold), and claimed once. Throws MW-MODEL-LOAD with the reason; nothing stays behind then. */
  claim(model: PlaneModel, limits: EndpointLimits, takesCalls: boolean): Promise<ReleaseSlot>;
  /** Takes a claim back; a release without claims is unloaded as soon as no call holds it. */
  drop(slot: ReleaseSlot): void;
  get(releaseId: string): ReleaseSlot | undefined;
  /** The model of a release that may be cold. Throws MW-MODEL-LOAD. */
  load(slot: ReleaseSlot): Promise<LoadedModel>;
  /** Out of memory as soon as no call holds it; the slot and its counters stay. */
  unload(slot: ReleaseSlot): void;
  /** The last call of a slot that is `ending` was answered. */
  settle(slot: ReleaseSlot): void;
  /** `idleMs` may have changed, or the slot takes calls now. */
  watch(slot: ReleaseSlot): void;
}

export interface ReleasesDeps extends LoadDeps {
  readonly onError: (message: string) => void;
  readonly budget?: WarmBudget;
}

/** Those that the runtime was told at the load: another value needs another load. */
function sameForRuntime(a: EndpointLimits, b: EndpointLimits): boolean {
  return a.queue === b.queue && a.replicas.min === b.replicas.min && a.replicas.max === b.replicas.max;
}

export function createReleases(deps: ReleasesDeps): Releases {
  const { clock, onError } = deps;
  /** Newest last: of a release whose limits change there are two for a while. */
  const slots = new Map<string, readonly ReleaseSlot[]>();
  const opening = new Map<string, Promise<ReleaseSlot>>();

  function discard(slot: ReleaseSlot, model: LoadedModel): void {
    slot.counters.past = ended(addRuntimeStats(slot.counters.past, model.stats()));
    void model.unload().catch((error: unknown) => onError(`unload of ${slot.source.releaseId}: ${String(error)}`));
  }

  function settle(slot: ReleaseSlot): void {
    if (slot.inFlight > 0) return;
    const { leaving } = slot;
    slot.leaving = undefined;
    slot.ending = slot.retired;
    if (leaving !== undefined) discard(slot, leaving);
    if (!slot.retired || slot.model === undefined) return;
    const { model } = slot;
    slot.model = undefined;
    discard(slot, model);
  }

  function unload(slot: ReleaseSlot): void {
    clearTimeout(slot.idleTimer);
    slot.idleTimer = undefined;
    if (slot.model === undefined) return;
    // A quarantined one before it: its calls fail whatever becomes of it.
    if (slot.leaving !== undefined) discard(slot, slot.leaving);
    slot.leaving = slot.model;
    slot.model = undefined;
    slot.ending = true;
    settle(slot);
  }

  function watch(slot: ReleaseSlot): void {
    clearTimeout(slot.idleTimer);
    slot.idleTimer = undefined;
    const { idleMs } = slot.limits;
    if (idleMs === 0 || slot.model === undefined || slot.retired) return;
    const rest = slot.usedAt + idleMs - clock.monotonic();
    if (rest <= 0 && slot.inFlight === 0) {
      unload(slot);
      return;
    }
    // Looked at again when it could be due: calls pay no more than a note of the time.
    slot.idleTimer = setTimeout(() => watch(slot), Math.min(rest > 0 ? rest : Math.min(idleMs, 1000), 2 ** 31 - 1));
    slot.idleTimer.unref();
  }

  function roomFor(slot: ReleaseSlot): void {
    if (deps.budget !== undefined) makeRoom(deps.budget, [...slots.values()].flat(), slot, unload);
  }

  async function again(slot: ReleaseSlot): Promise<LoadedModel> {
    try {
      const { model, warmUp } = await loadRelease(deps, slot.source, slot.limits);
      slot.counters.warmUp = warmUp;
      slot.failure = undefined;
      slot.quarantined = undefined;
      slot.usedAt = clock.monotonic();
      slot.model = model;
      if (slot.withdrawn) unload(slot);
      else if (slot.retired) settle(slot);
      else roomFor(slot);
      return model;
    } catch (error) {
      const backOffMs = Math.min(MAX_BACK_OFF_MS, (slot.failure?.backOffMs ?? FIRST_BACK_OFF_MS / 2) * 2);
      slot.failure = { error, until: clock.monotonic() + backOffMs, backOffMs };
      throw error;
    } finally {
      slot.loading = undefined;
      watch(slot);
    }
  }

  function load(slot: ReleaseSlot): Promise<LoadedModel> {
    if (slot.model !== undefined) return Promise.resolve(slot.model);
    if (slot.leaving !== undefined && slot.quarantined === undefined) {
      // Asked for again before the last call had left it.
      slot.model = slot.leaving;
      slot.leaving = undefined;
      slot.ending = slot.retired;
      watch(slot);
      return Promise.resolve(slot.model);
    }
    slot.loading ??= again(slot);
    return slot.loading;
  }

  async function open(
    source: PlaneModel,
    limits: EndpointLimits,
    takesCalls: boolean,
    before: ReleaseSlot | undefined,
  ): Promise<ReleaseSlot> {
    const slot = createSlot(
      source,
      limits,
      await loadRelease(deps, source, limits),
      clock.monotonic(),
      before?.counters,
    );
    slot.withdrawn = before?.withdrawn ?? false;
    slot.pinned = takesCalls && limits.idleMs === 0;
    slots.set(source.releaseId, [...(slots.get(source.releaseId) ?? []), slot]);
    if (slot.withdrawn) unload(slot);
    else roomFor(slot);
    watch(slot);
    return slot;
  }

  function drop(slot: ReleaseSlot): void {
    slot.claims -= 1;
    if (slot.claims > 0) return;
    slot.retired = true;
    slot.ending = true;
    clearTimeout(slot.idleTimer);
    const { releaseId } = slot.source;
    const left = (slots.get(releaseId) ?? []).filter((other) => other !== slot);
    if (left.length === 0) slots.delete(releaseId);
    else slots.set(releaseId, left);
    settle(slot);
  }

  async function find(source: PlaneModel, limits: EndpointLimits, takesCalls: boolean): Promise<ReleaseSlot> {
    const known = slots.get(source.releaseId)?.at(-1);
    if (known !== undefined && known.source.modelDigest !== source.modelDigest) {
      throw new MillwrightError(
        'MW-CONFLICT',
        `release ${source.releaseId} is immutable, but came with another model digest`,
      );
    }
    if (known === undefined || !sameForRuntime(known.limits, limits)) {
      // Its successor is loaded beside it, and it goes when the last route that knows it is gone.
      const slot = await open(source, limits, takesCalls, known);
      slot.claims += 1;
      return slot;
    }
    known.claims += 1;
    try {
      if (takesCalls && !known.withdrawn) await load(known);
      return known;
    } catch (error) {
      drop(known);
      throw error;
    }
  }

  return {
    async claim(source, limits, takesCalls) {
      const { releaseId } = source;
      // Two endpoints may name one release, and their routes change side by side.
      while (opening.has(releaseId)) await opening.get(releaseId)?.catch(() => undefined);
      const work = find(source, limits, takesCalls);
      opening.set(releaseId, work);
      try {
        return await work;
      } finally {
        opening.delete(releaseId);
      }
    },
    drop,
    get: (releaseId) => slots.get(releaseId)?.at(-1),
    load,
    unload,
    settle,
    watch,
  };
}
