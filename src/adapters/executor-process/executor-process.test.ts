import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptSpec } from '../../ports/executor.ts';
import { type ExecutorBench, executorContract } from '../../testing/executor.contract.ts';
import { createProcessExecutor, type ProcessExecutor } from './index.ts';

const PATH = '/usr/bin:/bin';
/** Makes the command lines of this test run its own: the machine may run another one beside it. */
const OWN = process.pid;

function processes(text: string): readonly string[] {
  const out = execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' });
  return out.split('\n').filter((line) => line.includes(text) && !line.includes('sh -c') && !/^\s*\d+\s+Z/.test(line));
}

async function bench(): Promise<ExecutorBench & { readonly root: string }> {
  const home = mkdtempSync(join(tmpdir(), 'mw-executor-'));
  const root = join(home, 'attempts');
  const blobs = new Map<string, string>();
  const opened: ProcessExecutor[] = [];
  const artifacts = {
    async materialize(digest: string, path: string) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, blobs.get(digest) ?? '', { mode: 0o444 });
    },
  };
  const open = async (): Promise<ProcessExecutor> => {
    const one = createProcessExecutor({ root, artifacts });
    opened.push(one);
    return one;
  };
  return {
    root,
    executor: await open(),
    open,
    async blob(text) {
      const digest = `sha256:${blobs.size}`;
      blobs.set(digest, text);
      return digest;
    },
    async submitAndDie(spec) {
      const script = join(import.meta.dirname, '../../../test/fixtures/executor/submit-and-wait.ts');
      const child = spawn(process.execPath, [script, root, JSON.stringify(spec)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      await new Promise<void>((resolve, reject) => {
        child.stdout.once('data', () => resolve());
        child.once('exit', () => reject(new Error('the server ended by itself')));
      });
      child.kill('SIGKILL');
      await gone;
    },
    processes: async (text) => processes(text),
    async bytesKept(attemptId) {
      const folder = join(root, attemptId);
      return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    },
    async close() {
      for (const one of opened) one.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

executorContract('process', bench, PATH);

describe('the process executor', () => {
  let one: Awaited<ReturnType<typeof bench>>;
  beforeAll(async () => {
    one = await bench();
  });
  afterAll(() => one.close());

  const spec = (attemptId: string, script: string): AttemptSpec => ({
    attemptId,
    argv: ['sh', '-c', script],
    env: { PATH },
    files: [],
    timeoutMs: 20_000,
    logLimitBytes: 100_000,
    diskLimitBytes: 1e9,
  });

  const pidIn = (id: string, file: string): number =>
    (JSON.parse(readFileSync(join(one.root, id, file), 'utf8')) as { pid: number }).pid;

  it('reports lost when the supervisor is killed, and cancel ends the step that it left', async () => {
    await one.executor.submit(spec('a.lost.1', `sleep 401.25${OWN}`));
    await expect.poll(() => processes(`sleep 401.25${OWN}`), { timeout: 10_000 }).toHaveLength(1);
    process.kill(pidIn('a.lost.1', 'pid.json'), 'SIGKILL');
    await expect.poll(() => one.executor.status('a.lost.1')).toEqual({ state: 'lost' });
    // It is the caller's duty to end it before a second one starts.
    expect(processes(`sleep 401.25${OWN}`)).toHaveLength(1);
    await one.executor.cancel('a.lost.1');
    expect(processes(`sleep 401.25${OWN}`)).toEqual([]);
  });

  it('does not take a stranger with the same pid for the supervisor or the step', async () => {
    await one.executor.submit(spec('a.stranger.1', `sleep 402.25${OWN}`));
    await expect.poll(() => processes(`sleep 402.25${OWN}`), { timeout: 10_000 }).toHaveLength(1);
    const stranger = spawn('sleep', [`403.25${OWN}`], { detached: true, stdio: 'ignore' });
    const folder = join(one.root, 'a.stranger.1');
    const supervisor = pidIn('a.stranger.1', 'pid.json');
    const leader = pidIn('a.stranger.1', 'leader.json');
    process.kill(supervisor, 'SIGKILL');
    process.kill(leader, 'SIGKILL');
    for (const file of ['pid.json', 'leader.json']) {
      const record = JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;
      writeFileSync(join(folder, file), JSON.stringify({ ...record, pid: stranger.pid, startTime: 1 }));
    }
    expect(await one.executor.status('a.stranger.1')).toEqual({ state: 'lost' });
    await one.executor.cancel('a.stranger.1');
    expect(processes(`sleep 403.25${OWN}`)).toHaveLength(1);
    stranger.kill('SIGKILL');
  });

  it.runIf(process.platform === 'linux')('finds a daemon that left the group and the session', async () => {
    await one.executor.submit(
      spec('a.daemon.1', `setsid sh -c "sleep 404.25${OWN} & sleep 404.25${OWN}" & sleep 0.7; exit 0`),
    );
    for (;;) {
      const state = await one.executor.status('a.daemon.1');
      if (state.state === 'exited') break;
      await one.executor.wait('a.daemon.1', 200);
    }
    expect(processes(`sleep 404.25${OWN}`)).toEqual([]);
  });

  it('costs little more than the process', async () => {
    const times: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      const id = `a.cheap.${index}`;
      const started = performance.now();
      await one.executor.submit(spec(id, 'exit 0'));
      while ((await one.executor.status(id)).state === 'running') await one.executor.wait(id, 100);
      times.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    const median = times.sort((a, b) => a - b)[6] ?? 0;
    console.log(`local attempt, median ${median.toFixed(1)} ms`);
    // The aim is 20 ms on an idle machine; this only catches an order of magnitude.
    expect(median).toBeLessThan(300);
  });
});
