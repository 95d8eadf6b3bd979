/**
 * The files of a folder as one text: `sha256:<64 hex> <path>` a line, by path. Its own sha256 names the folder: two folders with the same
 * digest hold the same files under the same names.
 */
import { CodedError } from './coded-error.ts';

export interface ListedFile {
  readonly digest: string;
  /** Relative, with `/`; never climbs. */
  readonly path: string;
}

const FILES = 10_000;
const LINE = /^(sha256:[0-9a-f]{64}) (.{1,1000})$/;

function refuse(path: string, why: string): never {
  throw new CodedError('MW-PATH', `${JSON.stringify(path.slice(0, 200))} ${why}`, { where: path.slice(0, 200) });
}

/** Throws MW-PATH for a name that is not plainly below its folder. */
export function checkListedPath(path: string): string {
  // oxlint-disable-next-line no-control-regex -- a control character in a name is what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(path)) refuse(path, 'has a character that no file of a model may have');
  if (path.startsWith('/') || /^[a-zA-Z]:/.test(path)) refuse(path, 'is an absolute path');
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) refuse(path, 'climbs or is empty');
  return path;
}

/** Throws MW-PATH for a name or a number of files that cannot be. */
export function writeFileList(files: readonly ListedFile[]): string {
  if (files.length > FILES) refuse(`${files.length} files`, `are more than ${FILES}`);
  return files
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ digest, path }) => `${digest} ${checkListedPath(path)}\n`)
    .join('');
}

/** Throws MW-PATH for a text that `writeFileList` did not write. */
export function readFileList(text: string): readonly ListedFile[] {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length > FILES) refuse(text.slice(0, 100), 'is no list of files');
  return lines.map((line) => {
    const [, digest, path] = LINE.exec(line) ?? refuse(line, 'is no line of a list of files');
    return { digest: digest ?? '', path: checkListedPath(path ?? '') };
  });
}
