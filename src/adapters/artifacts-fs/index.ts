/**
 * Blobs as files, named by their content: `<root>/sha256/ab/<hex>`. A blob is written under a temporary name in the same file
 * system, fsynced, renamed, and its folder fsynced; so a name that exists is whole, and two writers of the same bytes cannot harm
 * each other. Blobs have mode 0444: they are handed out by hard link.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, glob, mkdir, open, readdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blobTooLarge, byteRange, noSuchBlob } from '../../domain/digests.ts';
import { errnoOf } from '../../platform/coded-error.ts';
import { syncFolder } from '../../platform/durable-file.ts';
import { digestOfFile } from '../../platform/file-digest.ts';
import { createTurns } from '../../platform/turns.ts';
import type { ArtifactStore, Blob } from '../../ports/artifact-store.ts';
import { chunksOf, onDisk, tryLink, writeBody } from './blob-files.ts';
import { blobPath } from './blob-path.ts';

const READ_ONLY = 0o444;

/** What this store can do beyond the port: other parts of the same machine read a blob by its path (the data plane's models). */
export interface FileArtifactStore extends ArtifactStore {
  /** The absolute path of a stored blob. Throws MW-NOT-FOUND. Never write to it. */
  path(digest: string): Promise<string>;
}

/**
 * Opens the store. `root` is `<home>/blobs`, `temporary` a folder of the same file system, which is emptied: what is left there is
 * of a process that died. Only one process may open a home.
 */
