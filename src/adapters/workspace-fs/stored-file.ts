/** Hashes and stores files of the project, reading each content once. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactStore, Blob } from '../../ports/artifact-store.ts';

/** A file changed this recently may change again within one tick of its time stamp, unseen: it is read again. */
const SETTLED_MS = 2_000;
const MAX_ENTRIES = 20_000;

interface Known {
  readonly mark: string;
  readonly blob: Blob;
}

export type StoreFile = (path: string, name: string) => Promise<Blob>;

/**
 * A file is known again by path, size, mtime in nanoseconds and inode. `put` with a stream, not `putFile`: a hard link to a
 * file that its owner may rewrite in place would change a blob under its digest.
 */
export function storedFiles(artifacts: ArtifactStore): StoreFile {
  const known = new Map<string, Known>();
  return async (path, name) => {
    for (let tries = 0; tries < 3; tries += 1) {
      const before = await stat(path, { bigint: true });
      const mark = `${before.dev}:${before.ino}:${before.size}:${before.mtimeNs}:${before.ctimeNs}`;
      const seen = known.get(path);
      if (seen?.mark === mark && (await artifacts.renew(seen.blob.digest)) !== undefined) return seen.blob;
      const blob = await artifacts.put(createReadStream(path));
      const after = await stat(path, { bigint: true });
      if (after.size !== before.size || after.mtimeNs !== before.mtimeNs || BigInt(blob.bytes) !== before.size)
        continue;
      if (Date.now() - Number(before.mtimeMs) > SETTLED_MS) {
        if (known.size >= MAX_ENTRIES) known.clear();
        known.set(path, { mark, blob });
      }
      return blob;
    }
    throw new MillwrightError('MW-CONFLICT', `"${name}" kept changing while it was read`, {
      where: name,
      next: 'wait until the program that writes it is done, then start the run again',
    });
  };
}
