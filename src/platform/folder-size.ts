/** What a folder takes on the disk. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of the files below; a file with other names elsewhere counts 0, because removing it frees nothing. Links are not followed. */
export async function bytesBelow(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const info = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
    if (info?.nlink === 1) sum += info.size;
  }
  return sum;
}
