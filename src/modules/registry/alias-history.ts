/** Moves of aliases, read from the events that tell of them. */
import type { MetadataStore } from '../../ports/metadata-store.ts';

export interface AliasMove {
  readonly alias: string;
  readonly from?: number;
  readonly to?: number;
  readonly at: number;
  readonly actor: string;
}

export interface AliasHistory {
  /** Newest first, at most 200. */
  aliasMoves(model: string): Promise<readonly AliasMove[]>;
}

const MOST = 200;
const PAGE = 1000;
/** Pages of moves of all models that are looked through. */
const PAGES = 10;

export function createAliasHistory(store: Pick<MetadataStore, 'events'>): AliasHistory {
  return {
    async aliasMoves(model) {
      const moves: AliasMove[] = [];
      let before: number | undefined;
      for (let page = 0; page < PAGES && moves.length < MOST; page += 1) {
        const events = await store.events.find({
          types: ['alias.moved'],
          order: 'newest',
          limit: PAGE,
          ...(before === undefined ? {} : { before }),
        });
        for (const event of events) {
          if (event.type !== 'alias.moved' || event.data.model !== model) continue;
          const { alias, from, to } = event.data;
          const ends = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
          moves.push({ alias, ...ends, at: event.at, actor: event.actor });
        }
        before = events.at(-1)?.seq;
        if (events.length < PAGE) break;
      }
      return moves.slice(0, MOST);
    },
  };
}
