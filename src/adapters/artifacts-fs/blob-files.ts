/** What the store does with single files: reading in pieces, hashing, linking, and saying what went wrong on the disk. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';
import type { Blob } from '../../ports/artifact-store.ts';

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

export function tooLarge(limitBytes: number): MillwrightError {
  return new MillwrightError('MW-BODY-TOO-LARGE', `the artifact is larger than ${limitBytes} bytes`, {
    next: 'store less, or raise the limit',
  });
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

async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    // Non-blocking: opening a named pipe that a step left behind would otherwise wait for a writer for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT'
      ? new MillwrightError('MW-NOT-FOUND', 'there is no such file', { where: path })
      : error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new MillwrightError('MW-INVALID', 'only a plain file can be an artifact', { where: path });
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

/** Digest and size of a file of this machine, streamed. */
export async function digestOf(path: string): Promise<Blob> {
  const hash = createHash('sha256');
  const file = await openFile(path);
  let bytes = 0;
  try {
    const buffer = new Uint8Array(CHUNK);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, bytes);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, bytes };
}
