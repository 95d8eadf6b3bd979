/**
 * Tells who waits for events that one was committed, so that nobody has to ask the database every few milliseconds. Rung by this
 * process's own commits only: a waiter still looks by itself now and then.
 */
import type { EventLog, MetadataStore, Stores } from '../ports/metadata-store.ts';

export interface EventBell {
  /** Counts the commits with events; read it before looking, and hand it to `rung`. */
  readonly count: number;
  ring(): void;
  /** Resolves at the first commit after `seen`, after `ms`, or when the signal is aborted: whichever comes first. */
  rung(seen: number, ms: number, signal: AbortSignal): Promise<void>;
}

/** The same store, with a bell that rings after each commit that appended an event. */
export function withBell(store: MetadataStore): { readonly store: MetadataStore; readonly bell: EventBell } {
  const waiting = new Set<() => void>();
  let count = 0;

  function ring(): void {
    count += 1;
    for (const wake of waiting) wake();
  }

  const noting = (events: EventLog, noted: () => void): EventLog => ({
    append: async (event) => {
      const appended = await events.append(event);
      noted();
      return appended;
    },
    find: (query) => events.find(query),
    cursor: (handler) => events.cursor(handler),
    advance: (handler, seq) => events.advance(handler, seq),
  });

  return {
    store: {
      ...store,
      events: noting(store.events, ring),
      async transaction(work) {
        let appended = false;
        const note = (): void => {
          appended = true;
        };
        const result = await store.transaction((tx: Stores) => work({ ...tx, events: noting(tx.events, note) }));
        // Only now: before the commit a reader would find nothing and go back to sleep.
        if (appended) ring();
        return result;
      },
    },
    bell: {
      get count() {
        return count;
      },
      ring,
      rung(seen, ms, signal) {
        if (count !== seen || signal.aborted) return Promise.resolve();
        return new Promise((resolve) => {
          const timer = setTimeout(done, ms);
          function done(): void {
            clearTimeout(timer);
            waiting.delete(done);
            signal.removeEventListener('abort', done);
            resolve();
          }
          waiting.add(done);
          signal.addEventListener('abort', done);
        });
      },
    },
  };
}
