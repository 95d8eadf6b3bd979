/** The local data plane and its followers as one data plane: two phases for a route, one sum of the counters (ports/plane-fleet.ts). */
import { MillwrightError } from '../../domain/errors.ts';
import { createMutex } from '../../platform/mutex.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DataPlane, PlaneRoute, PlaneStatus } from '../../ports/data-plane.ts';
import type { FollowerView, GatewayReport, PlaneBook, PlaneFleet } from '../../ports/plane-fleet.ts';
import { addStats, ended, onlyServed } from './add-status.ts';
import { bookFiles } from './book-files.ts';

/** Not heard of for this long: a rollout does not wait for it. */
const GONE_MS = 5_000;
/** A follower that lives and does not get warm. */
const WARM_MS = 120_000;
/** How long the answer to a change waits until the followers have made it; it is made in any case. */
const SEEN_MS = 2_000;
const FOLLOWERS_LIMIT = 1_000;

/** What is asked of the data plane of this machine on top of the port. */
export interface LocalPlane extends DataPlane {
  /** The documents that it serves, also before this control plane has said anything. */
  routes(): Promise<readonly PlaneRoute[]>;
  setTokens(hashes: readonly string[]): Promise<void>;
}

interface Follower {
  readonly id: string;
  lastSeenAt: number;
  left: boolean;
  report?: GatewayReport;
  /** Counted by its processes before the one that reports now. */
  before: PlaneStatus['stats'];
}

export interface FleetOptions {
  readonly clock: Clock;
  readonly goneMs?: number;
}

