import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { inspectFolder, projectText } from '../../app/init.ts';
import { readProject } from '../../app/read-project.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { Flags, Session } from '../session.ts';

const SCHEMA = '.millwright/millwright.schema.json';

export async function run({ out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const folder = resolve(args[0] ?? '.');
  if (!existsSync(folder))
    throw new MillwrightError('MW-USAGE', `there is no folder ${folder}`, { next: `mkdir ${args[0] ?? ''}` });
  const path = join(folder, 'millwright.yaml');
  if (existsSync(path) && flags['force'] !== true) {
    throw new MillwrightError('MW-EXISTS', 'this folder has a millwright.yaml already', {
      where: path,
      next: 'mw run, or mw init --force to write it anew',
    });
  }
  const found = await inspectFolder(folder);
  const { projectJsonSchema } = await import('../../app/project-schema.ts');
  await mkdir(join(folder, '.millwright'), { recursive: true, mode: 0o700 });
  await writeFile(join(folder, SCHEMA), JSON.stringify(projectJsonSchema()));
  await writeFile(path, projectText(found, `./${SCHEMA}`));
  // The file must be good as written; a doubt here is ours, not the person's.
  await readProject(folder);
  out.result({ file: path, found }, () => [
    `wrote ${relative(process.cwd(), path) || path}`,
    `  training      ${found.train ?? 'no train.py found: correct "run" in the file'}`,
    `  requirements  ${found.requirements ?? 'none found'}`,
    `  data          ${found.data ?? 'none found'}`,
    `  model         ${found.model ?? 'not named in the script'}`,
    ...(found.todo.length === 0
      ? ['next: mw run']
      : ['Before the first run:', ...found.todo.map((line) => `  ${line}`), 'then: mw run']),
  ]);
}
