/** The trash and the collector. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'collect' | 'trash' | 'restore' | 'storage'>;

const LISTED = 1_000;

export function retentionHandlers({ retention }: Pick<ApiDeps, 'retention'>): Mine {
  return {
    collect: async (ctx, { body }) => {
      const { goes, totals, kept, ...rest } = await retention.collect(ctx, body);
      return { ...rest, goes: goes.slice(0, LISTED), totals: [...totals], kept: [...kept] };
    },
    trash: async (_ctx, { query }) => {
      const { items, total } = await retention.trash(query.limit ?? 100);
      return { items: [...items], total };
    },
    restore: async (_ctx, { body }) => {
      await retention.restore(body.kind, body.id);
      return { ok: true };
    },
    storage: async () => retention.storage(),
  };
}
