/**
 * `envs/<key>/<attempt>/`: a built environment. A virtual environment is bound to its path (the scripts in `bin/` carry it), so
 * it is built where it stays and not renamed into place; what makes it whole is `envs/<key>/complete.json`, written last, by
 * rename. Each attempt has a folder of its own: an installer that outlived a killed server goes on writing, and must not write
 * into the environment that the next server builds.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileDurable } from '../../platform/durable-file.ts';

const completeSchema = z.object({
  digest: z.string(),
  python: z.string(),
  platform: z.string(),
  interpreter: z.string(),
  installer: z.enum(['uv', 'pip']),
  lock: z.string(),
  packages: z.array(z.object({ name: z.string(), version: z.string(), hashes: z.array(z.string()) })),
});

export type Complete = z.infer<typeof completeSchema>;

/** undefined: nothing whole is there. */
export async function readComplete(keyFolder: string): Promise<Complete | undefined> {
  try {
    return completeSchema.parse(JSON.parse(await readFile(join(keyFolder, 'complete.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Removes what earlier attempts left and makes a folder for a new one. */
export async function startFolder(keyFolder: string): Promise<string> {
  await rm(keyFolder, { recursive: true, force: true, maxRetries: 5 });
  const folder = join(keyFolder, randomBytes(4).toString('hex'));
  await mkdir(folder, { recursive: true });
  return folder;
}

export function completeFolder(keyFolder: string, complete: Complete): Promise<void> {
  return writeFileDurable(join(keyFolder, 'complete.json'), JSON.stringify(complete, undefined, 2));
}
