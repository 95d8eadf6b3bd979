/** The one place that turns a project-relative name into a path of this machine. */
import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * The real path of a file of the project, or undefined when there is none. Throws MW-PATH when the name, or a link on the
 * way, leaves the project's folder: what is stored from there would become readable through the API.
 */
export async function resolveInside(root: string, name: string): Promise<string | undefined> {
  const wanted = join(root, name);
  if (name.includes('\0') || isAbsolute(name) || !isInside(root, wanted)) {
    throw new MillwrightError('MW-PATH', `"${name}" is not inside the project folder`, {
      where: name,
      next: 'name a file of the project, relative to millwright.yaml',
    });
  }
  const real = await realpath(wanted).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (real !== undefined && !isInside(root, real)) {
    throw new MillwrightError('MW-PATH', `"${name}" is a link that leaves the project folder`, {
      where: name,
      next: `replace the link by the file itself, or leave it out with a line "${name}" in .gitignore`,
    });
  }
  return real;
}
