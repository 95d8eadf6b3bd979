/** What the store does with single files: reading in pieces, linking, and saying what went wrong on the disk. */
import { link, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';

const CHUNK = 512 * 1024;
/** Bytes that are gathered for one write: a body comes in pieces of 64 KiB, and each write is a trip to another thread. */
const GATHERED = 1024 * 1024;
/** Bytes after which the disk is told to begin: at the end there is little left to wait for. */
const SYNCED = 32 * 1024 * 1024;

export function onDisk(error: unknown, where: string): unknown {
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MillwrightError('MW-DISK-FULL', 'the disk is full: the artifact was not stored', {
      where,
      next: 'free some space and try again; nothing that was acknowledged is lost',
      cause: error,
    });
  }
  return error;
}

export async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < chunk.byteLength) {
    const { bytesWritten } = await file.write(chunk, offset, chunk.byteLength - offset);
    offset += bytesWritten;
  }
}

/**
 * Writes a body while it comes: `seen` looks at a piece (and may refuse it) while the disk takes those before. Holds two gathered
 * writes at most. Durable when it resolves. When it rejects, nothing of it is under way any more.
 */
export async function writeBody(
  file: FileHandle,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  seen: (piece: Uint8Array) => void,
): Promise<void> {
  let gathered: Uint8Array[] = [];
  let size = 0;
  let unsynced = 0;
  let writing: Promise<void> = Promise.resolve();
  let syncing: Promise<void> = Promise.resolve();
  let trouble: unknown;
  const note = (error: unknown): void => {
    trouble ??= error;
  };

  async function flush(): Promise<void> {
    const pieces = gathered;
    [gathered, size] = [[], 0];
    await writing;
    if (trouble !== undefined) throw trouble;
    if (pieces.length === 0) return;
    writing = writeAll(file, pieces.length === 1 ? (pieces[0] ?? new Uint8Array()) : Buffer.concat(pieces)).catch(note);
  }

  try {
    for await (const piece of body) {
      seen(piece);
      gathered.push(piece);
      size += piece.byteLength;
      unsynced += piece.byteLength;
      if (size < GATHERED) continue;
      await flush();
      if (unsynced < SYNCED) continue;
      unsynced = 0;
      await syncing;
      syncing = file.datasync().catch(note);
    }
    await flush();
  } finally {
    await writing;
    await syncing;
  }
  if (trouble !== undefined) throw trouble;
  await file.sync();
}

/** Opens at the first read and not before: a caller that never iterates (a HEAD request) leaves no open file behind. */
export async function* chunksOf(path: string, start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await open(path, 'r');
  try {
    let position = start;
    while (position < end) {
      const buffer = new Uint8Array(Math.min(CHUNK, end - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position);
      if (bytesRead === 0) throw new MillwrightError('MW-INTERNAL', `a blob ended at byte ${position} of ${end}`);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** False where a link cannot be made: another file system, too many links, or refused by the system. */
export async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EACCES'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}
