/** One control plane, a gateway beside it and two that follow: rollouts, deaths and a late joiner under load on each. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import type { PlaneRoute, PlaneStatus } from '../../src/ports/data-plane.ts';
import { fixtureModel, GATEWAY, linearRoute } from './plane-harness.ts';
import { startLoad } from './plane-load.ts';
import type { Load } from './plane-load.ts';

const TOKEN = 'mw_a-token-of-the-role-gateway';
const CONTROL = fileURLToPath(new URL('./plane-control.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const homes: string[] = [];
const children = new Set<ChildProcess>();

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'mw-fleet-'));
  homes.push(home);
  return home;
}

interface Talk {
  readonly child: ChildProcess;
  readonly first: unknown;
  ask(value: object): Promise<unknown>;
}

/** A child that answers each JSON line (or its start) with JSON on standard output. */
async function talk(args: readonly string[], env: Record<string, string> = {}): Promise<Talk> {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  children.add(child);
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let text = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    // The command line prints its result over several lines.
    text += line;
    try {
      JSON.parse(text);
    } catch {
      return;
    }
    const whole = text;
    text = '';
    const next = waiting.shift();
    if (next === undefined) lines.push(whole);
    else next(whole);
  });
  const heard = (): Promise<unknown> =>
    new Promise<string>((resolve) => {
      const line = lines.shift();
      if (line !== undefined) resolve(line);
      else waiting.push(resolve);
    }).then((line) => JSON.parse(line) as unknown);
  child.once('exit', (code) => {
    for (const one of waiting.splice(0)) one(JSON.stringify({ ended: code }));
  });
  const first = await heard();
  return {
    child,
    first,
    ask(value) {
      child.stdin?.write(`${JSON.stringify(value)}\n`);
      return heard();
    },
  };
}

async function kill({ child }: Talk): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  children.delete(child);
}

const startControl = (home: string, port: number): Promise<Talk> => talk([CONTROL, home, String(port), TOKEN]);

const follow = (home: string, port: number, name: string): Promise<Talk> =>
  talk(
    [MAIN, 'gateway', '--follow', `http://127.0.0.1:${port}`, '--name', name, '--home', home].concat([
      '--port',
      '0',
      '--grpc-port',
      '0',
      '--json',
      '--workers',
      '1',
    ]),
    { MILLWRIGHT_TOKEN: TOKEN, MILLWRIGHT_LOG_LEVEL: 'error' },
  );

const addressOf = ({ first }: Talk): { rest: string; grpc: string } => first as { rest: string; grpc: string };

async function routesAt(rest: string): Promise<number | undefined> {
  const response = await fetch(`${rest}/v2/models/linear`).catch(() => undefined);
  return response?.status;
}

/** Which version each key gets there. */
async function places(rest: string): Promise<readonly number[]> {
  const versions: number[] = [];
  for (let key = 0; key < 24; key += 1) {
    const response = await fetch(`${rest}/v2/models/linear/infer`, {
      method: 'POST',
      body: JSON.stringify({
        parameters: { sticky_key: `user-${key}` },
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }],
      }),
    });
    versions.push(Number(((await response.json()) as { model_version: string }).model_version));
  }
  return versions;
}

afterEach(async () => {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(
    [...children].map(
      (child) => new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(0))),
    ),
  );
  children.clear();
  for (const home of homes.splice(0)) {
    const options = { home, command: GATEWAY, host: '127.0.0.1', restPort: 0, grpcPort: 0 };
    await createDataPlaneProcess(options).stop();
    await rm(home, { recursive: true, force: true });
  }
});

