/** Finds the files of a dataset. Only folders that a pattern can still match are read. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Glob, type GlobState, startState, step } from './glob.ts';
import { resolveInside } from './inside.ts';

async function search(
  root: string,
  folder: string,
  glob: Glob,
  state: GlobState,
  found: Map<string, string>,
): Promise<void> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  for (const entry of entries) {
    if (entry.name === '.git' || entry.name === '.millwright') continue;
    const { next, matches } = step(glob, state, entry.name);
    if (!matches && next.length === 0) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    // A link to a folder is not walked: it could form a cycle.
    if (entry.isDirectory()) await search(root, path, glob, next, found);
    else if (matches) {
      const real = await resolveInside(root, path);
      if (real !== undefined && (entry.isFile() || (await stat(real)).isFile())) found.set(path, real);
    }
  }
}

/** Project-relative path -> real path of every file that matches one of the globs, sorted by path. */
export async function findFiles(root: string, globs: readonly Glob[]): Promise<readonly (readonly [string, string])[]> {
  const found = new Map<string, string>();
  for (const glob of globs) await search(root, '', glob, startState(glob), found);
  return [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
