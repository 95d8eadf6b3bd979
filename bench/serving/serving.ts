/**
 * Requests per second and p99 of the gateway against the ceiling, same model, same client. The two take turns in short rounds, so
 * that a busy machine is busy for both; the ratio is the median over the rounds.
 * `node bench/serving/serving.ts [--model file.onnx] [--rounds n] [--seconds n] [--workers n] [--against inline|threads|no-log]`
 * prints one JSON object.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { bodyFor, startCeiling, startGateway } from './subjects.ts';
import type { Subject } from './subjects.ts';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface ServingBench {
  readonly connections: number;
  readonly workers: number;
  readonly rows: number;
  readonly rounds: number;
  readonly gateway: {
    readonly requestsPerSecond: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly failed: number;
  };
  readonly ceiling: { readonly requestsPerSecond: number; readonly p50Ms: number; readonly p99Ms: number };
  /** Gateway ÷ ceiling, requests per second: median of the rounds. */
  readonly ratio: number;
  readonly idleRssMiB: number;
  readonly logDropped: number;
}

export interface ServingBenchOptions {
  readonly model?: string;
  readonly rounds?: number;
  readonly seconds?: number;
  readonly workers?: number;
  readonly rows?: number;
  readonly connections?: number;
  /** The gateway program; default: the one in src. */
  readonly program?: string;
  /** The bare server with the model in its own thread or in `workers` threads, or the same gateway without its prediction log. */
  readonly against?: 'inline' | 'threads' | 'no-log';
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export interface Round {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

/** As fast as the server answers on so many connections, or `rate` a second. */
export async function fire(
  url: string,
  body: string | Buffer,
  seconds: number,
  connections: number,
  {
    headers = { 'content-type': 'application/json' },
    rate,
  }: { readonly headers?: Readonly<Record<string, string>>; readonly rate?: number } = {},
): Promise<Round> {
  const result = await autocannon({
    url,
    method: 'POST',
    body,
    connections,
    duration: seconds,
    headers: { ...headers },
    ...(rate === undefined ? {} : { overallRate: rate }),
  });
  return {
    rps: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failed: result.non2xx + result.errors + result.timeouts,
  };
}

const round2 = (value: number): number => Math.round(value * 100) / 100;

export async function benchServing(options: ServingBenchOptions = {}): Promise<ServingBench> {
  const { rounds = 5, seconds = 3, workers = 1, rows = 1, connections = 8, against = 'inline' } = options;
  const model = resolve(options.model ?? file('./flights.onnx'));
  const program = options.program ?? file('../../src/app/gateway.ts');
  const gateway = await startGateway(model, workers, [program]);
  const started: Subject[] = [gateway];
  try {
    const body = bodyFor(gateway.signature, rows);
    const idle = await gateway.facts();
    const peer =
      against === 'no-log'
        ? await startGateway(model, workers, ['--import', file('./no-log.ts'), program])
        : await startCeiling(model, against === 'inline' ? 'inline' : { threads: workers });
    started.push(peer);
    await fire(peer.url, body, 1, connections);
    await fire(gateway.url, body, 1, connections);
    const ours: Round[] = [];
    const bare: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await fire(peer.url, body, seconds, connections));
      ours.push(await fire(gateway.url, body, seconds, connections));
    }
    const after = await gateway.facts();
    const of = (list: readonly Round[], key: keyof Round): number => round2(median(list.map((entry) => entry[key])));
    return {
      connections,
      workers,
      rows,
      rounds,
      gateway: {
        requestsPerSecond: of(ours, 'rps'),
        p50Ms: of(ours, 'p50'),
        p99Ms: of(ours, 'p99'),
        failed: ours.reduce((sum, entry) => sum + entry.failed, 0),
      },
      ceiling: { requestsPerSecond: of(bare, 'rps'), p50Ms: of(bare, 'p50'), p99Ms: of(bare, 'p99') },
      ratio: round2(median(ours.map((entry, index) => entry.rps / (bare[index]?.rps ?? Number.NaN)))),
      idleRssMiB: Math.round(idle.rssBytes / 2 ** 20),
      logDropped: after.dropped,
    };
  } finally {
    for (const one of started) await one.stop();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      workers: { type: 'string' },
      rows: { type: 'string' },
      connections: { type: 'string' },
      against: { type: 'string' },
    },
  });
  const numbers = Object.fromEntries(
    (['rounds', 'seconds', 'workers', 'rows', 'connections'] as const).flatMap((key) =>
      values[key] === undefined ? [] : [[key, Number(values[key])]],
    ),
  );
  const result = await benchServing({
    ...numbers,
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(values.against === 'threads' || values.against === 'no-log' ? { against: values.against } : {}),
  });
  process.stdout.write(`${JSON.stringify(result, undefined, 1)}\n`);
}
