/** What the store does with single files: reading in pieces, linking, and saying what went wrong on the disk. */
import { link, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';

const CHUNK = 256 * 1024;

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
