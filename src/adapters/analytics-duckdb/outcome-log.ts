/** Writes outcomes durably: calls that arrive while a file is being written share the next one. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/monitoring.ts';
import { errnoOf } from '../../platform/coded-error.ts';
import { syncFolder, writeFileDurable } from '../../platform/durable-file.ts';
import type { ParquetFolder } from './parquet-folder.ts';

export interface OutcomeLog {
  add(outcomes: readonly Outcome[]): Promise<void>;
}

/** `seq` orders the files: of two outcomes with one id and name the one with the higher `seq` counts. */
async function encode(outcomes: readonly Outcome[], seq: number): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const last = new Map<string, Outcome>();
  for (const outcome of outcomes) last.set(`${outcome.name}\u0000${outcome.predictionId}`, outcome);
  const rows = [...last.values()];
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'prediction_id', data: rows.map((o) => o.predictionId), type: 'STRING', nullable: false },
      { name: 'name', data: rows.map((o) => o.name), type: 'STRING', nullable: false },
      { name: 'value', data: Float64Array.from(rows, (o) => o.value), type: 'DOUBLE', nullable: false },
      {
        name: 'time',
        data: BigInt64Array.from(rows, (o) => BigInt(Math.trunc(o.time))),
        type: 'INT64',
        nullable: false,
      },
      { name: 'seq', data: BigInt64Array.from(rows, () => BigInt(seq)), type: 'INT64', nullable: false },
    ],
  });
  return new Uint8Array(buffer);
}

export function createOutcomeLog(folder: ParquetFolder, now: () => number, wrote: (files: number) => void): OutcomeLog {
  let lastSeq: number | undefined;
  let files = 0;
  let pending: { outcomes: readonly Outcome[]; done: () => void; failed: (error: unknown) => void }[] = [];
  let writing = false;

  async function nextSeq(): Promise<number> {
    if (lastSeq === undefined) {
      // Compactions carry the highest seq of what they merged in their name as well.
      const names = await folder.list();
      files = names.length;
      lastSeq = Math.max(0, ...names.map((name) => Number(/-(\d{16})/.exec(name)?.[1] ?? 0)));
    }
    lastSeq = Math.max(Math.floor(now() * 1000), lastSeq + 1);
    return lastSeq;
  }

  async function writeFile(outcomes: readonly Outcome[]): Promise<void> {
    try {
      if ((await mkdir(folder.path, { recursive: true })) !== undefined) await syncFolder(join(folder.path, '..'));
      const seq = await nextSeq();
      const bytes = await encode(outcomes, seq);
      await writeFileDurable(join(folder.path, `part-${String(seq).padStart(16, '0')}.parquet`), bytes);
      files++;
    } catch (error) {
      const full = errnoOf(error) === 'ENOSPC' || errnoOf(error) === 'EDQUOT';
      throw new MillwrightError(
        full ? 'MW-DISK-FULL' : 'MW-UNAVAILABLE',
        `outcomes could not be written: ${error instanceof Error ? error.message : String(error)}`,
        { where: folder.path, next: 'make room or check the folder, then send the outcomes again', cause: error },
      );
    }
  }

  async function drain(): Promise<void> {
    writing = true;
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      try {
        await writeFile(batch.flatMap((one) => one.outcomes));
        for (const one of batch) one.done();
      } catch (error) {
        for (const one of batch) one.failed(error);
      }
    }
    writing = false;
    wrote(files);
    if (files > 128) files = 0;
  }

  return {
    add(outcomes) {
      if (outcomes.length === 0) return Promise.resolve();
      return new Promise((done, failed) => {
        pending.push({ outcomes, done, failed });
        if (!writing) void drain();
      });
    },
  };
}
