/** From nothing to an answer, and what a server costs that nobody uses. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Entry, type Figure, figure, median } from '../figures.ts';
import { cpuMs, rssMiB, startServer } from '../server.ts';

const SETTLE_MS = 5000;
const FLIGHTS = join(import.meta.dirname, '../../examples/flights');

type Sample = Readonly<
  Record<'bare' | 'http' | 'ready' | 'startCpu' | 'rss' | 'planeRss' | 'cpu' | 'planeCpu', number>
>;

function wallMs(args: readonly string[], cwd?: string): number {
  const start = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore', ...(cwd === undefined ? {} : { cwd }) });
  return performance.now() - start;
}

async function servers(dist: string, rounds: number, idleMs: number, project?: string): Promise<readonly Figure[]> {
  const label = project === undefined ? 'empty home' : 'with flights';
  const runs: Sample[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = wallMs(['-e', '0']);
    const server = await startServer(dist, project === undefined ? {} : { project });
    await sleep(SETTLE_MS);
    const [before, planeBefore] = [cpuMs(server.pid), cpuMs(server.planePid)];
    await sleep(idleMs);
    const share = (now: number, then: number): number => ((now - then) / idleMs) * 100;
    runs.push({
      bare,
      http: server.httpMs,
      ready: server.readyMs,
      startCpu: before,
      rss: rssMiB(server.pid),
      planeRss: rssMiB(server.planePid),
      cpu: share(cpuMs(server.pid), before),
      planeCpu: share(cpuMs(server.planePid), planeBefore),
    });
    await server.stop();
  }
  const of = (key: keyof Sample): number => median(runs.map((run) => run[key]));
  const node = { what: 'node -e 0', value: of('bare') };
  return [
    figure(`first answer, ${label}`, of('http'), 'ms', node),
    figure(`everything up, ${label}`, of('ready'), 'ms', node),
    figure(`CPU of the control plane to 5 s, ${label}`, of('startCpu'), 'ms'),
    figure(`idle memory, control plane, ${label}`, of('rss'), 'MiB'),
    figure(`idle memory, gateway, ${label}`, of('planeRss'), 'MiB'),
    figure(`idle CPU, control plane, ${label}`, of('cpu'), '% of a core'),
    figure(`idle CPU, gateway, ${label}`, of('planeCpu'), '% of a core'),
  ];
}

async function commands(dist: string, rounds: number): Promise<readonly Figure[]> {
  const main = join(dist, 'main.js');
  const server = await startServer(dist);
  const all: { bare: number; version: number; status: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    all.push({
      bare: wallMs(['-e', '0']),
      version: wallMs([main, '--version']),
      status: wallMs([main, 'status', '--home', server.home], join(server.home, 'nothing')),
    });
  }
  await server.stop();
  const of = (key: 'bare' | 'version' | 'status'): number => median(all.map((one) => one[key]));
  const node = { what: 'node -e 0', value: of('bare') };
  return [figure('mw --version', of('version'), 'ms', node), figure('mw status', of('status'), 'ms', node)];
}

export const start: Entry = async ({ quick, dist }) => [
  ...(await servers(dist, quick ? 2 : 5, quick ? 5000 : 10_000)),
  ...(existsSync(join(FLIGHTS, 'millwright.yaml')) ? await servers(dist, quick ? 1 : 3, 5000, FLIGHTS) : []),
  ...(await commands(dist, quick ? 3 : 9)),
];
