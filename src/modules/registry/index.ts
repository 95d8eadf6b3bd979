/** Registered models, their versions and aliases. Aliases move only here, each move with its event. */
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createAliasHistory } from './alias-history.ts';
import type { AliasHistory } from './alias-history.ts';
import { createModels } from './models.ts';
import type { Models } from './models.ts';
import { createSearch } from './search.ts';
import type { RegistrySearch } from './search.ts';
import type { WebhookSender } from '../../ports/webhook-sender.ts';
import { createVersions } from './versions.ts';
import type { Versions } from './versions.ts';
import { createWebhooks } from './webhooks.ts';
import type { Webhooks } from './webhooks.ts';

export { measured } from './alias-gates.ts';
export { writeCard } from './card.ts';
export { versionNumber } from './name-rules.ts';
export { toldOf, webhookBody } from './webhook-events.ts';
export type { PublicWebhook } from './webhooks.ts';

export interface Registry extends Models, Versions, RegistrySearch, Webhooks, AliasHistory {}

export interface RegistryDeps {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Absent: webhooks cannot be made. */
  readonly webhooks?: WebhookSender | undefined;
}

export function createRegistry({ store, clock, ids, webhooks }: RegistryDeps): Registry {
  return {
    ...createModels(store, clock, ids),
    ...createVersions(store, clock, ids),
    ...createSearch(store),
    ...createAliasHistory(store),
    ...createWebhooks(store, clock, webhooks),
  };
}
