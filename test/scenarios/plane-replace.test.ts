/** A gateway gives its place to another one, with other settings or of another version, under load: no request fails. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import { askGateway } from '../../src/adapters/data-plane-process/control-client.ts';
import { isRunning } from '../../src/platform/process-identity.ts';
import { GATEWAY, inferLinear, linearRoute, startPlane } from './plane-harness.ts';
import type { PlaneHarness } from './plane-harness.ts';
import { startLoad } from './plane-load.ts';

let harness: PlaneHarness | undefined;
afterEach(async () => {
  await harness?.end();
  harness = undefined;
});

const optionsOf = (home: string) => ({ home, command: GATEWAY, host: '127.0.0.1', restPort: 0, grpcPort: 0 });

async function recordOf(home: string): Promise<{ pid: number; socket: string; keeper: { pid: number } }> {
  return JSON.parse(await readFile(join(home, 'plane', 'plane.json'), 'utf8'));
}

test('five replacements in a row by control planes of other versions, under load: zero failed, same ports, nothing lost', {
  timeout: 120_000,
}, async () => {
  harness = await startPlane();
  const { plane, home, rest, grpc, pid } = harness;
  await plane.apply(await linearRoute(1, [{ releaseId: 'linear-r1', percent: 100 }], [1]));
  plane.close();
  const load = startLoad({ rest, grpc });
  const pids = new Set([pid]);
  let written = 0;
  let last = plane;
  for (let version = 2; version <= 6; version += 1) {
    const before = load.answers;
    await expect.poll(() => load.answers).toBeGreaterThan(before + 20);
    const next = createDataPlaneProcess({ ...optionsOf(home), workers: 2, version: `0.0.${version}` });
    const { found, status } = await next.start();
    expect({ found, rest: status.rest, grpc: status.grpc }).toEqual({ found: true, rest, grpc });
    expect(status.routes).toEqual([{ endpoint: 'linear', epoch: version - 1 }]);
    pids.add(status.pid);
    // It takes changes like any other.
    const to = (version % 3) + 1;
    await next.apply(await linearRoute(version, [{ releaseId: `linear-r${to}`, percent: 100 }], [to]));
    next.close();
    last = next;
  }
  expect(pids.size).toBe(6);
  await load.end();
  expect(load.failures).toEqual([]);
  expect(load.versions).toEqual(new Set([1, 2, 3]));

  // Everything that was answered is in the log, whoever answered it.
  await last.flush();
  const { createDuckDbAnalytics } = await import('../../src/adapters/analytics-duckdb/index.ts');
  const analytics = createDuckDbAnalytics({
    home,
    skipped: (path, reason) => expect.unreachable(`${path}: ${reason}`),
  });
  await expect
    .poll(async () => (written = await analytics.count('linear', 0, Date.now() + 60_000)), { timeout: 15_000 })
    .toBe(load.answers);
  await analytics.close();
  expect(written).toBe(load.answers);
  // Those who were replaced are gone, keepers and all.
  pids.delete((await recordOf(home)).pid);
  await expect.poll(() => [...pids].some(isRunning), { timeout: 15_000 }).toBe(false);
});

test('replaced by hand through the control door; killed afterwards it comes back by itself without the old channel', {
  timeout: 60_000,
}, async () => {
  const restarts: string[] = [];
  harness = await startPlane({ onRestart: ({ reason }) => restarts.push(reason) });
  const { plane, home, rest, grpc, pid } = harness;
  await plane.apply(await linearRoute(1, [{ releaseId: 'linear-r3', percent: 100 }], [3]));
  const load = startLoad({ rest, grpc });
  const { socket } = await recordOf(home);
  await askGateway(socket, { method: 'POST', path: '/replace', body: {}, timeoutMs: 60_000 });
  const second = await recordOf(home);
  expect(second.pid).not.toBe(pid);
  // The one who watches takes it for what it is.
  await expect.poll(async () => (await plane.status()).pid).toBe(second.pid);
  await expect.poll(() => isRunning(pid), { timeout: 15_000 }).toBe(false);
  expect(restarts).toEqual([]);
  await load.end();
  expect(load.failures).toEqual([]);

  process.kill(second.pid, 'SIGKILL');
  await expect
    .poll(() => inferLinear(rest).catch(() => undefined), { timeout: 10_000 })
    .toEqual({
      version: 3,
      values: [6, 9],
    });
  await expect.poll(async () => (await recordOf(home)).keeper.pid, { timeout: 5000 }).toBe(second.keeper.pid);
});

test('a successor that cannot start leaves the old one serving, and its door open', { timeout: 60_000 }, async () => {
  harness = await startPlane();
  const { plane, home, rest, pid } = harness;
  await plane.apply(await linearRoute(1, [{ releaseId: 'linear-r1', percent: 100 }], [1]));
  plane.close();
  const load = startLoad({ rest });
  const broken = join(home, 'broken.ts');
  await writeFile(broken, 'process.exit(7);\n');
  const { socket } = await recordOf(home);
  const replace = (body: object): Promise<unknown> =>
    askGateway(socket, { method: 'POST', path: '/replace', body, timeoutMs: 60_000 });
  await expect(replace({ program: [process.execPath, broken] })).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
  await expect(replace({ program: 'sh' })).rejects.toMatchObject({ code: 'MW-INVALID' });

  // Another port that is taken: the error is the successor's own.
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const next = createDataPlaneProcess({ ...optionsOf(home), restPort: port });
  await expect(next.start()).rejects.toMatchObject({ code: 'MW-PORT-TAKEN', where: `127.0.0.1:${port}` });
  holder.close();

  expect((await plane.status()).pid).toBe(pid);
  await plane.apply(await linearRoute(2, [{ releaseId: 'linear-r2', percent: 100 }], [2]));
  await load.end();
  expect(load.failures).toEqual([]);
  expect(await inferLinear(rest)).toEqual({ version: 2, values: [4, 6] });
});

test('a changed port is opened anew, the other one is handed over', { timeout: 60_000 }, async () => {
  harness = await startPlane();
  const { plane, home, rest, grpc } = harness;
  await plane.apply(await linearRoute(1, [{ releaseId: 'linear-r1', percent: 100 }], [1]));
  plane.close();
  const free = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => free.once('listening', resolve));
  const address = free.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => free.close(resolve));
  const load = startLoad({ rest: 'http://127.0.0.1:1', grpc });
  const next = createDataPlaneProcess({ ...optionsOf(home), restPort: port });
  const { status } = await next.start();
  next.close();
  expect(status).toMatchObject({ rest: `http://127.0.0.1:${port}`, grpc });
  await load.end();
  expect(load.failures.filter((line) => line.startsWith('grpc'))).toEqual([]);
  expect(await inferLinear(status.rest)).toEqual({ version: 1, values: [2, 3] });
  await expect.poll(() => inferLinear(rest).catch(() => 'gone'), { timeout: 10_000 }).toBe('gone');
});

test('a release that killed the process while it was loaded is left out after a fault; others serve', {
  timeout: 60_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'mw-suspect-'));
  const plane = createDataPlaneProcess(optionsOf(home));
  try {
    await mkdir(join(home, 'plane'), { recursive: true });
    await plane.start();
    await plane.apply(await linearRoute(1, [{ releaseId: 'linear-r1', percent: 100 }], [1]));
    await plane.apply({
      ...(await linearRoute(1, [{ releaseId: 'linear-r2', percent: 100 }], [2])),
      endpoint: 'other',
    });
    const { rest, pid } = await plane.status();
    const { key } = JSON.parse(await readFile(join(home, 'plane', 'plane.json'), 'utf8')) as { key: string };
    await expect.poll(() => readFile(join(home, 'plane', 'loading.json')).catch(() => 'none')).toBe('none');
    // As it stands on disk in the middle of a load.
    await writeFile(join(home, 'plane', 'loading.json'), JSON.stringify({ key, loading: ['linear-r2'], refused: [] }));
    process.kill(pid, 'SIGSEGV');
    await expect
      .poll(() => inferLinear(rest).catch(() => undefined), { timeout: 20_000 })
      .toEqual({ version: 1, values: [2, 3] });
    await expect.poll(async () => (await plane.status()).pid, { timeout: 10_000 }).not.toBe(pid);
    expect((await plane.status()).routes).toEqual([{ endpoint: 'linear', epoch: 1 }]);
    const again = { ...(await linearRoute(2, [{ releaseId: 'linear-r2', percent: 100 }], [2])), endpoint: 'other' };
    await expect(plane.apply(again)).rejects.toMatchObject({
      code: 'MW-MODEL-LOAD',
      where: 'linear-r2 (MW-QUARANTINED)',
    });
  } finally {
    await plane.stop();
    await rm(home, { recursive: true, force: true });
  }
});
