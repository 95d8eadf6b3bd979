/**
 * Changes of routes: what a route names is loaded first, then the routes are made durable, then the table is swapped. Each endpoint
 * has its own queue, so that a slow load of one holds up no other; only writing and swapping is done by one at a time.
 */
import { MillwrightError } from '../../domain/errors.ts';
import { ENDPOINT_LIMITS } from '../../domain/serving.ts';
import type { ShadowStats } from '../../domain/serving.ts';
import { createMutex } from '../../platform/mutex.ts';
import type { Mutex } from '../../platform/mutex.ts';
import type { PlaneRoute } from '../../ports/data-plane.ts';
import { createMirror } from './mirror.ts';
import type { Mirror, MirrorDeps } from './mirror.ts';
import { createRateLimiter } from './rate-limit.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { Releases } from './releases.ts';
import type { ReleaseSlot } from './release-slot.ts';
import type { Repository } from './repository.ts';
import { checkDocument, makeRoute, redactionOf, takesCalls } from './route-table.ts';
import type { Route, RouteTable } from './route-table.ts';
import { createShadowCounters } from './shadow-compare.ts';
import type { ShadowCounters } from './shadow-compare.ts';

/** Endpoints that are loaded at once when the plane starts. */
const RESTORED_AT_ONCE = 4;

export interface RouteChanges {
  readonly apply: (document: PlaneRoute) => Promise<void>;
  /** Loads and warms what a coming route names, and keeps it until the returned function is called. */
  readonly prepare: (document: PlaneRoute) => Promise<() => void>;
  readonly remove: (endpoint: string) => Promise<void>;
  readonly restore: (
    documents: readonly PlaneRoute[],
  ) => Promise<readonly { readonly endpoint: string; readonly error: Error }[]>;
  readonly table: () => RouteTable;
  readonly shadow: (endpoint: string) => ShadowStats | undefined;
}

export interface RouteChangesDeps {
  readonly releases: Releases;
  readonly repository: Repository;
  readonly mirrorDeps: MirrorDeps;
  readonly persist: (documents: readonly PlaneRoute[]) => Promise<void>;
}

