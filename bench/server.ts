/** A server of the built program in a home that is thrown away. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/free-port.ts';

const PATIENCE_MS = 30_000;

export interface BenchServer {
  readonly url: string;
  readonly home: string;
  readonly pid: number;
  readonly planePid: number;
  /** From spawn to the first answer, and to the server's own word that everything is up. */
  readonly httpMs: number;
  readonly readyMs: number;
  stop(): Promise<void>;
}

export function newHome(): string {
  return mkdtempSync(join(tmpdir(), 'mw-bench-'));
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, path: '/health', timeout: 500 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
  });
}

function read(path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** `keep`: the home is the caller's. */
export async function startServer(
  dist: string,
  options: { readonly home?: string; readonly project?: string; readonly keep?: boolean } = {},
): Promise<BenchServer> {
  const home = options.home ?? newHome();
  const folder = join(home, 'nothing');
  mkdirSync(folder, { recursive: true });
  rmSync(join(home, 'server.json'), { force: true });
  const port = await freePort();
  const args = [join(dist, 'main.js'), 'server', '--home', home, '--port', String(port)];
  args.push(
    '--rest-port',
    '0',
    '--grpc-port',
    '0',
    ...(options.project === undefined ? [] : ['--project', options.project]),
  );
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  let httpMs: number | undefined;
  let record: Readonly<Record<string, unknown>> | undefined;
  while (httpMs === undefined || record === undefined) {
    if (child.exitCode !== null || performance.now() - start > PATIENCE_MS) {
      child.kill('SIGTERM');
      throw new Error(`no server: ${said}`);
    }
    if (httpMs === undefined && (await answers(port))) httpMs = performance.now() - start;
    record = read(join(home, 'server.json'));
    if (record === undefined || httpMs === undefined) await sleep(3);
  }
  const readyMs = performance.now() - start;
  const planePid = Number(read(join(home, 'plane', 'plane.json'))?.['pid']);
  return {
    url: String(record['url']),
    home,
    pid: child.pid ?? 0,
    planePid,
    httpMs,
    readyMs,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      process.kill(planePid, 'SIGTERM');
      if (options.keep !== true) rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Resident memory in MiB; not a number where /proc is missing. */
export function rssMiB(pid: number): number {
  const found = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? Number.NaN) / 1024;
}

/** CPU time of the process so far, ms. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
