/** Which files of a project are code: what git would track, else everything that is not known to be something else. */
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import { type Glob, matchPath } from './glob.ts';
import { resolveInside } from './inside.ts';

const MAX_FILES = 2_000;
const MAX_FILE_BYTES = 5 * 1024 * 1024;
/** Folders that are never the user's own code, wherever they stand. */
const LEFT_OUT = new Set([
  '.git',
  '.hg',
  '.svn',
  '.millwright',
  '.venv',
  'venv',
  '__pycache__',
  'node_modules',
  '.ipynb_checkpoints',
  '.DS_Store',
  'mlruns',
]);

const leftOut = (path: string): boolean => path.split('/').some((name) => LEFT_OUT.has(name));

function tooMany(paths: readonly string[]): never {
  const folders = new Map<string, number>();
  for (const path of paths) {
    const top = path.includes('/') ? `${path.slice(0, path.indexOf('/'))}/` : path;
    folders.set(top, (folders.get(top) ?? 0) + 1);
  }
  const [largest] = [...folders].sort((a, b) => b[1] - a[1]);
  const [name, count] = largest ?? ['', 0];
  throw new MillwrightError(
    'MW-CONFIG-FILE',
    `the project has more than ${MAX_FILES} code files; ${count} of them are in "${name}"`,
    {
      where: name,
      next: `add a line "${name}" to .gitignore, or name it in a dataset's "from"`,
    },
  );
}

/** Every file below `root`, in no order; links are listed, not followed; stops soon after the limit. */
async function walk(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (LEFT_OUT.has(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else found.push(path);
    }
    if (found.length > 20 * MAX_FILES) tooMany(found);
  }
  return found;
}

export interface CodeFile {
  /** Project-relative. */
  readonly path: string;
  /** Where its content really is. */
  readonly real: string;
}

/**
 * Sorted by path. `listed`: what git lists, else the folder is walked. Left out: data (`exclude`), files over 5 MiB, what
 * is no regular file. Throws MW-PATH for a link that leaves the project, MW-CONFIG-FILE above 2,000 files.
 */
export async function codeFiles(
  root: string,
  listed: readonly string[] | undefined,
  exclude: readonly Glob[],
): Promise<readonly CodeFile[]> {
  const files: CodeFile[] = [];
  for (const path of listed ?? (await walk(root))) {
    if (leftOut(path) || exclude.some((glob) => matchPath(glob, path))) continue;
    const seen = await lstat(join(root, path)).catch(() => undefined);
    // Tracked but deleted, or a submodule's folder.
    if (seen === undefined || !(seen.isFile() || seen.isSymbolicLink())) continue;
    const real = await resolveInside(root, path);
    if (real === undefined) continue;
    const content = seen.isFile() ? seen : await stat(real);
    if (!content.isFile() || content.size > MAX_FILE_BYTES) continue;
    files.push({ path, real });
  }
  if (files.length > MAX_FILES) tooMany(files.map((file) => file.path));
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
