/** The control plane dies by kill -9: the data plane goes on answering, and the next control plane finds it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import { isRunning } from '../../src/platform/process-identity.ts';
import { GATEWAY, inferLinear } from './plane-harness.ts';

test('kill -9 of the parent: no request fails, the gateway is found again', { timeout: 60_000 }, async () => {
  const home = await mkdtemp(join(tmpdir(), 'mw-survive-'));
  const parent = spawn(process.execPath, [fileURLToPath(new URL('./plane-parent.ts', import.meta.url)), home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const plane = createDataPlaneProcess({
    home,
    command: GATEWAY,
    host: '127.0.0.1',
    restPort: 0,
    grpcPort: 0,
    workers: 1,
  });
  try {
    const line = await new Promise<string>((resolve) =>
      createInterface({ input: parent.stdout }).once('line', resolve),
    );
    const { rest, pid } = JSON.parse(line) as { rest: string; pid: number };
    const stop = new AbortController();
    let served = 0;
    const failures: string[] = [];
    const caller = (async () => {
      while (!stop.signal.aborted) {
        await inferLinear(rest).then(
          () => (served += 1),
          (error: unknown) => failures.push(String(error)),
        );
      }
    })();
    const gone = new Promise((resolve) => parent.once('exit', resolve));
    parent.kill('SIGKILL');
    await gone;
    const atDeath = served;
    await expect.poll(() => served, { timeout: 10_000 }).toBeGreaterThan(atDeath + 50);

    const { found, status } = await plane.start();
    expect({ found, pid: status.pid, rest: status.rest }).toEqual({ found: true, pid, rest });
    expect(status.routes).toEqual([{ endpoint: 'linear', epoch: 1 }]);
    stop.abort();
    await caller;
    expect(failures).toEqual([]);
    // Closing the control plane in an orderly way leaves the service alone too.
    plane.close();
    expect(await inferLinear(rest)).toEqual({ version: 3, values: [6, 9] });
  } finally {
    parent.kill('SIGKILL');
    await plane.stop();
    await rm(home, { recursive: true, force: true });
  }
});

test('kill -9 of the gateway while no control plane lives: it serves again within 3 s, same port, and is found', {
  timeout: 60_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'mw-kept-'));
  const parent = spawn(process.execPath, [fileURLToPath(new URL('./plane-parent.ts', import.meta.url)), home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const options = { home, command: GATEWAY, host: '127.0.0.1', restPort: 0, grpcPort: 0, workers: 1 };
  const plane = createDataPlaneProcess(options);
  const record = async () =>
    JSON.parse(await readFile(join(home, 'plane', 'plane.json'), 'utf8')) as {
      pid: number;
      keeper: { pid: number };
    };
  try {
    const line = await new Promise<string>((resolve) =>
      createInterface({ input: parent.stdout }).once('line', resolve),
    );
    const { rest, pid } = JSON.parse(line) as { rest: string; pid: number };
    const gone = new Promise((resolve) => parent.once('exit', resolve));
    parent.kill('SIGKILL');
    await gone;
    const pids = new Set([pid]);
    let last = pid;
    for (let death = 0; death < 2; death += 1) {
      process.kill(last, 'SIGKILL');
      const start = performance.now();
      await expect
        .poll(() => inferLinear(rest).catch(() => undefined), { timeout: 10_000, interval: 20 })
        .toEqual({ version: 3, values: [6, 9] });
      // A second death soon after the first is followed by a pause of a second.
      expect(performance.now() - start).toBeLessThan(death === 0 ? 3000 : 4500);
      await expect.poll(async () => (await record()).pid, { timeout: 5000 }).not.toBe(last);
      last = (await record()).pid;
      pids.add(last);
    }
    expect(pids.size).toBe(3);
    const { found, status } = await plane.start();
    expect({ found, pid: status.pid, rest: status.rest }).toEqual({ found: true, pid: last, rest });

    // Asked to end, it ends, and its keeper with it.
    const { keeper } = await record();
    await plane.stop();
    await expect.poll(() => isRunning(keeper.pid) || isRunning(last), { timeout: 5000 }).toBe(false);
  } finally {
    parent.kill('SIGKILL');
    await plane.stop();
    await rm(home, { recursive: true, force: true });
  }
});
