import { describe, expect, test } from 'vitest';
import { MillwrightError } from '../../domain/errors.ts';
import { NO_RUNTIME_STATS } from '../../ports/model-runtime.ts';
import type { PlaneRoute, PlaneStatus } from '../../ports/data-plane.ts';
import type { GatewayReport } from '../../ports/plane-fleet.ts';
import { createFleet } from './index.ts';

const GONE_MS = 150;
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const never = new AbortController().signal;

const route = (epoch: number, releaseId: string): PlaneRoute => ({
  endpoint: 'e',
  epoch,
  weights: [{ releaseId, percent: 100 }],
  models: [{ releaseId, model: 'm', version: 1, modelDigest: `sha256:${'a'.repeat(64)}`, path: '/models/a.onnx' }],
});

function statusOf(routes: readonly PlaneRoute[], calls: number, startedAt = 1): PlaneStatus {
  return {
    pid: 1,
    startedAt,
    rest: '',
    grpc: '',
    routes: routes.map(({ endpoint, epoch }) => ({ endpoint, epoch })),
    stats: routes.map(({ endpoint, models }) => ({
      endpoint,
      releases: models.map(({ releaseId, version }) => ({
        releaseId,
        version,
        calls,
        rows: calls,
        errors: 0,
        rejected: 0,
        latency: { bounds: [1, 2], counts: [calls, 0, 0] },
        inFlight: 1,
        state: 'warm',
        coldStarts: 0,
        runtime: NO_RUNTIME_STATS,
      })),
    })),
    log: { written: calls, dropped: 0, pending: 0 },
    rssBytes: 1,
    cpuSeconds: 1,
  };
}

function setUp(served: readonly PlaneRoute[] = []) {
  const local = {
    served: [...served],
    refuse: undefined as Error | undefined,
    routes: async () => local.served,
    setTokens: async () => undefined,
    apply: async (one: PlaneRoute) => {
      if (local.refuse !== undefined) throw local.refuse;
      local.served = [one];
    },
    remove: async () => {
      local.served = [];
    },
    status: async () => statusOf(local.served, 10),
    signature: async () => ({ inputs: [], outputs: [] }),
    flush: async () => undefined,
  };
  const fleet = createFleet(local, { clock, goneMs: GONE_MS });
  /** Keeps reporting, as a follower does, until it is stopped. */
  const follower = (id: string, report: () => GatewayReport): (() => void) => {
    fleet.report(id, report());
    const timer = setInterval(() => fleet.report(id, report()), 30);
    return () => clearInterval(timer);
  };
  return { local, fleet, follower };
}

const reportOf = (warm: readonly string[], routes: readonly PlaneRoute[], calls = 5, startedAt = 1): GatewayReport => ({
  warm,
  refused: [],
  status: statusOf(routes, calls, startedAt),
});

describe('two phases', () => {
  test('a route is announced, and current only when the follower is warm; the local plane is last', async () => {
    const { local, fleet, follower } = setUp();
    const warm: string[] = [];
    const stop = follower('f', () => reportOf(warm, local.served));
    const applied = fleet.apply(route(1, 'r1'));
    const first = await fleet.book('f', '', 1000, never);
    expect(first).toMatchObject({ current: [], next: [{ route: { epoch: 1 } }] });
    expect(local.served).toEqual([]);
    warm.push('r1');
    await applied;
    const second = await fleet.book('f', first.revision, 1000, never);
    expect(second).toMatchObject({ current: [{ epoch: 1 }], next: [] });
    stop();
  });

  test('what one refuses nobody takes, and the same route announced again is asked anew', async () => {
    const { local, fleet, follower } = setUp();
    let refused: GatewayReport['refused'] = [];
    let warm: readonly string[] = [];
    const stop = follower('f', () => ({ ...reportOf(warm, local.served), refused }));
    const first = fleet.apply(route(1, 'r1'));
    const { next } = await fleet.book('f', '', 1000, never);
    refused = [{ announced: next[0]?.id ?? '', endpoint: 'e', epoch: 1, where: 'r1', message: 'no' }];
    await expect(first).rejects.toMatchObject({ code: 'MW-MODEL-LOAD', where: 'r1' });
    expect((await fleet.book('f', '', 0, never)).next).toEqual([]);
    warm = ['r1'];
    await fleet.apply(route(1, 'r1'));
    expect(local.served).toMatchObject([{ epoch: 1 }]);
    stop();
  });

  test('what the local plane refuses is off the book', async () => {
    const { local, fleet } = setUp();
    local.refuse = new MillwrightError('MW-MODEL-LOAD', 'no');
    await expect(fleet.apply(route(1, 'r1'))).rejects.toMatchObject({ code: 'MW-MODEL-LOAD' });
    expect(await fleet.book('f', '', 0, never)).toMatchObject({ current: [], next: [] });
  });

  test('one that is gone, or that left, holds nothing up', async () => {
    const { local, fleet, follower } = setUp();
    const stop = follower('gone', () => reportOf([], local.served));
    const applied = fleet.apply(route(1, 'r1'));
    stop();
    await applied;
    expect(fleet.followers()).toMatchObject([{ id: 'gone', live: false }]);
    const stopLeft = follower('left', () => reportOf([], local.served));
    stopLeft();
    fleet.leave('left');
    const start = performance.now();
    await fleet.apply(route(2, 'r2'));
    expect(performance.now() - start).toBeLessThan(GONE_MS);
  });
});

describe('the book', () => {
  test('a fresh control plane knows what the local plane serves before it tells anybody', async () => {
    const { fleet } = setUp([route(7, 'r7')]);
    expect(await fleet.book('f', 'of-another-start', 10_000, never)).toMatchObject({ current: [{ epoch: 7 }] });
  });

  test('waits for news, and not longer than asked or than its reader', async () => {
    const { fleet } = setUp();
    const { revision } = await fleet.book('f', '', 0, never);
    const start = performance.now();
    await fleet.book('f', revision, 60, never);
    expect(performance.now() - start).toBeGreaterThan(40);
    const left = new AbortController();
    const waiting = fleet.book('f', revision, 60_000, left.signal);
    left.abort();
    await waiting;
  });

  test('names files by what they are; nothing else can be asked for', async () => {
    const { fleet } = setUp();
    await fleet.apply(route(1, 'r1'));
    expect(fleet.file(`model-${'a'.repeat(64)}`)).toBe('/models/a.onnx');
    expect(fleet.file('/models/a.onnx')).toBeUndefined();
  });
});

describe('the sum', () => {
  test('adds what is counted anywhere, and never goes down when a follower starts again or ends', async () => {
    const { fleet } = setUp([route(1, 'r1')]);
    const calls = async (): Promise<number | undefined> => (await fleet.status()).stats[0]?.releases[0]?.calls;
    expect(await calls()).toBe(10);
    fleet.report('f', reportOf(['r1'], [route(1, 'r1')], 5, 1));
    expect(await calls()).toBe(15);
    expect((await fleet.status()).stats[0]?.releases[0]?.latency.counts).toEqual([15, 0, 0]);
    fleet.report('f', reportOf(['r1'], [route(1, 'r1')], 2, 2));
    expect(await calls()).toBe(17);
    fleet.leave('f');
    expect(await calls()).toBe(17);
    expect((await fleet.status()).stats[0]?.releases[0]?.inFlight).toBe(1);
    // A release of long ago does not come back by what somebody once counted.
    fleet.report('g', reportOf([], [route(1, 'old')]));
    expect((await fleet.status()).stats[0]?.releases.map(({ releaseId }) => releaseId)).toEqual(['r1']);
  });
});
