/** One place of the pool: a worker thread, what it is doing, and its replacement when it dies. */
import { Worker } from 'node:worker_threads';
import type { ModelSignature } from '../../domain/registry.ts';
import type { FromWorker, SentJob, SentResult, ToWorker } from './messages.ts';
import { handOver } from './pack.ts';

// In development the sources run as they are; the published build has .js files.
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

const PATIENCE_MS = 500;

interface Loading {
  readonly resolve: (signature: ModelSignature) => void;
  readonly reject: (reason: Error) => void;
}

export interface SlotEvents {
  /** The batch is answered. */
  done(results: readonly SentResult[]): void;
  /** The thread ended; its batch, if any, was not answered. */
  died(reason: string): void;
  /** A new thread took the dead one's place. */
  revived(): void;
}

export interface WorkerSlot {
  load(model: number, path: string): Promise<ModelSignature>;
  unload(model: number): void;
  /** False between a death and the replacement: what is sent then would be lost. */
  alive(): boolean;
  run(jobs: readonly SentJob[]): void;
  /** Threads that were given up and still run: they hold a core and their models until the engine comes back. */
  stuck(): number;
  /** Ends the thread as a fault would. One that cannot be ended is left to itself and replaced. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** `terminate` waits for a call into the engine, which may never come back. */
async function endsSoon(worker: Worker): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false);
  });
  const ended = await Promise.race([worker.terminate().then(() => true), patience]);
  clearTimeout(timer);
  return ended;
}

/** Starts the thread. After a death a new one is started and loads what the old one had, before anything else is sent to it. */
export function createWorkerSlot(events: SlotEvents): WorkerSlot {
  const paths = new Map<number, string>();
  const loading = new Map<number, Loading>();
  let closing = false;
  let alive = true;
  let restarts = 0;
  let stuck = 0;
  let abandon = (): void => undefined;
  let worker = start();

  function onMessage(message: FromWorker): void {
    if (message.kind === 'done') {
      restarts = 0;
      events.done(message.results);
      return;
    }
    const waiting = loading.get(message.model);
    loading.delete(message.model);
    if (message.kind === 'loaded') waiting?.resolve(message.signature);
    else {
      paths.delete(message.model);
      waiting?.reject(new Error(message.reason));
    }
  }

  function start(): Worker {
    const next = new Worker(WORKER);
    let reason = '';
    let over = false;
    next.on('message', (message: FromWorker) => {
      if (!over) onMessage(message);
    });
    next.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    next.on('exit', (code) => {
      if (over) stuck -= 1;
      else gone(reason === '' ? `worker thread exited with ${code}` : reason);
    });
    abandon = () => {
      if (over || closing) return;
      stuck += 1;
      next.unref();
      gone('its worker thread cannot be ended: it is inside the engine');
    };
    function gone(text: string): void {
      over = true;
      alive = false;
      if (closing) return;
      for (const waiting of loading.values()) waiting.reject(new Error(text));
      loading.clear();
      restarts += 1;
      // A thread that dies again and again must not spin the machine.
      setTimeout(revive, restarts > 3 ? Math.min(100 * 2 ** (restarts - 3), 5000) : 0).unref();
      events.died(text);
    }
    return next;
  }

  function revive(): void {
    if (closing) return;
    worker = start();
    alive = true;
    for (const [model, path] of paths) send({ kind: 'load', model, path });
    events.revived();
  }

  const send = (message: ToWorker): void => worker.postMessage(message);

  return {
    load(model, path) {
      paths.set(model, path);
      return new Promise((resolve, reject) => {
        loading.set(model, { resolve, reject });
        send({ kind: 'load', model, path });
      });
    },
    unload(model) {
      paths.delete(model);
      send({ kind: 'unload', model });
    },
    alive: () => alive,
    run: (jobs) => worker.postMessage({ kind: 'run', jobs } satisfies ToWorker, handOver(jobs)),
    stuck: () => stuck,
    async kill() {
      const left = abandon;
      if (!(await endsSoon(worker))) left();
    },
    async close() {
      closing = true;
      if (!(await endsSoon(worker))) stuck += 1;
    },
  };
}
