/**
 * The metadata store in memory, for tests and for trying things. One writer at a time; a transaction writes into a layer of its own
 * that becomes visible in one step at its end, so nobody reads what is not committed.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { MillwrightError } from '../../domain/errors.ts';
import { createMutex } from '../../platform/mutex.ts';
import { COLLECTIONS, UNIQUE } from '../../ports/metadata-store.ts';
import type { CollectionName, MetadataStore, Stores } from '../../ports/metadata-store.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { memoryCollection } from './documents.ts';
import type { Write } from './documents.ts';
import { memoryEventLog } from './event-log.ts';
import { memoryJobStore } from './job-store.ts';
import { memoryRetention } from './retention.ts';
import { createSpace, forkSpace } from './shelf.ts';
import type { Space } from './shelf.ts';
import { memoryTableSource } from './table-source.ts';
import type { TrackingState } from './tracking-state.ts';
import { createMemoryTracking } from './tracking.ts';

const READS = /^(?:get|search|list|count|metric)/;
const WRITER_WAIT_MS = 30_000;

function stores(space: Space, write: Write, tracking: TrackingStore, state: () => TrackingState): Stores {
  const names = Object.keys(COLLECTIONS) as CollectionName[];
  const unique: Partial<Record<CollectionName, readonly (readonly string[])[]>> = UNIQUE;
  const collections = Object.fromEntries(
    names.map((name) => [
      name,
      memoryCollection(space, write, { name, fields: COLLECTIONS[name], unique: unique[name] ?? [] }),
    ]),
  );
  return {
    ...(collections as unknown as Omit<Stores, 'tracking' | 'events' | 'jobs' | 'retention' | 'tables' | 'counter'>),
    tracking,
    events: memoryEventLog(space, write),
    jobs: memoryJobStore(space, write),
    retention: memoryRetention(state, space, write),
    tables: memoryTableSource(state),
    counter: (name) =>
      write((target) => {
        const shelf = target.shelf<number>('counters');
        const value = (shelf.get(name) ?? 0) + 1;
        shelf.set(name, value);
        return value;
      }),
  };
}

/** An empty store. It is gone with the process. */
export function createMemoryMetadata(): MetadataStore {
  const base = createSpace();
  const tracked = createMemoryTracking();
  const mutex = createMutex();
  const current = new AsyncLocalStorage<{ open: boolean }>();
  let closed = false;

  async function lock(): Promise<() => void> {
    if (closed) throw new MillwrightError('MW-UNAVAILABLE', 'the metadata store is closed');
    if (current.getStore()?.open === true) {
      // Waiting here would be waiting for ourselves.
      throw new MillwrightError('MW-INTERNAL', 'a write was made on the store inside one of its transactions', {
        next: 'write on the `tx` that `transaction` hands over',
      });
    }
    return mutex.acquire(
      WRITER_WAIT_MS,
      () => new MillwrightError('MW-UNAVAILABLE', `a transaction has kept the metadata for ${WRITER_WAIT_MS / 1000} s`),
    );
  }

  async function transaction<T>(work: (tx: Stores) => Promise<T>): Promise<T> {
    const release = await lock();
    const space = forkSpace(base);
    const tracking = tracked.fork();
    const state = { open: true };
    try {
      const direct: Write = async (change) => change(space);
      const result = await current.run(state, () => work(stores(space, direct, tracking.tracking, tracking.state)));
      space.commit();
      tracking.commit();
      return result;
    } finally {
      space.end();
      state.open = false;
      release();
    }
  }

  /** A single write outside a transaction: everything or nothing, too. */
  const write: Write = async (change) => {
    const release = await lock();
    const space = forkSpace(base);
    try {
      const result = change(space);
      space.commit();
      return result;
    } finally {
      release();
    }
  };

  // Writes of tracking wait for their turn: a transaction that is open commits a copy of the state and would undo them.
  const tracking = new Proxy(tracked.tracking, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof name !== 'string' || typeof method !== 'function' || READS.test(name)) return method;
      return (...args: unknown[]) =>
        transaction(async (tx) => {
          const inside: unknown = Reflect.get(tx.tracking, name);
          return typeof inside === 'function' ? ((await inside.apply(tx.tracking, args)) as unknown) : undefined;
        });
    },
  });

  return {
    ...stores(base, write, tracking, tracked.state),
    caps: { engine: 'memory', multiProcess: false, durable: false },
    transaction,
    async close() {
      const release = await mutex.acquire();
      closed = true;
      release();
    },
  };
}
