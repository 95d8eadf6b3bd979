/** The trash and the collector. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'collect' | 'trash' | 'restore' | 'storage'>;

export function retentionHandlers(_deps: ApiDeps): Mine {
  return {
    collect: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'collect is not there yet');
    },
    trash: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'trash is not there yet');
    },
    restore: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'restore is not there yet');
    },
    storage: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'storage is not there yet');
    },
  };
}