export async function openFileArtifacts(folders: {
  readonly root: string;
  readonly temporary: string;
}): Promise<FileArtifactStore> {
  const { root, temporary } = folders;
  await mkdir(join(root, 'sha256'), { recursive: true, mode: 0o700 });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  for (const name of await readdir(temporary)) {
    if (name.startsWith('put-')) await rm(join(temporary, name), { force: true });
  }
  await syncFolder(root);
  const ready = new Set<string>();
  // Two ways to lose a blob that somebody is about to name: the collector looks (old), the put finds it there and makes it young, the
  // collector unlinks; or the put finds it there, the collector unlinks, the put makes young what is gone. Both are one gap between
  // a look and an act, so for one digest they take turns. Another process cannot be in the gap: a home has one owner.
  const turn = createTurns();

  /** Makes `<root>/sha256/ab` and its name durable, once per process. */
  async function folderOf(blob: string): Promise<string> {
    const folder = dirname(blob);
    if (!ready.has(folder)) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await syncFolder(dirname(folder));
      ready.add(folder);
    }
    return folder;
  }

  async function size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(blobPath(root, digest))).size;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Gives a whole, fsynced temporary file its name. */
  async function publish(from: string, digest: string): Promise<void> {
    const to = blobPath(root, digest);
    const folder = await folderOf(to);
    await chmod(from, READ_ONLY);
    // Replacing an equal blob is harmless: same bytes, and open readers and links keep the old file.
    await rename(from, to);
    await syncFolder(folder);
  }

  /** Makes a blob young; undefined when there is none. Its owner may set the time of a file whose mode says read-only. */
  const renew = (digest: string): Promise<Blob | undefined> =>
    turn(digest, async () => {
      const bytes = await size(digest);
      if (bytes === undefined) return undefined;
      const now = new Date();
      await utimes(blobPath(root, digest), now, now);
      return { digest, bytes };
    });

  /** Names a whole, fsynced temporary file, or drops it when its content is there already. */
  async function settle(from: string, { digest, bytes }: Blob): Promise<void> {
    if ((await renew(digest))?.bytes === bytes) await unlink(from);
    else await turn(digest, () => publish(from, digest));
  }

  async function put(source: AsyncIterable<Uint8Array> | Uint8Array, limitBytes = Infinity): Promise<Blob> {
    const from = join(temporary, `put-${randomBytes(12).toString('hex')}`);
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      const file = await open(from, 'wx', 0o600);
      try {
        await writeBody(file, source instanceof Uint8Array ? [source] : source, (piece) => {
          bytes += piece.byteLength;
          if (bytes > limitBytes) throw blobTooLarge(limitBytes);
          hash.update(piece);
        });
      } finally {
        await file.close();
      }
      const digest = `sha256:${hash.digest('hex')}`;
      await settle(from, { digest, bytes });
      return { digest, bytes };
    } catch (error) {
      await rm(from, { force: true });
      throw onDisk(error, temporary);
    }
  }

  async function putFile(source: string): Promise<Blob> {
    // Hashing first: an output that an earlier run already made (the common case) costs one read and no write.
    const seen = await digestOfFile(source);
    if ((await renew(seen.digest))?.bytes === seen.bytes) return seen;
    const from = join(temporary, `put-${randomBytes(12).toString('hex')}`);
    try {
      // A copy (by reference where the file system can), never a link: the step's file stays writable for its owner.
      await copyFile(source, from, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await chmod(from, 0o600);
      const file = await open(from, 'r+');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      // The file may have changed between the hash and the copy; the name must be the hash of what was kept.
      const kept = await digestOfFile(from);
      await turn(kept.digest, () => publish(from, kept.digest));
      return kept;
    } catch (error) {
      await rm(from, { force: true });
      throw onDisk(error, source);
    }
  }

  async function path(digest: string): Promise<string> {
    if ((await size(digest)) === undefined) throw noSuchBlob(digest);
    return blobPath(root, digest);
  }

  return {
    put,
    putFile,
    path,

    async get(digest, range) {
      const total = await size(digest);
      if (total === undefined) throw noSuchBlob(digest);
      const { start, end } = byteRange(digest, total, range);
      return chunksOf(blobPath(root, digest), start, end);
    },

    async bytes(digest) {
      const file = await open(await path(digest), 'r');
      try {
        return new Uint8Array(await file.readFile());
      } finally {
        await file.close();
      }
    },

    async stat(digest) {
      const bytes = await size(digest);
      return bytes === undefined ? undefined : { digest, bytes };
    },

    async materialize(digest, target) {
      const from = await path(digest);
      await mkdir(dirname(target), { recursive: true });
      // A program that must change its input replaces the name, which leaves the blob alone. One that opens the link for writing is
      // refused by the mode, unless it runs as root, to whom modes mean nothing: then the blob itself could change under every
      // version that names it. So root gets a copy (by reference where the file system can).
      const modesAreIgnored = process.getuid?.() === 0 || process.platform === 'win32';
      // Made beside the target and renamed: a crash leaves no half of an input under its name, and a repeat replaces it.
      const beside = `${target}.${randomBytes(6).toString('hex')}.tmp`;
      try {
        if (modesAreIgnored || !(await tryLink(from, beside))) {
          await copyFile(from, beside, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
          await chmod(beside, READ_ONLY);
        }
        await rename(beside, target);
      } catch (error) {
        throw onDisk(error, target);
      } finally {
        // Also after success: renaming one link of a file over another of the same file does nothing (POSIX).
        await rm(beside, { force: true });
      }
    },

    renew,

    delete: (digest, unlessPutSince) =>
      turn(digest, async () => {
        const file = blobPath(root, digest);
        try {
          if (unlessPutSince !== undefined && (await stat(file)).mtimeMs >= unlessPutSince) return false;
          await unlink(file);
        } catch (error) {
          if (errnoOf(error) === 'ENOENT') return false;
          throw error;
        }
        // A crash may bring the name back: an orphan again, which the next collection takes.
        await syncFolder(dirname(file));
        return true;
      }),
    async *list() {
      for await (const entry of glob('sha256/*/*', { cwd: root, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const info = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
        // A blob may go while the folder is read.
        if (info === undefined) continue;
        const linked = info.nlink > 1 ? { linked: true } : {};
        yield { digest: `sha256:${entry.name}`, bytes: info.size, putAt: info.mtimeMs, ...linked };
      }
    },
  };
}
