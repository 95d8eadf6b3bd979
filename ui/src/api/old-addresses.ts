/** MLflow's clients print links such as `/#/experiments/1/runs/9f3c…`; they lead to the run's page here. */
import { addresses } from './addresses.ts';
import { client } from './client.ts';

/** Rewrites the address before the router reads it; an unknown run leaves Home. */
export async function followOldAddress(): Promise<void> {
  const run = /^#\/experiments\/[^/]+\/runs\/([0-9a-zA-Z_-]+)/.exec(location.hash)?.[1];
  if (run === undefined) return;
  const { data } = await client.GET('/api/v1/runs/{id}', { params: { path: { id: run } } });
  history.replaceState(null, '', data === undefined ? '/' : addresses.run(data.run.experiment, run));
}