test('rollout, refusal, rollback, death of the control plane and of a follower, a late joiner: zero failed on living gateways', {
  timeout: 180_000,
}, async () => {
  const home = await newHome();
  let control = await startControl(home, 0);
  const { rest: localRest, port } = control.first as { rest: string; port: number };
  const apply = async (epoch: number, versions: readonly number[], percents: readonly number[]): Promise<void> => {
    const weights = versions.map((version, index) => ({
      releaseId: `linear-r${version}`,
      percent: percents[index] ?? 0,
    }));
    expect(await control.ask({ do: 'apply', route: await linearRoute(epoch, weights, versions) })).toEqual({
      done: true,
    });
  };
  await apply(1, [1], [100]);
  const [one, two] = await Promise.all([follow(await newHome(), port, 'one'), follow(await newHome(), port, 'two')]);
  const rests = [localRest, addressOf(one).rest, addressOf(two).rest];
  for (const rest of rests) expect(await routesAt(rest)).toBe(200);
  const loads: Load[] = rests.map((rest) => startLoad({ rest }, { pauseMs: 2 }));

  // Ten rollouts with a split between; the same key goes to the same version at all three.
  let epoch = 1;
  for (let round = 0; round < 10; round += 1) {
    const [from, to] = [(round % 3) + 1, ((round + 1) % 3) + 1];
    await apply((epoch += 1), [from, to], [50, 50]);
    if (round % 5 === 0) {
      const seen = await Promise.all(rests.map(places));
      expect(new Set(seen[0]).size).toBe(2);
      expect(seen[1]).toEqual(seen[0]);
      expect(seen[2]).toEqual(seen[0]);
    }
    await apply((epoch += 1), [to], [100]);
  }

  // One that none of them can load: refused, and nobody has changed.
  const bad: PlaneRoute = {
    endpoint: 'linear',
    epoch: epoch + 1,
    weights: [{ releaseId: 'linear-r9', percent: 100 }],
    models: [await fixtureModel('broken.onnx', 'linear-r9', 9)],
  };
  expect(await control.ask({ do: 'apply', route: bad })).toMatchObject({ error: { code: 'MW-MODEL-LOAD' } });

  // Rollback is seen everywhere within a second.
  await apply((epoch += 1), [2, 1], [100, 0]);
  const start = performance.now();
  await apply((epoch += 1), [2, 1], [0, 100]);
  expect(performance.now() - start).toBeLessThan(1000);
  for (const rest of rests) expect(new Set(await places(rest))).toEqual(new Set([1]));

  // The control plane dies: all serve on, and the next one neither takes nor gives anything away.
  await kill(control);
  const answered = loads.map((load) => load.answers);
  await expect
    .poll(() => loads.every((load, index) => load.answers > (answered[index] ?? 0) + 50), { timeout: 15_000 })
    .toBe(true);
  control = await startControl(home, port);
  await apply((epoch += 1), [3], [100]);
  await expect
    .poll(async () => (await Promise.all(rests.map(places))).flat().every((version) => version === 3), {
      timeout: 15_000,
    })
    .toBe(true);

  // A follower dies: it holds nothing up for ever, and it comes back with what is current.
  const [, , lost] = loads;
  await lost?.end();
  await kill(two);
  await apply((epoch += 1), [2], [100]);
  const late = await follow(await newHome(), port, 'late');
  expect(new Set(await places(addressOf(late).rest))).toEqual(new Set([2]));
  await apply((epoch += 1), [1], [100]);
  expect(new Set(await places(addressOf(late).rest))).toEqual(new Set([1]));

  await Promise.all(loads.map((load) => load.end()));
  expect(loads.flatMap((load) => load.failures)).toEqual([]);

  // Every answer of the living is in the control plane's counters and in its log.
  const least = (loads[0]?.answers ?? 0) + (loads[1]?.answers ?? 0);
  await expect
    .poll(async () => ((await control.ask({ do: 'status' })) as PlaneStatus).log.written, { timeout: 10_000 })
    .toBeGreaterThanOrEqual(least);
  const { createDuckDbAnalytics } = await import('../../src/adapters/analytics-duckdb/index.ts');
  const analytics = createDuckDbAnalytics({
    home,
    skipped: (path, reason) => expect.unreachable(`${path}: ${reason}`),
  });
  await expect
    .poll(() => analytics.count('linear', 0, Date.now() + 60_000), { timeout: 20_000, interval: 500 })
    .toBeGreaterThanOrEqual(least);
  await analytics.close();
  expect((await readdir(join(home, 'predictions', 'linear'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
