/** Writes down who changed what. */
import type { Audit } from '../api/audited.ts';
import type { Clock, Ids } from '../ports/clock.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';

export function createAudit(deps: {
  readonly store: Pick<MetadataStore, 'audit'>;
  readonly clock: Clock;
  readonly ids: Ids;
}): Audit {
  return (ctx, fact) =>
    deps.store.audit.insert({
      id: deps.ids.next('aud'),
      createdAt: deps.clock.now(),
      actor: ctx.principal.name,
      ...fact,
    });
}
