/** What a page may show of a file. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'artifactPreview'>;

export function runFilesHandlers(_deps: ApiDeps): Mine {
  return {
    artifactPreview: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'artifactPreview is not there yet');
    },
  };
}
