/**
 * Requests per second and p99 of the gateway against the ceiling, same model, same worker count, same client. The two take turns in
 * short rounds, so that a busy machine is busy for both; the ratio is the median over the rounds.
 * `node bench/serving/serving.ts [--model file.onnx] [--rounds n] [--seconds n] [--workers n]` prints one JSON object.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import type { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import type { ModelSignature } from '../../src/domain/registry.ts';

interface DataPlaneAdapter {
  readonly createDataPlaneProcess: typeof createDataPlaneProcess;
}

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
  /** Against the same gateway without its prediction log, instead of against the bare server. */
  readonly againstNoLog?: boolean;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function bodyFor(signature: ModelSignature, rows: number): string {
  const cell = (datatype: string, row: number): unknown =>
    datatype === 'BYTES' ? 'AA' : datatype === 'BOOL' ? true : datatype.startsWith('FP') ? 0.5 + row : row;
  const inputs = signature.inputs.map(({ name, datatype, shape }) => {
    const real = shape.map((size, index) => (size === -1 ? (index === 0 ? rows : 1) : size));
    const count = real.reduce((product, size) => product * size, 1);
    return { name, datatype, shape: real, data: Array.from({ length: count }, (_, index) => cell(datatype, index)) };
  });
  return JSON.stringify({ inputs });
}

interface Round {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

async function fire(url: string, body: string, seconds: number, connections: number): Promise<Round> {
  const result = await autocannon({
    url,
    method: 'POST',
    body,
    connections,
    duration: seconds,
    headers: { 'content-type': 'application/json' },
  });
  return {
    rps: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failed: result.non2xx + result.errors + result.timeouts,
  };
}

async function startCeiling(
  model: string,
  workers: number,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [file('./ceiling.ts'), model, String(workers)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((done, failed) => {
    child.once('exit', (code) => failed(new Error(`the ceiling server ended with ${code}`)));
    createInterface({ input: child.stdout }).once('line', done);
  });
  return { child, url: `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}/` };
}

const round2 = (value: number): number => Math.round(value * 100) / 100;

interface Peer {
  readonly url: string;
  readonly body?: string;
  stop(): Promise<void>;
}

interface Gateway extends Peer {
  readonly body: string;
  /** Resident memory once the model serves, and rows the log had to drop. */
  facts(): Promise<{ readonly rssBytes: number; readonly dropped: number }>;
}

async function startGateway(
  model: string,
  workers: number,
  rows: number,
  command: readonly string[],
): Promise<Gateway> {
  const home = await mkdtemp(join(tmpdir(), 'mw-bench-'));
  const program = command.at(-1) ?? '';
  // The control of the same build: two builds may differ in what they say to each other.
  const adapter = join(program, '../../adapters/data-plane-process', `index${extname(program)}`);
  const { createDataPlaneProcess: create } = (await import(adapter)) as DataPlaneAdapter;
  const plane = create({
    home,
    command: [process.execPath, ...command],
    host: '127.0.0.1',
    restPort: 0,
    grpcPort: 0,
    workers,
  });
  const { status } = await plane.start();
  const digest = createHash('sha256')
    .update(await readFile(model))
    .digest('hex');
  const release = { releaseId: 'bench-r1', model: 'bench', version: 1, modelDigest: `sha256:${digest}`, path: model };
  await plane.apply({
    endpoint: 'bench',
    epoch: 1,
    weights: [{ releaseId: 'bench-r1', percent: 100 }],
    models: [release],
  });
  return {
    url: `${status.rest}/v2/models/bench/infer`,
    body: bodyFor(await plane.signature('bench-r1'), rows),
    async facts() {
      await plane.flush();
      const now = await plane.status();
      return { rssBytes: now.rssBytes, dropped: now.log.dropped };
    },
    async stop() {
      await plane.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export async function benchServing(options: ServingBenchOptions = {}): Promise<ServingBench> {
  const { rounds = 5, seconds = 3, workers = 1, rows = 1, connections = 8 } = options;
  const model = resolve(options.model ?? file('./flights.onnx'));
  const program = options.program ?? file('../../src/app/gateway.ts');
  const gateway = await startGateway(model, workers, rows, [program]);
  const started: Peer[] = [gateway];
  try {
    const { body } = gateway;
    const idle = await gateway.facts();
    let peer: Peer;
    if (options.againstNoLog === true)
      peer = await startGateway(model, workers, rows, ['--import', file('./no-log.ts'), program]);
    else {
      const ceiling = await startCeiling(model, workers);
      peer = { url: ceiling.url, stop: async () => void ceiling.child.kill() };
    }
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
    },
  });
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  const [rounds, seconds, workers, rows, connections] = [
    values.rounds,
    values.seconds,
    values.workers,
    values.rows,
    values.connections,
  ].map(number);
  const result = await benchServing({
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(rounds === undefined ? {} : { rounds }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(workers === undefined ? {} : { workers }),
    ...(rows === undefined ? {} : { rows }),
    ...(connections === undefined ? {} : { connections }),
  });
  process.stdout.write(`${JSON.stringify(result, undefined, 1)}\n`);
}
