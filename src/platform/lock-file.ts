/** A lock as a file: made in one step, and removed only by who knows what is in it. */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { errnoOf } from './coded-error.ts';

/** The text of a lock and its age; undefined when there is none. */
export async function readLock(path: string): Promise<{ readonly text: string; readonly mtimeMs: number } | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    return { text: await readFile(path, 'utf8'), mtimeMs };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Creates `path` with `text`, whole from its first moment; false when it exists. */
export async function createWhole(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
}

/**
 * Removes exactly the lock that was judged dead. Between the judgement and now another server may have taken the home, so the file is
 * first moved aside (only one contender gets it) and looked at again; a lock that turns out to be somebody's is put back.
 */
export async function removeStale(path: string, judged: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== judged) {
    await link(aside, path).catch(() => undefined);
  }
  await unlink(aside);
}
