/** Read-only SQL over all metadata. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'sql' | 'sqlTables'>;

export function sqlHandlers(_deps: ApiDeps): Mine {
  return {
    sql: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'sql is not there yet');
    },
    sqlTables: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'sqlTables is not there yet');
    },
  };
}
