/** What the pages draw over time: calls and latency by version each second, and the machine every five. In memory, bounded, lost on restart. */
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import type { ResourceSample, SeriesPoint } from '../api/http/deps.ts';
import { latencyQuantile } from '../domain/latency.ts';
import type { Clock } from '../ports/clock.ts';
import type { PlaneStatus, ReleaseStats } from '../ports/data-plane.ts';

const KEEP = 3600;
const EVERY_MS = 1000;

type Cumulative = ReadonlyMap<string, ReleaseStats>;

function difference(now: ReleaseStats, before: ReleaseStats | undefined): ReleaseStats {
  // A restarted plane counts from zero again.
  if (before === undefined || before.calls > now.calls) return now;
  return {
    ...now,
    calls: now.calls - before.calls,
    errors: now.errors - before.errors,
    latency: {
      bounds: now.latency.bounds,
      counts: now.latency.counts.map((count, i) => count - (before.latency.counts[i] ?? 0)),
    },
  };
}

function pointOf(at: number, releases: readonly ReleaseStats[]): SeriesPoint {
  return {
    at,
    byVersion: releases
      .filter((release) => release.calls > 0)
      .map((release) => {
        const quantile = (q: number): number | undefined => latencyQuantile([release.latency], q);
        const [p50, p95, p99] = [quantile(0.5), quantile(0.95), quantile(0.99)];
        return {
          version: release.version,
          calls: release.calls,
          errors: release.errors,
          ...(p50 === undefined ? {} : { p50Ms: p50 }),
          ...(p95 === undefined ? {} : { p95Ms: p95 }),
          ...(p99 === undefined ? {} : { p99Ms: p99 }),
        };
      }),
  };
}

export interface Samples {
  series(endpoint: string, windowMs: number): { readonly stepMs: number; readonly points: readonly SeriesPoint[] };
  resources(): readonly ResourceSample[];
  start(): void;
  stop(): void;
}

export function createSamples(deps: {
  readonly status: () => Promise<PlaneStatus | undefined>;
  readonly clock: Clock;
  readonly home: string;
}): Samples {
  const { status, clock, home } = deps;
  const series = new Map<string, SeriesPoint[]>();
  const machine: ResourceSample[] = [];
  let before: ReadonlyMap<string, Cumulative> = new Map();
  let busyBefore = { busy: 0, all: 0 };
  let timer: NodeJS.Timeout | undefined;
  let tick = 0;

  const push = <T>(list: T[], item: T): void => {
    list.push(item);
    if (list.length > KEEP) list.shift();
  };

  function cpuShare(): number {
    const times = cpus().map((cpu) => cpu.times);
    const all = times.reduce((sum, t) => sum + t.user + t.nice + t.sys + t.idle + t.irq, 0);
    const busy = all - times.reduce((sum, t) => sum + t.idle, 0);
    const share = all === busyBefore.all ? 0 : (busy - busyBefore.busy) / (all - busyBefore.all);
    busyBefore = { busy, all };
    return Math.max(0, Math.min(1, share));
  }

  async function sampleMachine(plane: PlaneStatus | undefined): Promise<void> {
    const disk = await statfs(home).catch(() => undefined);
    push(machine, {
      at: clock.now(),
      cpu: cpuShare(),
      memoryBytes: totalmem() - freemem(),
      memoryTotalBytes: totalmem(),
      serverRssBytes: process.memoryUsage.rss(),
      ...(disk === undefined ? {} : { diskFreeBytes: disk.bavail * disk.bsize }),
      ...(plane === undefined ? {} : { planeRssBytes: plane.rssBytes }),
    });
  }

  async function sample(): Promise<void> {
    const plane = await status();
    const at = clock.now();
    const next = new Map<string, Cumulative>();
    for (const endpoint of plane?.stats ?? []) {
      const old = before.get(endpoint.endpoint);
      next.set(endpoint.endpoint, new Map(endpoint.releases.map((release) => [release.releaseId, release])));
      if (old === undefined) continue;
      const list = series.get(endpoint.endpoint) ?? [];
      series.set(endpoint.endpoint, list);
      push(
        list,
        pointOf(
          at,
          endpoint.releases.map((release) => difference(release, old.get(release.releaseId))),
        ),
      );
    }
    before = next;
    if (tick % 5 === 0) await sampleMachine(plane);
    tick += 1;
  }

  return {
    series(endpoint, windowMs) {
      const since = clock.now() - windowMs;
      return { stepMs: EVERY_MS, points: (series.get(endpoint) ?? []).filter((point) => point.at >= since) };
    },
    resources: () => machine,
    start() {
      timer = setInterval(() => void sample().catch(() => undefined), EVERY_MS);
      timer.unref();
    },
    stop() {
      clearInterval(timer);
    },
  };
}
