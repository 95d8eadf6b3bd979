/** One worker, thread or process, as the gateway sees it: what it was sent, what it answers, and its end. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { EngineName } from './engine.ts';
import type { FromWorker, LoadReport, SentJob, SentResult, ToWorker } from './messages.ts';
import { handOver } from './pack.ts';

export type WorkerKind = 'thread' | 'process';

// In development the sources run as they are; the published build has .js files.
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
/** How long an ended thread may take: one that is inside the engine does not end before the engine comes back. */
const PATIENCE_MS = 500;
const PAGE_BYTES = 4096;

/** The worker ended. `running`: it ended on this batch; the others only waited behind it. */
export class WorkerGone extends Error {
  readonly running: boolean;
  constructor(reason: string, running: boolean) {
    super(reason);
    this.name = 'WorkerGone';
    this.running = running;
  }
}

export interface WorkerLink {
  readonly kind: WorkerKind;
  /** Rejects with the engine's reason, or with why the worker ended. */
  load(path: string): Promise<LoadReport>;
  /** Rejects with WorkerGone when the worker ends first. Batches are run in the order they came. */
  run(jobs: readonly SentJob[]): Promise<readonly SentResult[]>;
  /** Ends it as a fault would. False: it is a thread inside the engine, left to itself. */
  end(): Promise<boolean>;
  /** Resolves when nothing of it runs any more. */
  readonly exited: Promise<void>;
  readonly pid: number | undefined;
  /** Memory of a process; undefined for a thread. */
  rssBytes(): number | undefined;
}

interface Port {
  post(message: ToWorker, blocks: ArrayBuffer[]): void;
  end(): Promise<boolean>;
  readonly exited: Promise<void>;
  readonly pid: number | undefined;
}

interface Heard {
  readonly message: (message: FromWorker) => void;
  readonly gone: (reason: string) => void;
}

async function endsSoon(ended: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false);
  });
  const soon = await Promise.race([ended.then(() => true), patience]);
  clearTimeout(timer);
  return soon;
}

function openThread(engine: EngineName, heard: Heard): Port {
  const worker = new Worker(WORKER, { argv: [engine] });
  let reason = '';
  worker.on('message', heard.message);
  worker.on('error', (error) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      heard.gone(reason === '' ? `worker thread exited with ${code}` : reason);
      resolve();
    });
  });
  return {
    exited,
    post: (message, blocks) => worker.postMessage(message, blocks),
    pid: undefined,
    async end() {
      const ended = await endsSoon(worker.terminate());
      if (!ended) worker.unref();
      return ended;
    },
  };
}

function openProcess(engine: EngineName, heard: Heard): Port {
  const child = fork(WORKER, [engine], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      heard.gone(signal === null ? `worker process exited with ${code}` : `worker process ended by ${signal}`);
      resolve();
    });
  });
  child.on('error', (error) => heard.gone(error.message));
  child.on('message', (message) => heard.message(message as FromWorker));
  return {
    // The channel may be closed by the end that `exit` is about to tell.
    post: (message) => void child.send(message, (error) => (error === null ? undefined : child.kill('SIGKILL'))),
    pid: child.pid,
    exited,
    end() {
      child.kill('SIGKILL');
      return endsSoon(exited);
    },
  };
}

function residentBytes(pid: number): number | undefined {
  try {
    // Pages; Linux only (proc(5), statm).
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return undefined;
  }
}

interface Asked<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function openWorker(kind: WorkerKind, engine: EngineName, onGone: (reason: string) => void): WorkerLink {
  const batches: Asked<readonly SentResult[]>[] = [];
  let loading: Asked<LoadReport> | undefined;
  let over: string | undefined;
  const heard: Heard = {
    message(message) {
      if (message.kind === 'done') batches.shift()?.resolve(message.results);
      else if (message.kind === 'loaded') loading?.resolve(message.report);
      else loading?.reject(new Error(message.reason));
    },
    gone(reason) {
      if (over !== undefined) return;
      over = reason;
      loading?.reject(new Error(reason));
      batches.splice(0).forEach((batch, index) => batch.reject(new WorkerGone(reason, index === 0)));
      onGone(reason);
    },
  };
  const port = kind === 'thread' ? openThread(engine, heard) : openProcess(engine, heard);
  return {
    kind,
    load(path) {
      return new Promise((resolve, reject) => {
        loading = { resolve, reject };
        port.post({ kind: 'load', path }, []);
      });
    },
    run(jobs) {
      if (over !== undefined) return Promise.reject(new WorkerGone(over, false));
      return new Promise((resolve, reject) => {
        batches.push({ resolve, reject });
        port.post({ kind: 'run', jobs }, handOver(jobs));
      });
    },
    async end() {
      const ended = await port.end();
      if (!ended) heard.gone('its worker thread cannot be ended: it is inside the engine');
      return ended;
    },
    exited: port.exited,
    pid: port.pid,
    rssBytes: () => (port.pid === undefined ? undefined : residentBytes(port.pid)),
  };
}
