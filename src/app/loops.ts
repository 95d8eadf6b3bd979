/** Work that repeats: each loop waits for its own end before it starts again, and one that fails is logged and goes on. */
import type { Log } from '../ports/context.ts';

export interface Loop {
  stop(): Promise<void>;
}

export function startLoop(name: string, everyMs: number, log: Log, work: (signal: AbortSignal) => Promise<void>): Loop {
  const abort = new AbortController();
  const { signal } = abort;
  let failing = false;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(end, ms);
      function end(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      }
      signal.addEventListener('abort', end);
    });
  const done = (async () => {
    while (!signal.aborted) {
      try {
        await work(signal);
        failing = false;
      } catch (error) {
        // Once, not every tick: a broken project file would fill the log.
        if (!failing && !signal.aborted) log.warn({ err: error, loop: name }, 'a loop failed; it goes on');
        failing = true;
      }
      await pause(everyMs);
    }
  })();
  return {
    async stop() {
      abort.abort();
      await done;
    },
  };
}
