/** First come, first served exclusion between asynchronous pieces of work in one process. */

export interface Mutex {
  /** Resolves with the release function; calling it twice does nothing. Rejects with `timedOut()` after `waitMs`. */
  acquire(waitMs?: number, timedOut?: () => Error): Promise<() => void>;
  /** Runs `work` alone. */
  run<T>(work: () => Promise<T> | T): Promise<T>;
}

interface Waiter {
  readonly grant: () => void;
}

export function createMutex(): Mutex {
  let held = false;
  const waiting = new Set<Waiter>();

  function releaser(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const [next] = waiting;
      if (next === undefined) {
        held = false;
      } else {
        waiting.delete(next);
        next.grant();
      }
    };
  }

  function acquire(waitMs?: number, timedOut?: () => Error): Promise<() => void> {
    if (!held) {
      held = true;
      return Promise.resolve(releaser());
    }
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const waiter: Waiter = {
        grant: () => {
          clearTimeout(timer);
          resolve(releaser());
        },
      };
      waiting.add(waiter);
      if (waitMs !== undefined) {
        timer = setTimeout(() => {
          waiting.delete(waiter);
          reject(timedOut?.() ?? new Error(`waited ${waitMs} ms in vain`));
        }, waitMs);
      }
    });
  }

  return {
    acquire,
    async run(work) {
      const release = await acquire();
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
