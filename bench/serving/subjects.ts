/** What is measured: a gateway of a home of its own, and the bare servers it is held against. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import type { ModelSignature } from '../../src/domain/registry.ts';

interface DataPlaneAdapter {
  readonly createDataPlaneProcess: typeof createDataPlaneProcess;
}

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface Subject {
  readonly url: string;
  stop(): Promise<void>;
}

/** A V2 request of `rows` rows for any signature. */
export function bodyFor(signature: ModelSignature, rows: number): string {
  const cell = (datatype: string, row: number): unknown =>
    datatype === 'BYTES' ? 'AA' : datatype === 'BOOL' ? true : datatype.startsWith('FP') ? 0.5 + row : row;
  const inputs = signature.inputs.map(({ name, datatype, shape }) => {
    const real = shape.map((size, index) => (size === -1 ? (index === 0 ? rows : 1) : size));
    const count = real.reduce((product, size) => product * size, 1);
    return { name, datatype, shape: real, data: Array.from({ length: count }, (_, index) => cell(datatype, index)) };
  });
  return JSON.stringify({ inputs });
}

/** `inline`: one process, the model in the thread of the HTTP server. `threads`: so many worker threads beside it. */
export async function startCeiling(model: string, kind: 'inline' | { readonly threads: number }): Promise<Subject> {
  const args =
    kind === 'inline' ? [file('./ceiling-inline.ts'), model] : [file('./ceiling.ts'), model, String(kind.threads)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((done, failed) => {
    child.once('exit', (code) => failed(new Error(`the ceiling server ended with ${code}`)));
    createInterface({ input: child.stdout }).once('line', done);
  });
  return {
    url: `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}/`,
    stop: async () => void child.kill(),
  };
}

export interface GatewaySubject extends Subject {
  readonly signature: ModelSignature;
  readonly grpc: string;
  /** Resident memory of the gateway now, and rows the log had to drop. */
  facts(): Promise<{ readonly rssBytes: number; readonly dropped: number }>;
}

/** `command`: arguments of node, the gateway program last. */
export async function startGateway(
  model: string,
  workers: number,
  command: readonly string[],
): Promise<GatewaySubject> {
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
    grpc: status.grpc,
    signature: await plane.signature('bench-r1'),
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
