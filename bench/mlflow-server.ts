/** A stock `mlflow server` on SQLite in a folder that is thrown away: the peer of the tracking bench. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pythonWithMlflow } from '../test/compat/mlflow/python-client.ts';
import { freePort } from '../test/free-port.ts';
import { rssMiB } from './server.ts';

const PATIENCE_MS = 120_000;

export interface MlflowServer {
  readonly url: string;
  readonly startMs: number;
  /** Of the server and all its workers. */
  rss(): number;
  /** Runs Python on the database while nobody else writes: `db` is its connection. */
  fill(script: string): void;
  stop(): Promise<void>;
}

/** The interpreter, or undefined with the reason printed. */
export async function findMlflow(): Promise<string | undefined> {
  const found = await pythonWithMlflow();
  if ('python' in found) return found.python;
  process.stderr.write(`NOT RUN: mlflow as the peer: ${found.missing}\n`);
  return undefined;
}

/** Members of a process group. */
export function processesOf(group: number): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid)) return false;
      try {
        return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2]) === group;
      } catch {
        return false;
      }
    });
}

export async function startMlflow(python: string, workers: number): Promise<MlflowServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mw-bench-mlflow-'));
  const database = join(folder, 'mlflow.db');
  const port = await freePort();
  const start = performance.now();
  const child = spawn(
    python,
    ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)].concat([
      '--backend-store-uri',
      `sqlite:///${database}`,
      '--artifacts-destination',
      join(folder, 'artifacts'),
    ]),
    // A group of its own, so that the workers end with it.
    { cwd: folder, stdio: 'ignore', detached: true, env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' } },
  );
  const group = child.pid ?? 0;
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const answered = await fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (answered) break;
    if (child.exitCode !== null || performance.now() - start > PATIENCE_MS)
      throw new Error('mlflow server did not start');
    await sleep(20);
  }
  return {
    url,
    startMs: performance.now() - start,
    rss: () => processesOf(group).reduce((sum, pid) => sum + rssMiB(pid), 0),
    fill(script) {
      const code = `import sqlite3\ndb = sqlite3.connect(${JSON.stringify(database)})\n${script}\ndb.commit()\n`;
      const { status, stderr } = spawnSync(python, ['-c', code], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      process.kill(-group, 'SIGTERM');
      await Promise.race([ended, sleep(10_000)]);
      for (const pid of processesOf(group)) process.kill(pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
