/** Writes down who changed what. */
import type { Clock, Ids } from '../ports/clock.ts';
import type { Context } from '../ports/context.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';

export type Audit = (
  ctx: Context,
  fact: { readonly action: string; readonly subject: string; readonly result: string },
) => Promise<void>;

/** Durable when it resolves: called after the change and before its answer. */
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
