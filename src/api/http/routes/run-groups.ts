/** Runs grouped by what they share, with a test between the groups. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { allExperiments, named } from './experiments.ts';
import { list } from './present.ts';

type Mine = Pick<Handlers, 'runGroups'>;

const keysOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

export function runGroupsHandlers(deps: ApiDeps): Mine {
  return {
    runGroups: async (_ctx, { query: { experiment, filter, by, metric, lowerIsBetter } }) => {
      const asked = named(await allExperiments(deps), experiment);
      const found = await deps.tracking.runGroups({
        experimentIds: asked.map((one) => one.id),
        lowerIsBetter: lowerIsBetter === 'true',
        ...(filter === undefined ? {} : { filter }),
        ...(by === undefined || keysOf(by).length === 0 ? {} : { by: keysOf(by) }),
        ...(metric === undefined ? {} : { metric }),
      });
      return {
        by: list(found.by),
        groups: found.groups.map((group) => ({
          key: { ...group.key },
          runs: list(group.runs),
          metrics: Object.fromEntries(Object.entries(group.metrics).map(([key, spread]) => [key, { ...spread }])),
        })),
        tests: list(found.tests),
        ...(metric === undefined ? {} : { metric }),
        truncated: found.truncated,
      };
    },
  };
}
