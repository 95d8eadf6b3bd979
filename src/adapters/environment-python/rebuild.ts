/** Builds an environment anew from its lock, for a proof: nothing of the built ones is used, and nothing stays. */
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import { inheritedEnvironment } from '../../platform/config.ts';
import type { EnvironmentRebuilder, FreshEnvironment } from '../../ports/environment-builder.ts';
import { runCommand } from './command.ts';
import { findPython } from './find-python.ts';
import { hasUv } from './installers.ts';
import { parseLock } from './requirement-lines.ts';

const PREFIX = 'proof-';
const TAIL = 15;
/** What a program needs to run; everything else may hold a secret. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];

function plainEnvironment(): Record<string, string> {
  const mine = inheritedEnvironment();
  return Object.fromEntries(PASSED_ON.flatMap((name) => (mine[name] === undefined ? [] : [[name, mine[name]]])));
}

export interface RebuildOptions {
  /** `<home>/envs` */
  readonly folder: string;
  /** Path of `python/probe.py`. */
  readonly probe: string;
  readonly installer?: 'uv' | 'pip';
}

async function must(
  argv: readonly string[],
  doing: string,
  at: { readonly cwd: string; readonly signal: AbortSignal; readonly onLine: (line: string) => void },
): Promise<void> {
  const run = await runCommand(argv, at);
  if (run.exitCode === 0) return;
  const tail = run.lines.slice(-TAIL).join('\n');
  throw new MillwrightError('MW-ENV-BUILD', `the environment cannot be built again: ${doing} failed\n${tail}`, {
    next: 'a package of the lock is gone from the index or has other bytes now: train again with packages that are there',
  });
}

export function createRebuilder(options: RebuildOptions): EnvironmentRebuilder {
  const folders = new Set<string>();

  async function install(
    folder: string,
    { python: version, lock }: { readonly python: string; readonly lock: string },
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const at = { cwd: folder, signal, onLine };
    const python = await findPython(version, options.probe, folder);
    const interpreter = join(folder, '.venv', 'bin', 'python');
    const packages = parseLock(lock);
    const bare = packages.find((one) => one.hashes.length === 0);
    if (bare !== undefined) {
      throw new MillwrightError('MW-ENV-BUILD', `the lock has no hash for ${bare.name} ${bare.version}`, {
        next: 'train again: a new lock has the hashes of all its packages',
      });
    }
    await writeFile(join(folder, 'lock.txt'), lock);
    const uv = (options.installer ?? ((await hasUv(folder)) ? 'uv' : 'pip')) === 'uv';
    if (uv) {
      const base = ['uv', '--no-progress', '--no-python-downloads', '--color', 'never'];
      await must([...base, 'venv', '--python', python.executable, '.venv'], 'uv venv', at);
      const sync = ['pip', 'sync', '--require-hashes', '--python', interpreter, 'lock.txt'];
      if (packages.length > 0) await must([...base, ...sync], 'installing the lock', at);
      return interpreter;
    }
    await must([python.executable, '-I', '-m', 'venv', '.venv'], 'python -m venv', at);
    const pip = [interpreter, '-I', '-m', 'pip', '--disable-pip-version-check', '--no-input', '--no-color', 'install'];
    const exact = ['--progress-bar', 'off', '--no-deps', '--require-hashes', '-r', 'lock.txt'];
    if (packages.length > 0) await must([...pip, ...exact], 'installing the lock', at);
    return interpreter;
  }

  return {
    async rebuild(lock, progress, signal): Promise<FreshEnvironment> {
      await mkdir(options.folder, { recursive: true });
      const folder = await mkdtemp(join(await realpath(options.folder), PREFIX));
      folders.add(folder);
      const remove = async (): Promise<void> => {
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
        folders.delete(folder);
      };
      try {
        const interpreter = await install(folder, lock, progress, signal);
        return {
          folder,
          // Isolated: no user site, no PYTHONPATH; what is imported is what the lock installed.
          run: (program, args, { timeoutMs, signal: until }) =>
            runCommand([interpreter, '-I', program, ...args], {
              cwd: folder,
              timeoutMs,
              signal: until,
              onLine: progress,
              env: plainEnvironment(),
            }),
          write: (name, text) => writeFile(join(folder, name), text),
          remove,
        };
      } catch (error) {
        await remove();
        throw error;
      }
    },
    async sweep() {
      const names = await readdir(options.folder).catch(() => []);
      for (const name of names) {
        const path = join(options.folder, name);
        if (name.startsWith(PREFIX) && !folders.has(path))
          await rm(path, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  };
}
