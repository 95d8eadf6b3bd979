/** Reading a plain file of this machine from end to end, and nothing that only looks like one. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { CodedError, errnoOf } from './coded-error.ts';

const CHUNK = 256 * 1024;

async function openPlainFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    // Non-blocking: opening a named pipe that a step left behind would otherwise wait for a writer for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT'
      ? new CodedError('MW-NOT-FOUND', 'there is no such file', { where: path })
      : error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new CodedError('MW-INVALID', 'only a plain file can be an artifact', { where: path });
}

/** `sha256:<hex>` and size of a file, streamed. Throws MW-NOT-FOUND; MW-INVALID for a folder, a pipe or a device. */
export async function digestOfFile(path: string): Promise<{ readonly digest: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  const file = await openPlainFile(path);
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
