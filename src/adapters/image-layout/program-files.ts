/** Which files of Millwright's own installation serve a model: the built code and the packages that it needs, for this platform. */
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';

const packageSchema = z.looseObject({
  name: z.string().optional(),
  version: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});

/** Read by people and compilers, never by Node. */
const DEAD_WEIGHT = /(?:\.d\.[cm]?ts|\.map|\.md|\.markdown|\.tsbuildinfo)$/i;
const DEAD_FOLDERS = new Set([
  '.bin',
  '.github',
  'test',
  'tests',
  '__tests__',
  'example',
  'examples',
  'docs',
  'benchmark',
  'benchmarks',
  'coverage',
]);

/** Native builds of other systems, which packages carry side by side (`bin/napi-v6/darwin/arm64`). */
function otherPlatform(path: string): boolean {
  const place = /\/bin\/napi-v\d+\/([^/]+)(?:\/([^/]+))?/.exec(path);
  if (place?.[1] === undefined) return false;
  return place[1] !== 'linux' || (place[2] !== undefined && place[2] !== process.arch);
}

/** The folder of a package as Node would find it from `from`, relative to `root`. */
async function locate(root: string, from: string, name: string): Promise<string | undefined> {
  for (let at = from; ; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '') {
    const folder = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if ((await stat(join(root, folder, 'package.json')).catch(() => undefined)) !== undefined) return folder;
    if (at === '') return undefined;
  }
}

/** A link's content is packed in its place, if it is a file of the program itself. */
async function linksInside(root: string, path: string): Promise<boolean> {
  const real = await realpath(join(root, path)).catch(() => undefined);
  if (real === undefined || relative(await realpath(root), real).startsWith('..')) return false;
  return (await stat(real)).isFile();
}

async function filesOf(root: string, folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (otherPlatform(path)) continue;
    if (entry.isDirectory()) {
      // Packages inside a package are followed by name, not by folder.
      if (entry.name !== 'node_modules' && !DEAD_FOLDERS.has(entry.name)) found.push(...(await filesOf(root, path)));
    } else if (
      !DEAD_WEIGHT.test(entry.name) &&
      (entry.isFile() || (entry.isSymbolicLink() && (await linksInside(root, path))))
    ) {
      found.push(path);
    }
  }
  return found;
}

/**
 * `own`: files and folders of ours below `root` (`dist`, `package.json`, `proto`). `packages`: what they import; the packages
 * that those need follow by themselves. Throws MW-NOT-FOUND for a package that is not installed.
 */
export async function programFiles(
  root: string,
  own: readonly string[],
  packages: readonly string[],
): Promise<readonly string[]> {
  const folders = new Set<string>();
  const queue = packages.map((name) => ({ name, from: '', optional: false }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const folder = await locate(root, next.from, next.name);
    if (folder === undefined) {
      if (next.optional) continue;
      throw new MillwrightError('MW-NOT-FOUND', `the package "${next.name}" is not installed`, {
        where: next.name,
        next: 'npm install',
      });
    }
    if (folders.has(folder)) continue;
    folders.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = packageSchema.parse(
      JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')),
    );
    for (const name of Object.keys(dependencies))
      queue.push({ name, from: folder, optional: name in optionalDependencies });
    for (const name of Object.keys(optionalDependencies)) queue.push({ name, from: folder, optional: true });
  }
  const files: string[] = [];
  for (const path of own) {
    const seen = await lstat(join(root, path)).catch(() => undefined);
    if (seen === undefined)
      throw new MillwrightError('MW-NOT-FOUND', `the program has no "${path}"`, { where: path, next: 'npm run build' });
    files.push(...(seen.isDirectory() ? await filesOf(root, path) : [path]));
  }
  for (const folder of folders) files.push(...(await filesOf(root, folder)));
  return [...new Set(files)].sort();
}

/** Name and version of every npm package among these files: what a scanner of vulnerabilities asks for. */
export async function installedPackages(
  root: string,
  files: readonly string[],
): Promise<readonly { readonly name: string; readonly version: string }[]> {
  const found = new Map<string, { readonly name: string; readonly version: string }>();
  for (const path of files) {
    if (!/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path)) continue;
    const { name, version } = packageSchema.parse(JSON.parse(await readFile(join(root, path), 'utf8')));
    if (name !== undefined && version !== undefined) found.set(`${name}@${version}`, { name, version });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
