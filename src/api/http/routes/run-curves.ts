/** Keys and curves of runs. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'runKeys' | 'series' | 'runGroups'>;

export function runCurvesHandlers(_deps: ApiDeps): Mine {
  return {
    runKeys: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'runKeys is not there yet');
    },
    series: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'series is not there yet');
    },
    runGroups: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'runGroups is not there yet');
    },
  };
}
