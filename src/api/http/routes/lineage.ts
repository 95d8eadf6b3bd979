/** What led to a thing and what it led to. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'lineage'>;

export function lineageHandlers(_deps: ApiDeps): Mine {
  return {
    lineage: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'lineage is not there yet');
    },
  };
}
