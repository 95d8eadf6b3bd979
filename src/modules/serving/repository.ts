/** Load and unload of the Open Inference Protocol's repository API: kept in memory only, a restart forgets it. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Releases } from './releases.ts';
import type { ReleaseSlot } from './release-slot.ts';
import type { Route } from './route-table.ts';

export interface Repository {
  load(route: Route, version: number | undefined): Promise<void>;
  unload(route: Route, version: number | undefined): void;
  /** A release that a new route brings while its endpoint is unloaded is unloaded as well. */
  admit(endpoint: string, slot: ReleaseSlot): void;
  forget(endpoint: string): void;
}

export function createRepository(releases: Releases): Repository {
  const unloaded = new Set<string>();

  function slotsOf(route: Route, version: number | undefined): readonly ReleaseSlot[] {
    const slots = route.slots.filter((slot) => version === undefined || slot.source.version === version);
    if (slots.length > 0) return slots;
    throw new MillwrightError('MW-NOT-FOUND', `"${route.document.endpoint}" has no version ${version}`, {
      next: 'list the versions with: curl -X POST <server>/v2/repository/index',
    });
  }

  function withdraw(slot: ReleaseSlot): void {
    slot.withdrawn = true;
    releases.unload(slot);
  }

  return {
    async load(route, version) {
      const slots = slotsOf(route, version);
      if (version === undefined) unloaded.delete(route.document.endpoint);
      for (const slot of slots) {
        slot.withdrawn = false;
        // Given up by its runtime: only a new one can answer again.
        if (slot.quarantined !== undefined) releases.unload(slot);
        slot.failure = undefined;
      }
      for (const slot of slots) await releases.load(slot);
    },
    unload(route, version) {
      if (version === undefined) unloaded.add(route.document.endpoint);
      for (const slot of slotsOf(route, version)) withdraw(slot);
    },
    admit(endpoint, slot) {
      if (unloaded.has(endpoint) && !slot.withdrawn) withdraw(slot);
    },
    forget(endpoint) {
      unloaded.delete(endpoint);
    },
  };
}
