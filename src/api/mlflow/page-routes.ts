/** What only MLflow's own pages ask for: histories of several runs at once, and the data sets of experiments. */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { int, list, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { listed, metricWire } from './wire.ts';

const MAX_POINTS = 25_000;
const MAX_RUNS = 100;
const MAX_DATASETS = 1000;

const refuse = (where: string, message: string): MillwrightError =>
  new MillwrightError('MW-INVALID', message, { where });

export function pageRoutes({ tracking }: MlflowDeps): readonly Route[] {
  const datasets = async (experiments: readonly string[]) => {
    if (experiments.length === 0)
      throw refuse('experiment_ids', 'SearchDatasets request must specify at least one experiment_id.');
    const uses = await tracking.datasetUses(experiments, MAX_DATASETS);
    return listed(
      'dataset_summaries',
      uses.map(({ experimentId, name, digest, context }) => ({
        experiment_id: experimentId,
        name,
        digest,
        ...(context === undefined ? {} : { context }),
      })),
    );
  };
  return [
    route({
      method: 'GET',
      path: 'metrics/get-history-bulk',
      permission: 'read',
      input: z.object({ run_id: list(z.string()), metric_key: text, max_results: int }),
      handler: async ({ run_id: ids, metric_key: key, max_results: most = MAX_POINTS }) => {
        if (ids.length === 0) throw refuse('run_id', 'GetMetricHistoryBulk request must specify at least one run_id.');
        if (ids.length > MAX_RUNS)
          throw refuse(
            'run_id',
            `GetMetricHistoryBulk request cannot specify more than ${MAX_RUNS} run_ids. Received ${ids.length} run_ids.`,
          );
        if (key === undefined || key === '')
          throw refuse('metric_key', 'GetMetricHistoryBulk request must specify a metric_key.');
        const metrics = [];
        for (const id of ids.toSorted()) {
          const left = Math.min(most, MAX_POINTS) - metrics.length;
          if (left <= 0) break;
          const { items } = await tracking.metricHistory(id, key, { maxResults: left });
          for (const one of items) metrics.push({ ...metricWire(one), run_id: id });
        }
        return listed('metrics', metrics);
      },
    }),
    // The second is how its own definition spells it, without the slash.
    ...['2.0/mlflow', '2.0mlflow'].map((prefix) =>
      route({
        method: 'POST',
        path: `${prefix}/experiments/search-datasets`,
        permission: 'read',
        input: z.object({ experiment_ids: list(z.string()) }),
        handler: ({ experiment_ids: experiments }) => datasets(experiments),
      }),
    ),
  ];
}
