/** Files of an artifact folder on this machine. */
import { createReadStream } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillwrightError } from '../../domain/errors.ts';
import type { SourceFile } from '../../ports/tracking-source.ts';

const MAX_DEPTH = 64;

/**
 * The folder that an artifact location means: a path, a `file:` URL, or `mlflow-artifacts:` below `served` (the folder that the old
 * server was given as --artifacts-destination). Throws MW-UNAVAILABLE for buckets and for a missing `served`.
 */
export function folderOf(location: string, served: string | undefined): string {
  if (location.startsWith('file:')) return fileURLToPath(new URL(location));
  const proxied = /^mlflow-artifacts:\/*(?:[^/]+:\d+\/)?(.*)$/.exec(location)?.[1];
  if (proxied !== undefined && served !== undefined && !proxied.split('/').includes('..')) return join(served, proxied);
  if (proxied === undefined && !/^[a-z][a-z0-9+.-]*:/i.test(location)) return location;
  throw new MillwrightError('MW-UNAVAILABLE', `the files below ${location.slice(0, 200)} are out of reach from here`, {
    next:
      proxied === undefined
        ? 'import from the address of the running server instead, which can read them'
        : 'name the folder that the old server served: --artifacts ./mlartifacts',
  });
}

/** All plain files below, links not followed: a link could lead out of the store. A folder that is not there is empty. */
export async function* filesBelow(folder: string, below = '', depth = 0): AsyncGenerator<SourceFile, void, undefined> {
  if (depth > MAX_DEPTH) throw new MillwrightError('MW-INVALID', 'the folders are nested too deep', { where: folder });
  const found = await lstat(join(folder, below)).catch(() => undefined);
  if (found?.isDirectory() !== true) return;
  for await (const entry of await opendir(join(folder, below))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, path, depth + 1);
    else if (entry.isFile()) yield { path, open: async () => createReadStream(join(folder, path)) };
  }
}
