/** Changes to many runs at once, and saved views. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'bulkRuns' | 'views' | 'saveView' | 'deleteView'>;

export function runChangesHandlers({ tracking }: ApiDeps): Mine {
  const viewsOf = async (place?: string) => ({ views: (await tracking.views(place)).map((view) => ({ ...view })) });
  return {
    bulkRuns: async (_ctx, { body: { runs, ...change } }) => ({ changed: await tracking.changeRuns(runs, change) }),
    views: (_ctx, { query }) => viewsOf(query.place),
    saveView: async (_ctx, { body }) => {
      await tracking.saveView(body);
      return viewsOf(body.place);
    },
    deleteView: async (_ctx, { params }) => {
      await tracking.deleteView(params.id);
      return { ok: true as const };
    },
  };
}