export function createRouteChanges(deps: RouteChangesDeps): RouteChanges {
  const { releases, repository, mirrorDeps } = deps;
  const queues = new Map<string, Mutex>();
  const publishing = createMutex();
  const shadows = new Map<string, ShadowCounters>();
  /** Could not be restored: still what is wanted, so it stays in the file of routes. */
  const unserved = new Map<string, PlaneRoute>();
  let table: RouteTable = new Map();

  function queueOf(endpoint: string): Mutex {
    let queue = queues.get(endpoint);
    if (queue === undefined) queues.set(endpoint, (queue = createMutex()));
    return queue;
  }

  /** Every slot is claimed once. On a failure none is. */
  async function claimAll(document: PlaneRoute): Promise<ReleaseSlot[]> {
    const limits = document.limits ?? ENDPOINT_LIMITS;
    const slots: ReleaseSlot[] = [];
    try {
      for (const model of document.models)
        slots.push(await releases.claim(model, limits, takesCalls(document, model.releaseId)));
      return slots;
    } catch (error) {
      for (const slot of slots) releases.drop(slot);
      throw error;
    }
  }

  function limiterFor(document: PlaneRoute, before: Route | undefined): RateLimiter | undefined {
    const rule = document.limits?.perClient;
    if (rule === undefined) return undefined;
    const old = before?.limiter;
    // A swap must not give every client a full bucket.
    if (old?.rule.perSecond === rule.perSecond && old.rule.burst === rule.burst) return old;
    return createRateLimiter(rule, () => mirrorDeps.clock.monotonic());
  }

  function mirrorFor(document: PlaneRoute, slots: readonly ReleaseSlot[], timeoutMs: number): Mirror | undefined {
    const { mirror, endpoint } = document;
    const slot = slots.find((candidate) => candidate.source.releaseId === mirror?.releaseId);
    if (mirror === undefined || slot === undefined || mirror.percent === 0) return undefined;
    let counters = shadows.get(endpoint);
    if (counters?.releaseId !== mirror.releaseId) counters = createShadowCounters(mirror.releaseId);
    shadows.set(endpoint, counters);
    const { percent } = mirror;
    return createMirror(mirrorDeps, { endpoint, slot, percent, timeoutMs, counters, redact: redactionOf(document) });
  }

  /** From here on nothing fails: the swap. */
  function publish(document: PlaneRoute, slots: readonly ReleaseSlot[]): void {
    const { endpoint } = document;
    const limits = document.limits ?? ENDPOINT_LIMITS;
    const before = table.get(endpoint);
    const limiter = limiterFor(document, before);
    const { timeoutMs } = limits;
    const route = makeRoute(document, slots, { timeoutMs, limiter, mirror: mirrorFor(document, slots, timeoutMs) });
    for (const slot of slots) {
      slot.limits = limits;
      slot.pinned = limits.idleMs === 0 && takesCalls(document, slot.source.releaseId);
      repository.admit(endpoint, slot);
      releases.watch(slot);
    }
    table = new Map(table).set(endpoint, route);
    unserved.delete(endpoint);
    for (const slot of before?.slots ?? []) releases.drop(slot);
  }

  const documents = (): Map<string, PlaneRoute> =>
    new Map([...unserved, ...[...table].map(([endpoint, route]) => [endpoint, route.document] as const)]);

  async function applyNow(document: PlaneRoute): Promise<void> {
    checkDocument(document);
    const current = table.get(document.endpoint)?.document.epoch ?? -1;
    if (document.epoch <= current) {
      throw new MillwrightError(
        'MW-CONFLICT',
        `epoch ${document.epoch} of "${document.endpoint}" is not newer than ${current}`,
      );
    }
    const slots = await claimAll(document);
    await publishing.run(async () => {
      try {
        await deps.persist([...documents().set(document.endpoint, document).values()]);
      } catch (error) {
        for (const slot of slots) releases.drop(slot);
        throw error;
      }
      publish(document, slots);
    });
  }

  async function removeNow(endpoint: string): Promise<void> {
    await publishing.run(async () => {
      const left = documents();
      left.delete(endpoint);
      await deps.persist([...left.values()]);
      const next = new Map(table);
      next.delete(endpoint);
      const before = table.get(endpoint);
      table = next;
      unserved.delete(endpoint);
      shadows.delete(endpoint);
      repository.forget(endpoint);
      for (const slot of before?.slots ?? []) releases.drop(slot);
    });
  }

  async function restore(
    wanted: readonly PlaneRoute[],
  ): Promise<readonly { readonly endpoint: string; readonly error: Error }[]> {
    const failures: { endpoint: string; error: Error }[] = [];
    const waiting = [...wanted];
    // A change that comes meanwhile writes the file of routes: those that are not loaded yet belong into it.
    for (const document of wanted) unserved.set(document.endpoint, document);
    const next = async (): Promise<void> => {
      for (let document = waiting.shift(); document !== undefined; document = waiting.shift()) {
        const { endpoint } = document;
        try {
          await queueOf(endpoint).run(async () => {
            if (table.has(endpoint)) return;
            checkDocument(document);
            publish(document, await claimAll(document));
          });
        } catch (error) {
          failures.push({ endpoint, error: error instanceof Error ? error : new Error(String(error)) });
        }
      }
    };
    await Promise.all(Array.from({ length: RESTORED_AT_ONCE }, next));
    return failures;
  }

  return {
    apply: (document) => queueOf(document.endpoint).run(() => applyNow(document)),
    async prepare(document) {
      checkDocument(document);
      const slots = await claimAll(document);
      return () => {
        for (const slot of slots.splice(0)) releases.drop(slot);
      };
    },
    // The queue stays: a change may wait in it.
    remove: (endpoint) => queueOf(endpoint).run(() => removeNow(endpoint)),
    restore,
    table: () => table,
    shadow: (endpoint) => shadows.get(endpoint)?.stats(),
  };
}
