/** The files of a folder on this machine with their digests. */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { digestOfFile } from './file-digest.ts';
import { checkListedPath } from './file-list.ts';
import type { ListedFile } from './file-list.ts';

/** What tools lay beside a model and no model is made of: hidden folders (an environment, a repository) and bytecode. */
const skipped = (name: string): boolean => name.startsWith('.') || name === '__pycache__';

/** By path. Links are not followed. Throws MW-PATH for a name that no list can hold. */
export async function listFolder(folder: string): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = [];
  const look = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      if (skipped(entry.name)) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) await look(path);
      else if (entry.isFile()) {
        const { digest } = await digestOfFile(path);
        files.push({ digest, path: checkListedPath(relative(folder, path).split(sep).join('/')) });
      }
    }
  };
  await look(folder);
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
