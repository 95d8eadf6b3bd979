/** Resident memory of the gateway over minutes of full load: it must stay flat. */
import { join } from 'node:path';
import { type Entry, type Figure, figure } from '../figures.ts';
import { fire } from '../serving/serving.ts';
import { boostingBody, stateModels } from '../serving/state-model.ts';
import { startGateway } from '../serving/subjects.ts';

export const servingMemory: Entry = async ({ quick, dist }) => {
  const { boosting } = await stateModels();
  const minutes = quick ? 1 : 10;
  const gateway = await startGateway(boosting, 1, [join(dist, 'app', 'gateway.js')]);
  const mib = async (): Promise<number> => (await gateway.facts()).rssBytes / 2 ** 20;
  try {
    const figures: Figure[] = [figure('memory with the model, idle', await mib(), 'MiB')];
    const samples: number[] = [];
    for (let at = 0; at < minutes * 4; at += 1) {
      await fire(gateway.url, boostingBody(1), 15, 32);
      samples.push(await mib());
    }
    const quarter = Math.max(1, Math.floor(samples.length / 4));
    const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;
    figures.push(
      figure(`largest in ${minutes} min of full load`, Math.max(...samples), 'MiB'),
      figure('last quarter', mean(samples.slice(-quarter)), 'MiB', {
        what: 'second quarter',
        value: mean(samples.slice(quarter, 2 * quarter)),
      }),
    );
    return figures;
  } finally {
    await gateway.stop();
  }
};
