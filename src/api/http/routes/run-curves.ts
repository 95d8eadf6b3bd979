/** Keys and curves of runs. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { allExperiments, named } from './experiments.ts';
import { list } from './present.ts';
import { pointTuple } from './run-wire.ts';

type Mine = Pick<Handlers, 'runKeys' | 'series'>;

export function runCurvesHandlers(deps: ApiDeps): Mine {
  return {
    runKeys: async (_ctx, { query }) => {
      const asked = named(await allExperiments(deps), query.experiment);
      const { metrics, params, tags } = await deps.tracking.runKeys(asked.map((one) => one.id));
      return { metrics: list(metrics), params: list(params), tags: list(tags) };
    },
    series: async (_ctx, { body: { runs, keys, maxPoints, fromStep, toStep } }) => {
      const curves = await deps.tracking.curves({
        runIds: runs,
        keys,
        maxPoints,
        ...(fromStep === undefined ? {} : { fromStep }),
        ...(toStep === undefined ? {} : { toStep }),
      });
      return {
        curves: curves.map(({ runId, key, total, points }) => ({
          run: runId,
          key,
          total,
          points: points.map(pointTuple),
        })),
      };
    },
  };
}
