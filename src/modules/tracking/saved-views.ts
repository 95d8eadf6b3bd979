/** Views of a page under a name, for everybody who uses this server. */
import { MillwrightError } from '../../domain/errors.ts';
import type { SavedView } from '../../domain/tracking.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';

export interface SavedViews {
  /** By name; of all places when none is given. */
  views(place?: string): Promise<readonly SavedView[]>;
  /** One of the same place and name is replaced. Throws MW-INVALID when the place has too many. */
  saveView(view: Pick<SavedView, 'place' | 'name' | 'state'>): Promise<void>;
  /** Throws MW-NOT-FOUND. */
  deleteView(id: string): Promise<void>;
}

const MAX_VIEWS = 500;

export function createSavedViews(
  store: Pick<MetadataStore, 'savedViews' | 'transaction'>,
  clock: Clock,
  ids: Ids,
): SavedViews {
  return {
    async views(place) {
      const found = await store.savedViews.find({
        limit: MAX_VIEWS,
        ...(place === undefined ? {} : { where: { place } }),
      });
      return found.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    },
    saveView: ({ place, name, state }) =>
      store.transaction(async ({ savedViews }) => {
        const there = await savedViews.find({ where: { place }, limit: MAX_VIEWS });
        const same = there.find((one) => one.name === name);
        if (same !== undefined) {
          await savedViews.update(same.id, (view) => ({ ...view, state }));
          return;
        }
        if (there.length >= MAX_VIEWS) {
          throw new MillwrightError('MW-INVALID', `${place} already has ${MAX_VIEWS} saved views`, {
            where: 'name',
            next: 'delete one of them first',
          });
        }
        await savedViews.insert({ id: ids.next('view'), createdAt: clock.now(), place, name, state });
      }),
    async deleteView(id) {
      if (await store.savedViews.delete(id)) return;
      throw new MillwrightError('MW-NOT-FOUND', `no saved view ${id}`, { where: 'id' });
    },
  };
}
