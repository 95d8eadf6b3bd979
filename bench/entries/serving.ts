/** Requests per second and latency of the gateway on the flights model, against a bare server with the same model and threads. */
import { join } from 'node:path';
import { type BenchOptions, type Entry, type Figure, figure } from '../figures.ts';
import { benchServing, type ServingBenchOptions } from '../serving/serving.ts';

const CASES: readonly (readonly [label: string, options: ServingBenchOptions])[] = [
  ['8 connections', { connections: 8 }],
  ['64 connections', { connections: 64 }],
  ['8 connections, 49 rows', { connections: 8, rows: 49 }],
];

async function one(
  { quick, dist }: BenchOptions,
  label: string,
  options: ServingBenchOptions,
): Promise<readonly Figure[]> {
  const result = await benchServing({
    workers: 2,
    program: join(dist, 'app', 'gateway.js'),
    ...(quick ? { rounds: 3, seconds: 1.5 } : { rounds: 7, seconds: 3 }),
    ...options,
  });
  if (result.gateway.failed > 0) throw new Error(`${result.gateway.failed} requests failed`);
  const { gateway, ceiling } = result;
  const what = options.againstNoLog === true ? 'without the log' : 'bare node:http + ORT';
  return [
    {
      ...figure(`requests, ${label}`, gateway.requestsPerSecond, '/s', { what, value: ceiling.requestsPerSecond }),
      ratio: result.ratio,
    },
    figure(`p50, ${label}`, gateway.p50Ms, 'ms', { what, value: ceiling.p50Ms }),
    figure(`p99, ${label}`, gateway.p99Ms, 'ms', { what, value: ceiling.p99Ms }),
    ...(options.connections === 8 && options.rows === undefined && options.againstNoLog !== true
      ? [figure('gateway memory with the model', result.idleRssMiB, 'MiB')]
      : []),
  ];
}

export const serving: Entry = async (options) => {
  const figures: Figure[] = [];
  for (const [label, what] of CASES) figures.push(...(await one(options, label, what)));
  figures.push(...(await one(options, '8 connections, log on', { connections: 8, againstNoLog: true })));
  return figures;
};
