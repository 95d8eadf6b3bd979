/** The blobs of an image layout, written by content. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncGzip } from 'fflate';
import { syncFolder } from '../../platform/durable-file.ts';
import { pieces } from './tar.ts';

const PIECE = 1024 * 1024;
const QUEUED = 8 * PIECE;
/** Measured on a Node binary: level 4 is within 3 % of level 6 in size and takes half the time. */
const LEVEL = 4;

export interface BlobInfo {
  readonly digest: string;
  readonly bytes: number;
}

export const blobPath = (layout: string, digest: string): string =>
  join(layout, 'blobs', 'sha256', digest.replace(/^sha256:/, ''));

export async function hasBlob(layout: string, { digest, bytes }: BlobInfo): Promise<boolean> {
  const found = await stat(blobPath(layout, digest)).catch(() => undefined);
  return found?.size === bytes;
}

/** Temporary file, fsync, rename, fsync of the folder. */
export async function writeBlob(layout: string, source: AsyncIterable<Uint8Array>): Promise<BlobInfo> {
  const folder = join(layout, 'blobs', 'sha256');
  await mkdir(folder, { recursive: true });
  const partial = join(folder, `.part-${randomBytes(8).toString('hex')}`);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const file = await open(partial, 'wx', 0o644);
    try {
      for await (const chunk of source) {
        hash.update(chunk);
        bytes += chunk.length;
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const digest = `sha256:${hash.digest('hex')}`;
    await rename(partial, blobPath(layout, digest));
    await syncFolder(folder);
    return { digest, bytes };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

export async function* once(data: Uint8Array): AsyncIterable<Uint8Array> {
  yield data;
}

/**
 * gzip by fflate: its output depends on its version only, where zlib's depends on the build and the CPU. It runs on a worker
 * thread, so that packing 200 MB does not stop the server.
 */
export async function* gzip(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const state: { out: Uint8Array[]; failure?: Error; ended: boolean; wake: () => void } = {
    out: [],
    ended: false,
    wake: () => {},
  };
  const stream = new AsyncGzip({ level: LEVEL, mtime: 0 }, (error, chunk, final) => {
    if (error !== null) state.failure = error;
    else state.out.push(chunk);
    if (final) state.ended = true;
    state.wake();
  });
  stream.ondrain = () => state.wake();
  /** Waits for the thread's next word, unless `enough` holds already; then hands on what it has made. */
  async function* take(enough: () => boolean): AsyncIterable<Uint8Array> {
    while (!enough() && state.failure === undefined) {
      await new Promise<void>((resolve) => {
        state.wake = resolve;
      });
    }
    if (state.failure !== undefined) throw state.failure;
    yield* state.out.splice(0);
  }
  try {
    // One piece behind, because the last one must be named as such. Each is handed over whole: fflate moves its memory.
    let last: Uint8Array | undefined;
    for await (const piece of pieces(source, PIECE)) {
      if (last !== undefined) stream.push(last);
      last = piece;
      yield* take(() => stream.queuedSize <= QUEUED);
    }
    stream.push(last ?? new Uint8Array(), true);
    yield* take(() => state.ended);
  } finally {
    stream.terminate();
  }
}
