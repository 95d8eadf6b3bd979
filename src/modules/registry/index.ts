/** Registered models, their versions and aliases. Aliases move only here, each move with its event. */
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createModels } from './models.ts';
import type { Models } from './models.ts';
import { createSearch } from './search.ts';
import type { RegistrySearch } from './search.ts';
import { createVersions } from './versions.ts';
import type { Versions } from './versions.ts';

export { versionNumber } from './name-rules.ts';

export interface Registry extends Models, Versions, RegistrySearch {}

export interface RegistryDeps {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function createRegistry({ store, clock, ids }: RegistryDeps): Registry {
  return { ...createModels(store, clock, ids), ...createVersions(store, clock, ids), ...createSearch(store) };
}
