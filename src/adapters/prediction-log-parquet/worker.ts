/** Writes Parquet parts off the event loop: temporary name, fsync, rename, fsync of the folder. */
import { readlinkSync } from 'node:fs';
import { mkdir, open, unlink } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { errnoOf } from '../../platform/coded-error.ts';
import { renameDurable, syncFolder } from '../../platform/durable-file.ts';
import type { LogBlock } from '../../ports/prediction-log.ts';
import { parquetFile } from './parquet-file.ts';

export interface WriteJob {
  readonly id: number;
  readonly folder: string;
  readonly part: string;
  readonly block: LogBlock;
}

export interface WriteDone {
  readonly id: number;
  readonly error?: { readonly errno: string | undefined; readonly message: string };
}

/** Calls go before the log: on Linux a thread has a priority of its own. Elsewhere it stays as it is. */
function stepBack(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (Number.isInteger(thread) && thread !== process.pid) setPriority(thread, 10);
  } catch {
    // Not Linux, or not allowed: the log is written all the same.
  }
}

async function write(job: WriteJob): Promise<void> {
  const data = parquetFile(job.block);
  const created = await mkdir(job.folder, { recursive: true, mode: 0o700 });
  if (created !== undefined) await syncFolder(dirname(job.folder));
  // A reader globs *.parquet: the temporary name must not match it.
  const temporary = join(job.folder, `.${job.part}.tmp`);
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(Buffer.concat(data));
      await file.sync();
    } finally {
      await file.close();
    }
    await renameDurable(temporary, join(job.folder, `${job.part}.parquet`));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** One after the other, so that parts appear in the order of their names. */
async function answer(before: Promise<void>, job: WriteJob): Promise<void> {
  await before;
  let done: WriteDone = { id: job.id };
  try {
    await write(job);
  } catch (error) {
    done = {
      id: job.id,
      error: { errno: errnoOf(error), message: error instanceof Error ? error.message : String(error) },
    };
  }
  parentPort?.postMessage(done);
}

stepBack();
let chain = Promise.resolve();
parentPort?.on('message', (job: WriteJob) => {
  chain = answer(chain, job);
});
