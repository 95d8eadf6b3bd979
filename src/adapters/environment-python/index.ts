/** Locks and builds Python environments under the home, once for each set of requirements. */
import { createHash } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { HostFacts } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { bytesBelow } from '../../platform/folder-size.ts';
import type {
  BuildRequest,
  BuiltEnvironment,
  EnvironmentBuilder,
  EnvironmentRebuilder,
} from '../../ports/environment-builder.ts';
import { completeFolder, type Complete, readComplete, startFolder } from './build-folder.ts';
import { createRebuilder } from './rebuild.ts';
import { findPython, type Python, probePython } from './find-python.ts';
import { readHostFacts } from './host-facts.ts';
import { hasUv, installWithPip, installWithUv, type Job, layRequirements } from './installers.ts';

/** Raised when the way of building changes so that an older folder would not be what a new build gives. */
const FORMAT = 1;

const sha256 = (parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** What is known before anything is resolved: equal keys share a folder, and no network is needed to know it. */
function keyOf(python: Python, requirements: BuildRequest['requirements']): string {
  const { name, text, beside } = requirements ?? {};
  return sha256([FORMAT, python.version, python.platform, name, text, beside?.text]).slice(0, 16);
}

export interface EnvironmentPythonOptions {
  /** `<home>/envs` */
  readonly folder: string;
  /** Path of `python/probe.py`. */
  readonly probe: string;
  /** Which installer: default uv where it is on the PATH. */
  readonly installer?: 'uv' | 'pip';
}

export function createEnvironmentPython(options: EnvironmentPythonOptions): EnvironmentBuilder & EnvironmentRebuilder {
  /** Builds under way by folder. One server owns a home (its lock), so waiting inside the process is enough. */
  const running = new Map<string, Promise<Complete>>();
  let facts: Promise<HostFacts> | undefined;
  const host = (): Promise<HostFacts> => (facts ??= readHostFacts());

  /** A whole folder whose interpreter still runs: the Python that it was made from may have been uninstalled. */
  async function usable(folder: string): Promise<Complete | undefined> {
    const complete = await readComplete(folder);
    if (complete === undefined) return undefined;
    const probe = await probePython(complete.interpreter, options.probe, options.folder);
    return probe?.version === complete.python ? complete : undefined;
  }

  async function install(keyFolder: string, request: Omit<Job, 'folder'>): Promise<Complete> {
    try {
      const job: Job = { ...request, folder: await startFolder(keyFolder) };
      await layRequirements(job);
      const installer = options.installer ?? ((await hasUv(job.folder)) ? 'uv' : 'pip');
      const { lock, packages } = await (installer === 'uv' ? installWithUv(job) : installWithPip(job));
      const { version, platform } = job.python;
      const complete: Complete = {
        digest: `sha256:${sha256([version, platform, lock])}`,
        python: version,
        platform,
        // Not resolved further: behind the link `.venv/bin/python` the interpreter would not find the venv's packages.
        interpreter: join(job.folder, '.venv', 'bin', 'python'),
        installer,
        lock,
        packages: packages.map((item) => ({ ...item, hashes: [...item.hashes] })),
      };
      await completeFolder(keyFolder, complete);
      return complete;
    } catch (error) {
      await rm(keyFolder, { recursive: true, force: true, maxRetries: 5 });
      throw error;
    }
  }

  /** Waits for a build that another caller started, but not beyond the own signal. */
  function waitFor(build: Promise<Complete>, signal: AbortSignal): Promise<Complete> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(new MillwrightError('MW-CANCELLED', 'the environment build was cancelled'));
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      build.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  async function ensure(folder: string, job: Omit<Job, 'folder'>): Promise<{ complete: Complete; reused: boolean }> {
    for (;;) {
      const other = running.get(folder);
      if (other === undefined) break;
      try {
        return { complete: await waitFor(other, job.signal), reused: true };
      } catch (error) {
        // The other caller gave up; this one has not.
        const theirs = error instanceof MillwrightError && error.code === 'MW-CANCELLED' && !job.signal.aborted;
        if (!theirs) throw error;
      }
    }
    let reused = true;
    const build = (async () => {
      const found = await usable(folder);
      if (found !== undefined) return found;
      reused = false;
      return install(folder, job);
    })();
    running.set(folder, build);
    try {
      return { complete: await build, reused };
    } finally {
      running.delete(folder);
    }
  }

  return {
    ...createRebuilder(options),
    host,
    async remove(interpreter) {
      const home = await realpath(options.folder).catch(() => options.folder);
      const [key = '', ...inside] = relative(home, interpreter).split(sep);
      const folder = join(home, key);
      // The path comes from a record: only what this builder made, by the form of its names, is ever removed.
      if (!/^[0-9a-f]{16}$/.test(key) || inside.length === 0 || running.has(folder)) return 0;
      const bytes = await bytesBelow(folder);
      await rm(folder, { recursive: true, force: true });
      return bytes;
    },
    async build(request, progress, signal): Promise<BuiltEnvironment> {
      await mkdir(options.folder, { recursive: true });
      const home = await realpath(options.folder);
      const python = await findPython(request.python, options.probe, home);
      const folder = join(home, keyOf(python, request.requirements));
      const { probe } = options;
      const { complete, reused } = await ensure(folder, {
        python,
        requirements: request.requirements,
        probe,
        progress,
        signal,
      });
      const { digest, interpreter, installer, lock, packages } = complete;
      if (reused) progress(`reusing the environment with Python ${complete.python} and ${packages.length} packages`);
      return { digest, python: complete.python, interpreter, installer, lock, packages, host: await host(), reused };
    },
  };
}
