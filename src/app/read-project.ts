/** Reads the project of a folder without a server: for commands that only need its name, and to check the file early. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillwrightError } from '../domain/errors.ts';
import type { ProjectSpec } from '../domain/project.ts';
import { parseProject } from '../modules/projects/index.ts';

/** Throws MW-CONFIG-MISSING, or what is wrong in the file. */
export async function readProject(folder: string): Promise<ProjectSpec> {
  let text: string;
  try {
    text = await readFile(join(folder, 'millwright.yaml'), 'utf8');
  } catch (cause) {
    throw new MillwrightError('MW-CONFIG-MISSING', 'this folder has no millwright.yaml', {
      where: folder,
      next: 'mw init',
      cause,
    });
  }
  return parseProject(text);
}
