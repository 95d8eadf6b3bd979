/** Work that repeats: each loop waits for its own end before it starts again, and one that fails is logged and goes on. */
import { pause } from '../platform/pause.ts';
import type { Log } from '../ports/context.ts';

export interface Loop {
  stop(): Promise<void>;
}

export function startLoop(name: string, everyMs: number, log: Log, work: (signal: AbortSignal) => Promise<void>): Loop {
  const abort = new AbortController();
  const { signal } = abort;
  let failing = false;
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
      await pause(everyMs, signal);
    }
  })();
  return {
    async stop() {
      abort.abort();
      await done;
    },
  };
}
