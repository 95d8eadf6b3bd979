/** Blobs in memory, for tests. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';
import type { ArtifactStore, Blob } from '../../ports/artifact-store.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const CHUNK = 64 * 1024;

export function createMemoryArtifacts(): ArtifactStore {
  const blobs = new Map<string, Uint8Array>();

  function must(digest: string): Uint8Array {
    const found = blobs.get(checked(digest));
    if (found === undefined) throw new MillwrightError('MW-NOT-FOUND', 'there is no such artifact', { where: digest });
    return found;
  }

  function checked(digest: string): string {
    if (DIGEST.test(digest)) return digest;
    throw new MillwrightError('MW-PATH', 'not a digest: it must be sha256: and 64 lower-case hex digits', {
      where: JSON.stringify(digest.slice(0, 100)),
    });
  }

  function keep(bytes: Uint8Array): Blob {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, bytes);
    return { digest, bytes: bytes.byteLength };
  }

  return {
    async put(source, limitBytes = Infinity) {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        bytes += chunk.byteLength;
        if (bytes > limitBytes) {
          throw new MillwrightError('MW-BODY-TOO-LARGE', `the artifact is larger than ${limitBytes} bytes`, {
            next: 'store less, or raise the limit',
          });
        }
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
      const start = range?.start ?? 0;
      const end = Math.min(range?.end ?? blob.byteLength, blob.byteLength);
      if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > blob.byteLength || end < start) {
        throw new MillwrightError('MW-INVALID', `no range ${start}..${range?.end ?? ''} in ${blob.byteLength} bytes`, {
          where: digest,
        });
      }
      return (async function* chunks() {
        for (let at = start; at < end; at += CHUNK) yield blob.slice(at, Math.min(at + CHUNK, end));
      })();
    },

    bytes: async (digest) => must(digest).slice(),

    async stat(digest) {
      const found = blobs.get(checked(digest));
      return found === undefined ? undefined : { digest, bytes: found.byteLength };
    },

    async materialize(digest, path) {
      const blob = must(digest);
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true });
      await writeFile(path, blob);
      await chmod(path, 0o444);
    },

    delete: async (digest) => blobs.delete(checked(digest)),

    async *list() {
      for (const [digest, blob] of blobs) yield { digest, bytes: blob.byteLength, putAt: 0 };
    },
  };
}
