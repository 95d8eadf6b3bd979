/** What callers feel: latency at half of the peak, and what is answered when twice the peak is asked. */
import { join } from 'node:path';
import { type Entry, type Figure, figure } from '../figures.ts';
import { openLoop } from '../serving/open-loop.ts';
import { fire } from '../serving/serving.ts';
import { boostingBody, stateModels } from '../serving/state-model.ts';
import { startCeiling, startGateway } from '../serving/subjects.ts';

const DEADLINE_MS = 250;
const SHARES = [50, 75, 100, 125, 150, 200];

export const servingLoad: Entry = async ({ quick, dist }) => {
  const { boosting, heavy } = await stateModels();
  const seconds = quick ? 3 : 10;
  const program = [join(dist, 'app', 'gateway.js')];
  const figures: Figure[] = [];

  const gateway = await startGateway(boosting, 1, program);
  const ceiling = await startCeiling(boosting, 'inline');
  try {
    const body = boostingBody(1);
    const peak = (await fire(gateway.url, body, seconds, 64)).rps;
    await fire(ceiling.url, body, 1, 64);
    const rate = Math.round(peak / 2);
    const bare = await fire(ceiling.url, body, seconds, 64, { rate });
    const ours = await fire(gateway.url, body, seconds, 64, { rate });
    const what = 'bare node:http + ORT, one process';
    figures.push(
      figure(`p99 at ${rate}/s, half of the peak`, ours.p99, 'ms', { what, value: bare.p99 }),
      figure('p99 added over the bare runtime', ours.p99 - bare.p99, 'ms'),
    );
  } finally {
    await gateway.stop();
    await ceiling.stop();
  }

  // The model is the limit here: on the quick one it is the reading of requests, which no refusal can save.
  const slow = await startGateway(heavy, 1, program);
  try {
    // What a caller who cannot wait for ever says: the deadline is what the gateway sheds by.
    const body = boostingBody(16).replace('{', `{"parameters":{"timeout":${DEADLINE_MS * 1000}},`);
    await fire(slow.url, body, 1, 16);
    const peak = (await fire(slow.url, body, seconds, 64)).rps;
    figures.push(figure('peak of the heavy model, 16 rows, 64 connections', peak, '/s'));
    for (const share of SHARES) {
      const seen = await openLoop(slow.url, body, { rate: (peak * share) / 100, seconds, sockets: 4096 });
      if (seen.failed > 0) throw new Error(`${seen.failed} requests got neither an answer nor a refusal`);
      if (!seen.retryAfter) throw new Error('a refusal names no Retry-After');
      figures.push(
        figure(`goodput at ${share} % of the peak`, seen.goodput, '/s', { what: 'peak', value: peak }),
        figure(`p99 of the accepted at ${share} %`, seen.p99Ms, 'ms'),
        figure(`refused at ${share} %`, seen.refused, '/s'),
        figure(`admitted and late at ${share} %`, seen.late, '/s'),
      );
    }
  } finally {
    await slow.stop();
  }
  return figures;
};
