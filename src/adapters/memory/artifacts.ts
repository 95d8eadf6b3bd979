/** Blobs in memory, for tests. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { blobTooLarge, byteRange, digestHex, noSuchBlob } from '../../domain/digests.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';
import type { ArtifactStore, Blob } from '../../ports/artifact-store.ts';

const CHUNK = 64 * 1024;

/** `now` decides how old a blob is. */
export function createMemoryArtifacts(now: () => number = Date.now): ArtifactStore {
  const putAt = new Map<string, number>();
  const blobs = new Map<string, Uint8Array>();

  function must(digest: string): Uint8Array {
    digestHex(digest);
    const found = blobs.get(digest);
    if (found === undefined) throw noSuchBlob(digest);
    return found;
  }

  function keep(bytes: Uint8Array): Blob {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, bytes);
    putAt.set(digest, now());
    return { digest, bytes: bytes.byteLength };
  }

  return {
    async put(source, limitBytes = Infinity) {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        bytes += chunk.byteLength;
        if (bytes > limitBytes) throw blobTooLarge(limitBytes);
        chunks.push(new Uint8Array(chunk));
      }
      return keep(new Uint8Array(Buffer.concat(chunks)));
    },

    async putFile(path) {
      try {
        return keep(new Uint8Array(await readFile(path)));
      } catch (error) {
        if (errnoOf(error) === 'ENOENT')
          throw new MillwrightError('MW-NOT-FOUND', 'there is no such file', { where: path });
        if (errnoOf(error) === 'EISDIR')
          throw new MillwrightError('MW-INVALID', 'only a plain file can be an artifact', { where: path });
        throw error;
      }
    },

    async get(digest, range) {
      const blob = must(digest);
      const { start, end } = byteRange(digest, blob.byteLength, range);
      return (async function* chunks() {
        for (let at = start; at < end; at += CHUNK) yield blob.slice(at, Math.min(at + CHUNK, end));
      })();
    },

    bytes: async (digest) => must(digest).slice(),

    async stat(digest) {
      digestHex(digest);
      const found = blobs.get(digest);
      return found === undefined ? undefined : { digest, bytes: found.byteLength };
    },

    async materialize(digest, path) {
      const blob = must(digest);
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true });
      await writeFile(path, blob);
      await chmod(path, 0o444);
    },

    async renew(digest) {
      digestHex(digest);
      const found = blobs.get(digest);
      if (found === undefined) return undefined;
      putAt.set(digest, now());
      return { digest, bytes: found.byteLength };
    },

    async delete(digest, unlessPutSince = Infinity) {
      digestHex(digest);
      if ((putAt.get(digest) ?? 0) >= unlessPutSince) return false;
      putAt.delete(digest);
      return blobs.delete(digest);
    },

    async *list() {
      for (const [digest, blob] of blobs) {
        yield { digest, bytes: blob.byteLength, putAt: putAt.get(digest) ?? 0 };
      }
    },
  };
}
