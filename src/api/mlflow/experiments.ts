import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { entry, int, list, messages, required, text, viewType } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { experimentWire, listed, token } from './wire.ts';

const id = z.object({ experiment_id: required });
const search = z.object({
  filter: text,
  max_results: int,
  order_by: list(z.string()),
  page_token: text,
  view_type: viewType,
});

/** A place chosen by a client is refused: every artifact is kept by this server, under a location that it gives. */
function refuseLocation(location: string | undefined): void {
  if (location === undefined || location === '') return;
  throw new MillwrightError(
    'MW-INVALID',
    `artifact_location '${location.slice(0, 100)}' cannot be chosen: this server keeps the artifacts`,
    {
      where: 'artifact_location',
      next: 'create the experiment without artifact_location',
    },
  );
}

export function experimentRoutes({ tracking }: MlflowDeps): readonly Route[] {
  const find = async (input: z.output<typeof search>) => {
    const { items, nextPageToken } = await tracking.searchExperiments({
      filter: input.filter,
      maxResults: input.max_results,
      orderBy: input.order_by,
      pageToken: input.page_token,
      viewType: input.view_type,
    });
    return { ...listed('experiments', items.map(experimentWire)), ...token(nextPageToken) };
  };
  return [
    route({
      method: 'POST',
      path: 'experiments/create',
      permission: 'log',
      input: z.object({ name: required, artifact_location: text, tags: messages(entry) }),
      handler: async ({ name, artifact_location: location, tags }) => {
        refuseLocation(location);
        return { experiment_id: (await tracking.createExperiment(name, tags)).id };
      },
    }),
    route({
      method: 'GET',
      path: 'experiments/get',
      permission: 'read',
      input: id,
      handler: async (input) => ({ experiment: experimentWire(await tracking.getExperiment(input.experiment_id)) }),
    }),
    route({
      method: 'GET',
      path: 'experiments/get-by-name',
      permission: 'read',
      input: z.object({ experiment_name: required }),
      handler: async (input) => ({
        experiment: experimentWire(await tracking.getExperimentByName(input.experiment_name)),
      }),
    }),
    route({ method: 'POST', path: 'experiments/search', permission: 'read', input: search, handler: find }),
    route({ method: 'GET', path: 'experiments/search', permission: 'read', input: search, handler: find }),
    route({
      method: 'POST',
      path: 'experiments/delete',
      permission: 'log',
      input: id,
      handler: async (input) => {
        await tracking.deleteExperiment(input.experiment_id);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'experiments/restore',
      permission: 'log',
      input: id,
      handler: async (input) => {
        await tracking.restoreExperiment(input.experiment_id);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'experiments/update',
      permission: 'log',
      input: z.object({ experiment_id: required, new_name: required }),
      handler: async (input) => {
        await tracking.renameExperiment(input.experiment_id, input.new_name);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'experiments/set-experiment-tag',
      permission: 'log',
      input: id.extend(entry.shape),
      handler: async ({ experiment_id: experiment, key, value }) => {
        await tracking.setExperimentTag(experiment, { key, value });
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'experiments/delete-experiment-tag',
      permission: 'log',
      input: id.extend({ key: required }),
      handler: async ({ experiment_id: experiment, key }) => {
        await tracking.deleteExperimentTag(experiment, key);
        return {};
      },
    }),
  ];
}
