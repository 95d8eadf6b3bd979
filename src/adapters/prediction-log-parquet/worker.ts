/** Writes Parquet parts off the event loop: temporary name, fsync, rename, fsync of the folder. */
import { mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { errnoOf } from '../../platform/coded-error.ts';
import { renameDurable, syncFolder } from '../../platform/durable-file.ts';
import type { LogColumn } from '../../ports/prediction-log.ts';

export interface WriteJob {
  readonly id: number;
  readonly folder: string;
  readonly part: string;
  readonly columns: readonly LogColumn[];
}

export interface WriteDone {
  readonly id: number;
  readonly error?: { readonly errno: string | undefined; readonly message: string };
}

function cells(values: LogColumn['values']): (number | bigint | string | boolean | null)[] {
  return values instanceof Float64Array
    ? Array.from(values, (value) => (Number.isNaN(value) ? null : value))
    : Array.from<number | bigint | string | boolean | null>(values);
}

async function write(job: WriteJob): Promise<void> {
  const data = parquetWriteBuffer({
    columnData: job.columns.map(({ name, type, values }) => ({ name, type, data: cells(values), nullable: true })),
  });
  const created = await mkdir(job.folder, { recursive: true, mode: 0o700 });
  if (created !== undefined) await syncFolder(dirname(job.folder));
  // A reader globs *.parquet: the temporary name must not match it.
  const temporary = join(job.folder, `.${job.part}.tmp`);
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(new Uint8Array(data));
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

let chain = Promise.resolve();
parentPort?.on('message', (job: WriteJob) => {
  chain = answer(chain, job);
});
