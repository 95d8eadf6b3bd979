/** Changes to many runs at once, and saved views. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'bulkRuns' | 'views' | 'saveView' | 'deleteView'>;

export function runChangesHandlers(_deps: ApiDeps): Mine {
  return {
    bulkRuns: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'bulkRuns is not there yet');
    },
    views: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'views is not there yet');
    },
    saveView: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'saveView is not there yet');
    },
    deleteView: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'deleteView is not there yet');
    },
  };
}
