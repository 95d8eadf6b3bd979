/** The gateway beside FastAPI, LitServe, MLflow, MLServer, BentoML and Ray Serve, on the same model, body and client. */
import { join } from 'node:path';
import { type Entry, type Figure, figure, median } from '../figures.ts';
import { PEERS, startPeer } from '../serving/peers.ts';
import { fire } from '../serving/serving.ts';
import { boostingBody, stateModels } from '../serving/state-model.ts';
import { startGateway } from '../serving/subjects.ts';

const CONNECTIONS = [8, 64];

export const servingPeers: Entry = async ({ quick, dist }) => {
  const models = await stateModels();
  const [rounds, seconds] = quick ? [2, 2] : [5, 4];
  const gateway = await startGateway(models.boosting, 1, [join(dist, 'app', 'gateway.js')]);
  const figures: Figure[] = [];
  try {
    const body = boostingBody(1);
    for (const connections of CONNECTIONS) await fire(gateway.url, body, 1, connections);
    for (const name of PEERS) {
      const peer = await startPeer(name, models);
      try {
        for (const connections of CONNECTIONS) {
          await fire(peer.url, peer.body, 1, connections);
          const [ours, theirs] = [[], []] as { rps: number; p99: number; failed: number }[][];
          for (let round = 0; round < rounds; round += 1) {
            theirs?.push(await fire(peer.url, peer.body, seconds, connections));
            ours?.push(await fire(gateway.url, body, seconds, connections));
          }
          const of = (list: typeof ours, key: 'rps' | 'p99'): number => median((list ?? []).map((one) => one[key]));
          if ((ours ?? []).some((one) => one.failed > 0)) throw new Error('requests to the gateway failed');
          const label = `beside ${name}, ${connections} connections`;
          figures.push(
            figure(`requests ${label}`, of(ours, 'rps'), '/s', { what: name, value: of(theirs, 'rps') }),
            figure(`p99 ${label}`, of(ours, 'p99'), 'ms', { what: name, value: of(theirs, 'p99') }),
          );
        }
        figures.push(
          figure(`memory beside ${name}`, (await gateway.facts()).rssBytes / 2 ** 20, 'MiB', {
            what: name,
            value: peer.rss(),
          }),
        );
      } finally {
        await peer.stop();
      }
    }
    return figures;
  } finally {
    await gateway.stop();
  }
};
