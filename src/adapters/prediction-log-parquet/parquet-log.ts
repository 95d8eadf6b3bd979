/** The prediction log as Parquet parts `<root>/<endpoint>/part-<ulid>.parquet` (ports/prediction-log.ts). */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MillwrightError } from '../../domain/errors.ts';
import type { PredictionLogWriter } from '../../ports/prediction-log.ts';
import type { WriteDone, WriteJob } from './worker.ts';

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function errorOf(failure: NonNullable<WriteDone['error']>, folder: string): MillwrightError {
  const full = failure.errno === 'ENOSPC' || failure.errno === 'EDQUOT';
  return new MillwrightError(
    full ? 'MW-DISK-FULL' : 'MW-UNAVAILABLE',
    `the prediction log cannot be written: ${failure.message}`,
    {
      where: folder,
      next: full ? 'free disk space; rows wait in memory until then' : 'check the folder and its rights',
    },
  );
}

/** `spawn` makes the writer's thread; it is made again when it died. */
export function createParquetLog(root: string, spawn: () => Worker = () => new Worker(WORKER)): PredictionLogWriter {
  const pending = new Map<number, Pending>();
  let last = 0;
  let closing = false;
  /** Started by the first write: a gateway that serves nothing needs no writer. */
  let worker: Worker | undefined;

  function start(): Worker {
    const next = spawn();
    next.on('message', (done: WriteDone) => {
      const waiting = pending.get(done.id);
      pending.delete(done.id);
      if (done.error === undefined) waiting?.resolve();
      else waiting?.reject(errorOf(done.error, root));
    });
    let reason = 'the writer thread ended';
    next.on('error', (error) => {
      reason = String(error);
    });
    next.on('exit', () => {
      if (closing) return;
      for (const waiting of pending.values())
        waiting.reject(new MillwrightError('MW-UNAVAILABLE', `the prediction log's writer: ${reason}`));
      pending.clear();
      worker = undefined;
    });
    // The log must not keep a process alive that has nothing else to do.
    next.unref();
    return next;
  }

  return {
    write(endpoint, part, block) {
      last += 1;
      const job: WriteJob = { id: last, folder: join(root, endpoint), part, block };
      return new Promise((resolve, reject) => {
        worker ??= start();
        // Handed over, not copied: nobody reads the columns again. Columns may share memory, and none may be named twice.
        const memory = new Set<ArrayBuffer>();
        for (const { values } of block.columns) {
          if (values.kind === 'numbers') memory.add(values.numbers.buffer as ArrayBuffer);
          if (values.kind === 'coded') memory.add(values.codes.buffer as ArrayBuffer);
          if (values.kind === 'bytes')
            memory.add(values.bytes.buffer as ArrayBuffer).add(values.ends.buffer as ArrayBuffer);
        }
        worker.postMessage(job, [...memory]);
        pending.set(job.id, { resolve, reject });
      });
    },
    async close() {
      closing = true;
      await worker?.terminate();
    },
  };
}
