import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifactContract } from '../../testing/artifacts.contract.ts';
import { onDisk, writeAll } from './blob-files.ts';
import { blobPath } from './blob-path.ts';
import { openFileArtifacts } from './index.ts';

/** All plain files below, by their names. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => basename(entry.name));
}

artifactContract('file system', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mw-blobs-'));
  const folders = { root: join(folder, 'blobs'), temporary: join(folder, 'tmp') };
  return {
    store: await openFileArtifacts(folders),
    everything: () => filesBelow(folder),
    reopen: () => openFileArtifacts(folders),
    elsewhere: { module: new URL('./index.ts', import.meta.url).href, open: 'openFileArtifacts', argument: folders },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});

describe('blobs as files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mw-blobs-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('lie read-only at one path each, which is also given out', async () => {
    const store = await openFileArtifacts({ root: join(folder, 'blobs'), temporary: join(folder, 'tmp') });
    const { digest } = await store.put(new Uint8Array([7]));
    const path = await store.path(digest);
    expect(path).toBe(blobPath(join(folder, 'blobs'), digest));
    expect((await stat(path)).mode & 0o777).toBe(0o444);
    await expect(store.path(`sha256:${'b'.repeat(64)}`)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await expect(store.path('../x')).rejects.toMatchObject({ code: 'MW-PATH' });
  });

  it.runIf(existsSync('/dev/full'))('a full disk is a coded error', async () => {
    // The device that refuses every write as a full disk does.
    const file = await open('/dev/full', 'w');
    const written = writeAll(file, new Uint8Array(10)).catch((error: unknown) => {
      throw onDisk(error, 'tmp');
    });
    await expect(written).rejects.toMatchObject({ code: 'MW-DISK-FULL', where: 'tmp' });
    await file.close();
  });

  it('a named pipe is no artifact, and looking at it does not wait for a writer', async () => {
    const store = await openFileArtifacts({ root: join(folder, 'blobs'), temporary: join(folder, 'tmp') });
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(store.putFile(pipe)).rejects.toMatchObject({ code: 'MW-INVALID' });
  });

  it('what a dead process left in the temporary folder is gone after the next start', async () => {
    const temporary = join(folder, 'tmp');
    await writeFile(join(temporary, 'put-half'), 'half');
    await openFileArtifacts({ root: join(folder, 'blobs'), temporary });
    expect(await readdir(temporary)).toEqual([]);
  });
});
