/** Requests per second and latency of the gateway against a bare server with the same model in one process. */
import { join } from 'node:path';
import { type BenchOptions, type Entry, type Figure, figure } from '../figures.ts';
import { benchServing, type ServingBenchOptions } from '../serving/serving.ts';
import { stateModels } from '../serving/state-model.ts';

const CASES: readonly (readonly [label: string, boosting: boolean, options: ServingBenchOptions])[] = [
  ['boosting, 8 connections', true, { connections: 8 }],
  ['boosting, 64 connections', true, { connections: 64 }],
  ['flights, 8 connections', false, { connections: 8 }],
  ['flights, 64 connections', false, { connections: 64 }],
  ['flights, 8 connections, 49 rows', false, { connections: 8, rows: 49 }],
  ['boosting, 8 connections, two threads', true, { connections: 8, workers: 2, against: 'threads' }],
  ['boosting, 8 connections, log on', true, { connections: 8, against: 'no-log' }],
  ['flights, 8 connections, log on', false, { connections: 8, against: 'no-log' }],
];

const AGAINST = {
  inline: 'bare node:http + ORT, one process',
  threads: 'bare node:http + ORT in threads',
  'no-log': 'without the log',
};

async function one(
  { quick, dist }: BenchOptions,
  label: string,
  options: ServingBenchOptions,
): Promise<readonly Figure[]> {
  const result = await benchServing({
    workers: 1,
    program: join(dist, 'app', 'gateway.js'),
    ...(quick ? { rounds: 3, seconds: 1.5 } : { rounds: 7, seconds: 3 }),
    ...options,
  });
  if (result.gateway.failed > 0) throw new Error(`${result.gateway.failed} requests failed`);
  const { gateway, ceiling } = result;
  const what = AGAINST[options.against ?? 'inline'];
  return [
    {
      ...figure(`requests, ${label}`, gateway.requestsPerSecond, '/s', { what, value: ceiling.requestsPerSecond }),
      ratio: result.ratio,
    },
    figure(`p50, ${label}`, gateway.p50Ms, 'ms', { what, value: ceiling.p50Ms }),
    figure(`p99, ${label}`, gateway.p99Ms, 'ms', { what, value: ceiling.p99Ms }),
    ...(options.connections === 8 && options.rows === undefined && options.against === undefined
      ? [figure(`memory with the model, ${label}`, result.idleRssMiB, 'MiB')]
      : []),
  ];
}

export const serving: Entry = async (options) => {
  const { boosting } = await stateModels();
  const figures: Figure[] = [];
  for (const [label, isBoosting, what] of CASES)
    figures.push(...(await one(options, label, { ...what, ...(isBoosting ? { model: boosting } : {}) })));
  return figures;
};
