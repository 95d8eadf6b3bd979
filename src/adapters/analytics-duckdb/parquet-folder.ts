/**
 * A folder of immutable Parquet files. A file counts when its name is complete (writers rename). A compaction
 * `compact-<id>.parquet` counts only once its list `compact-<id>.json` is there, and from that moment the files it names
 * count no longer: the rename of the list is the one commit point, whatever a kill -9 leaves behind.
 */
import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import { createMutex, type Mutex } from '../../platform/mutex.ts';
import { errnoOf } from '../../platform/coded-error.ts';
import { syncFolder, writeFileDurable } from '../../platform/durable-file.ts';

const ENDPOINT = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** Endpoint names become folder names: anything else is refused before a path is made of it. */
export function checkEndpoint(endpoint: string): string {
  if (!ENDPOINT.test(endpoint) || endpoint.includes('..')) {
    throw new MillwrightError('MW-PATH', `not an endpoint name: ${JSON.stringify(endpoint.slice(0, 80))}`, {
      where: 'endpoint',
      next: 'use lower-case letters, digits, dot, underscore and dash, at most 63 characters',
    });
  }
  return endpoint;
}

export interface ParquetFolder {
  readonly path: string;
  /** Names of the files that count, ascending. */
  list(): Promise<readonly string[]>;
  /** Runs a query; files it could see are not deleted before it ends. */
  reading<T>(work: (names: readonly string[]) => Promise<T>): Promise<T>;
  /** Puts `write`'s file in place of `names`. Returns the number of files removed. */
  replace(names: readonly string[], id: string, write: (path: string) => Promise<void>): Promise<number>;
  /** Removes what a killed compaction left. */
  recover(): Promise<void>;
  readonly compacting: Mutex;
}

const isCompaction = (name: string): boolean => name.startsWith('compact-');
const listOf = (name: string): string => name.replace(/\.parquet$/, '.json');

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

export function createParquetFolder(path: string): ParquetFolder {
  /** Lists never change once renamed into place, so each is read once. */
  const lists = new Map<string, readonly string[]>();
  const readers = new Set<Promise<unknown>>();
  const compacting = createMutex();

  async function names(): Promise<readonly string[]> {
    try {
      return await readdir(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async function replacedBy(list: string): Promise<readonly string[]> {
    const known = lists.get(list);
    if (known !== undefined) return known;
    const parsed: unknown = JSON.parse(await readFile(join(path, list), 'utf8'));
    const replaces = (parsed as { replaces?: readonly string[] }).replaces ?? [];
    lists.set(list, replaces);
    return replaces;
  }

  async function survey(): Promise<{ counted: string[]; replaced: Set<string>; all: readonly string[] }> {
    const all = await names();
    const committed = new Set(all.filter((name) => isCompaction(name) && name.endsWith('.json')));
    const replaced = new Set<string>();
    for (const list of committed) for (const name of await replacedBy(list)) replaced.add(name);
    const counted = all.filter(
      (name) =>
        name.endsWith('.parquet') && !replaced.has(name) && (!isCompaction(name) || committed.has(listOf(name))),
    );
    return { counted: counted.sort(), replaced, all };
  }

  async function removeReplaced(replaced: Iterable<string>): Promise<number> {
    let removed = 0;
    const emptied: string[] = [];
    for (const name of replaced) {
      if (await removeIfThere(join(path, name))) removed++;
      if (isCompaction(name)) emptied.push(listOf(name));
    }
    // A replaced compaction's list goes last: without it the files it replaced, were any left, would count again.
    if (removed > 0) await syncFolder(path);
    for (const list of emptied) await removeIfThere(join(path, list));
    return removed;
  }

  const folder: ParquetFolder = {
    path,
    compacting,
    list: async () => (await survey()).counted,
    reading(work) {
      const running = (async () => work((await survey()).counted))();
      const settled = running.catch(() => undefined).finally(() => readers.delete(settled));
      readers.add(settled);
      return running;
    },
    async recover() {
      const { replaced, all } = await survey();
      await Promise.all(readers);
      await removeReplaced(replaced);
      for (const name of all) {
        if (!isCompaction(name)) continue;
        const orphan = name.endsWith('.parquet') && !all.includes(listOf(name));
        if (orphan || name.endsWith('.tmp')) await removeIfThere(join(path, name));
      }
    },
    async replace(replaces, id, write) {
      await mkdir(path, { recursive: true });
      const target = join(path, `compact-${id}.parquet`);
      const temporary = `${target}.tmp`;
      try {
        await write(temporary);
        await syncFile(temporary);
        await rename(temporary, target);
        await syncFolder(path);
      } catch (error) {
        await removeIfThere(temporary);
        throw error;
      }
      await writeFileDurable(join(path, `compact-${id}.json`), JSON.stringify({ replaces }));
      // Queries that began before the commit may hold these names; those that begin now do not see them.
      await Promise.all(readers);
      return removeReplaced(replaces);
    },
  };
  return folder;
}
