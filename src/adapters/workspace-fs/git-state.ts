/** What git knows about the project's folder, asked with argument lists and never through a shell. */
import { execFile } from 'node:child_process';

export interface GitState {
  readonly files: readonly string[];
  readonly commit?: string;
  readonly branch?: string;
  readonly dirty: boolean;
  /** `git diff` of the tracked files against the commit; empty when clean or when there is no commit yet. */
  readonly diff: Uint8Array;
}

const MAX_OUTPUT = 64 * 1024 * 1024;

/** undefined when git is missing, the folder is not in a repository, or git refuses (for example another owner). */
function git(root: string, args: readonly string[]): Promise<Buffer | undefined> {
  // fsmonitor is a program that the repository's own config may name: not run just for looking.
  const argv = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.quotePath=false', ...args];
  return new Promise((resolve) => {
    execFile('git', argv, { cwd: root, encoding: 'buffer', maxBuffer: MAX_OUTPUT, timeout: 30_000 }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}

const lines = (out: Buffer | undefined): string => out?.toString('utf8').trim() ?? '';

/** undefined: use a plain walk of the folder instead. */
export async function gitState(root: string): Promise<GitState | undefined> {
  const listed = await git(root, ['ls-files', '-co', '--exclude-standard', '-z']);
  if (listed === undefined) return undefined;
  const files = [...new Set(listed.toString('utf8').split('\0'))].filter((name) => name !== '');
  // A project in a folder that an outer repository ignores: git has no view of it, the walk has.
  if (files.length === 0) return undefined;
  const [commit, branch, status, diff] = await Promise.all([
    git(root, ['rev-parse', '--verify', '-q', 'HEAD']),
    git(root, ['symbolic-ref', '--short', '-q', 'HEAD']),
    git(root, ['status', '--porcelain', '-z', '--untracked-files=normal', '--', '.']),
    git(root, ['diff', '--no-ext-diff', '--no-textconv', '--no-color', '--binary', 'HEAD', '--', '.']),
  ]);
  const head = lines(commit);
  const name = lines(branch);
  return {
    files,
    ...(head === '' ? {} : { commit: head }),
    ...(name === '' ? {} : { branch: name }),
    dirty: status === undefined || status.length > 0,
    diff: diff ?? new Uint8Array(),
  };
}