/** The local plane's own functions stay as they are, but for those of the port. */
export function createFleet<L extends LocalPlane>(local: L, { clock, goneMs = GONE_MS }: FleetOptions): L & PlaneFleet {
  const followers = new Map<string, Follower>();
  const current = new Map<string, PlaneRoute>();
  const next = new Map<string, PlaneBook['next'][number]>();
  const queues = new Map<string, ReturnType<typeof createMutex>>();
  const boot = clock.now().toString(36);
  let tokens: readonly string[] = [];
  let changes = 0;
  let announcements = 0;
  let known: Promise<void> | undefined;
  let wakers = new Set<() => void>();

  function wake(): void {
    const waiting = wakers;
    wakers = new Set();
    for (const one of waiting) one();
  }

  function changed(): void {
    changes += 1;
    wake();
  }

  /** Until something changes or somebody reports. */
  function news(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        wakers.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      timer.unref();
      wakers.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** The routes of before the control plane's start: a book without them would tell the followers to drop what they serve. */
  function knowRoutes(): Promise<void> {
    const read = async (): Promise<void> => {
      try {
        for (const route of await local.routes()) if (!current.has(route.endpoint)) current.set(route.endpoint, route);
        changed();
      } catch (error) {
        known = undefined;
        throw error;
      }
    };
    return (known ??= read());
  }

  const revision = (): string => `${boot}-${changes}`;
  const live = (one: Follower): boolean => !one.left && clock.now() - one.lastSeenAt < goneMs;
  const living = (): Follower[] => [...followers.values()].filter((one) => one.report !== undefined && live(one));

  function seen(id: string): Follower {
    let one = followers.get(id);
    if (one === undefined) {
      // Containers come with a name of their own each time: the one that is gone for the longest makes room.
      const [oldest] = [...followers.values()]
        .filter((other) => !live(other))
        .toSorted((a, b) => a.lastSeenAt - b.lastSeenAt);
      if (followers.size >= FOLLOWERS_LIMIT && oldest !== undefined) followers.delete(oldest.id);
      if (followers.size >= FOLLOWERS_LIMIT)
        throw new MillwrightError('MW-STATE', `there are ${FOLLOWERS_LIMIT} gateways already`, {
          next: 'give each gateway a name of its own that stays: --name',
        });
      one = { id, lastSeenAt: 0, left: false, before: [] };
      followers.set(id, one);
    }
    one.lastSeenAt = clock.now();
    one.left = false;
    return one;
  }

  function refusalOf(announced: string): MillwrightError | undefined {
    for (const { id, report } of living()) {
      const refused = report?.refused.find((one) => one.announced === announced);
      if (refused !== undefined)
        return new MillwrightError('MW-MODEL-LOAD', `the gateway ${id} refuses: ${refused.message}`, {
          where: refused.where,
        });
    }
    return undefined;
  }

  /** Resolves when every living follower has what the route names; throws what one of them refuses. */
  async function warmEverywhere(id: string, route: PlaneRoute): Promise<void> {
    const until = clock.monotonic() + WARM_MS;
    const named = route.models.map((model) => model.releaseId);
    for (;;) {
      const refusal = refusalOf(id);
      if (refusal !== undefined) throw refusal;
      const cold = living().filter(({ report }) => !named.every((releaseId) => report?.warm.includes(releaseId)));
      if (cold.length === 0) return;
      if (clock.monotonic() > until)
        throw new MillwrightError(
          'MW-UNAVAILABLE',
          `not warm in ${WARM_MS / 1000} s: ${cold.map((one) => one.id).join(', ')}`,
          {
            next: 'see the log of that gateway',
          },
        );
      await news(250);
    }
  }

  async function seenEverywhere({ endpoint, epoch }: PlaneRoute): Promise<void> {
    const until = clock.monotonic() + SEEN_MS;
    const has = ({ report }: Follower): boolean =>
      report?.status.routes.some((one) => one.endpoint === endpoint && one.epoch >= epoch) ?? false;
    while (clock.monotonic() < until && !living().every(has)) await news(100);
  }

  async function apply(route: PlaneRoute): Promise<void> {
    if (living().length > 0) {
      const id = `${boot}-${(announcements += 1)}`;
      next.set(route.endpoint, { id, route });
      changed();
      try {
        await warmEverywhere(id, route);
      } catch (error) {
        next.delete(route.endpoint);
        changed();
        throw error;
      }
    }
    try {
      // The last one that can refuse.
      await local.apply(route);
      current.set(route.endpoint, route);
    } finally {
      next.delete(route.endpoint);
      changed();
    }
    await seenEverywhere(route);
  }

  function queueOf(endpoint: string): ReturnType<typeof createMutex> {
    let queue = queues.get(endpoint);
    if (queue === undefined) queues.set(endpoint, (queue = createMutex()));
    return queue;
  }

  const view = (one: Follower): FollowerView => ({
    id: one.id,
    lastSeenAt: one.lastSeenAt,
    live: live(one),
    ...(one.report === undefined ? {} : { report: one.report }),
  });

  const book = (): PlaneBook => ({
    revision: revision(),
    current: [...current.values()],
    next: [...next.values()],
    tokens,
  });

  return {
    ...local,
    apply: (route) => queueOf(route.endpoint).run(() => apply(route)),
    remove: (endpoint) =>
      queueOf(endpoint).run(async () => {
        await local.remove(endpoint);
        current.delete(endpoint);
        changed();
      }),
    async setTokens(hashes) {
      tokens = hashes;
      changed();
      await local.setTokens(hashes);
    },
    async status() {
      const own = await local.status();
      let { stats, log } = own;
      for (const one of followers.values()) {
        const status = one.report?.status;
        const counted = status === undefined ? one.before : addStats(status.stats, one.before);
        stats = addStats(stats, onlyServed(live(one) ? counted : ended(counted), own.stats));
        if (status === undefined) continue;
        log = {
          ...log,
          written: log.written + status.log.written,
          dropped: log.dropped + status.log.dropped,
          pending: log.pending + (live(one) ? status.log.pending : 0),
        };
      }
      return { ...own, stats, log };
    },
    async book(gateway, after, waitMs, signal) {
      seen(gateway);
      await knowRoutes();
      const until = clock.monotonic() + waitMs;
      while (revision() === after && clock.monotonic() < until && !signal.aborted)
        await news(until - clock.monotonic(), signal);
      return book();
    },
    report(gateway, report) {
      const one = seen(gateway);
      if (one.report !== undefined && one.report.status.startedAt !== report.status.startedAt)
        one.before = addStats(one.before, ended(one.report.status.stats));
      one.report = report;
      wake();
    },
    leave(gateway) {
      const one = followers.get(gateway);
      if (one !== undefined) one.left = true;
      wake();
    },
    followers: () => [...followers.values()].map(view),
    file: (name) => bookFiles([...current.values(), ...[...next.values()].map(({ route }) => route)]).get(name),
  };
}
