/** Fill a folder's `.venv` from requirements, by uv where it is on the PATH, else by the standard library's venv and pip. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LockedPackage } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { BuildRequest } from '../../ports/environment-builder.ts';
import { runCommand } from './command.ts';
import { type Python, probePython } from './find-python.ts';
import { blamed, normalName, parseLock, refuseLocal, writeLock } from './requirement-lines.ts';

export interface Job {
  readonly folder: string;
  readonly python: Python;
  readonly requirements: BuildRequest['requirements'];
  readonly probe: string;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Installed {
  readonly lock: string;
  readonly packages: readonly LockedPackage[];
}

const TAIL = 15;
/** pip's first release whose `--report` says which file was installed, with its hash. */
const REPORTING_PIP = [22, 2] as const;

/** Runs one installer command. Throws MW-ENV-BUILD with its last lines, MW-DISK-FULL when that is what they say. */
async function must(job: Job, argv: readonly string[], doing: string, next: string): Promise<string> {
  const run = await runCommand(argv, { cwd: job.folder, signal: job.signal, onLine: job.progress });
  if (run.exitCode === 0) return run.stdout;
  const tail = run.lines.slice(-TAIL).join('\n');
  if (/No space left on device|Errno 28/.test(tail)) {
    throw new MillwrightError('MW-DISK-FULL', `the disk is full: ${doing} needs more room in ${job.folder}`, {
      next: 'free some space, then start the run again',
    });
  }
  const { requirement, where } = blamed(
    job.requirements?.name ?? 'environment',
    job.requirements?.text ?? '',
    run.lines,
  );
  const what = requirement === undefined ? doing : `${doing}, at the requirement "${requirement}"`;
  throw new MillwrightError('MW-ENV-BUILD', `the environment was not built: ${what} failed\n${tail}`, { where, next });
}

const pythonOf = (job: Job): string => join(job.folder, '.venv', 'bin', 'python');
const VENV = 'sudo apt-get install python3-venv, or: python3 -m pip install uv';
const CORRECT = 'correct the requirement, then start the run again';

async function seeds(job: Job, locked: readonly LockedPackage[]): Promise<readonly LockedPackage[]> {
  const probe = await probePython(pythonOf(job), job.probe, job.folder, true);
  const known = new Set(locked.map((item) => item.name));
  const rest = (probe?.packages ?? []).filter((item) => !known.has(normalName(item.name)));
  return rest.map((item) => ({ name: normalName(item.name), version: item.version, hashes: [] }));
}

async function finish(job: Job, lock: string): Promise<Installed> {
  await writeFile(join(job.folder, 'lock.txt'), lock);
  const locked = parseLock(lock);
  return { lock, packages: [...locked, ...(await seeds(job, locked))].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

export async function hasUv(cwd: string): Promise<boolean> {
  return (await runCommand(['uv', '--version'], { cwd, timeoutMs: 10_000 })).exitCode === 0;
}

/** Locks with hashes of every distribution that may be installed, then installs exactly that. */
export async function installWithUv(job: Job): Promise<Installed> {
  const base = ['uv', '--no-progress', '--no-python-downloads', '--color', 'never'];
  const { requirements } = job;
  if (requirements?.name === 'uv.lock') {
    await must(
      job,
      [...base, 'sync', '--frozen', '--no-install-project', '--python', job.python.executable],
      'uv sync',
      'uv lock',
    );
    const exported = await must(
      { ...job, progress: () => {} },
      [
        ...base,
        'export',
        '--frozen',
        '--no-emit-project',
        '--no-header',
        '--no-annotate',
        '--format',
        'requirements-txt',
      ],
      'uv export',
      'uv lock',
    );
    return finish(job, exported);
  }
  await must(job, [...base, 'venv', '--python', job.python.executable, '.venv'], 'uv venv', CORRECT);
  if (requirements === undefined) return finish(job, '');
  const compile = [
    'pip',
    'compile',
    '--generate-hashes',
    '--no-header',
    '--no-annotate',
    '--quiet',
    '--python',
    pythonOf(job),
    '-o',
    'lock.txt',
    requirements.name,
  ];
  job.progress(`locking ${requirements.name} with uv`);
  await must(job, [...base, ...compile], 'locking', CORRECT);
  const lock = await readFile(join(job.folder, 'lock.txt'), 'utf8');
  if (parseLock(lock).length > 0) {
    // Index options go to the installer but not into the lock: their addresses may carry passwords.
    const indexes = requirements.text.split('\n').filter((line) => line.trim().startsWith('--'));
    await writeFile(join(job.folder, 'install.txt'), [...indexes, lock].join('\n'));
    await must(
      job,
      [...base, 'pip', 'sync', '--compile-bytecode', '--require-hashes', '--python', pythonOf(job), 'install.txt'],
      'installing',
      CORRECT,
    );
  }
  return finish(job, lock);
}

const reportSchema = z.object({
  install: z.array(
    z.object({
      metadata: z.object({ name: z.string(), version: z.string() }),
      download_info: z.object({
        archive_info: z
          .object({ hash: z.string().optional(), hashes: z.record(z.string(), z.string()).optional() })
          .optional(),
      }),
    }),
  ),
});

function lockOf(report: unknown): string {
  const items = reportSchema.parse(report).install.map(({ metadata, download_info }) => {
    const archive = download_info.archive_info;
    const sha256 = archive?.hashes?.['sha256'] ?? archive?.hash?.replace(/^sha256=/, '');
    return {
      name: normalName(metadata.name),
      version: metadata.version,
      hashes: sha256 === undefined ? [] : [`sha256:${sha256}`],
    };
  });
  return writeLock(items);
}

/** pip has no locker: it installs, and its report of what it took, with the hash of each file, becomes the lock. */
export async function installWithPip(job: Job): Promise<Installed> {
  const { python, requirements } = job;
  if (requirements !== undefined && !requirements.name.endsWith('.txt')) {
    throw new MillwrightError('MW-ENV-BUILD', `${requirements.name} needs uv, which is not on the PATH`, {
      where: requirements.name,
      next: 'python3 -m pip install uv, or name a requirements.txt in millwright.yaml',
    });
  }
  job.progress(`making a virtual environment with Python ${python.version}`);
  const venv = [python.executable, '-I', '-m', 'venv', '.venv'];
  const empty = requirements === undefined || !requirements.text.split('\n').some((line) => /^\s*[^\s#]/.test(line));
  if (empty) {
    await must(job, [...venv, '--without-pip'], 'python -m venv', VENV);
    return finish(job, '');
  }
  if (python.pip === undefined) {
    const message = `Python ${python.version} (${python.executable}) was installed without venv and pip`;
    throw new MillwrightError('MW-ENV-BUILD', message, { where: 'environment.python', next: VENV });
  }
  await must(job, venv, 'python -m venv', VENV);
  const pip = [pythonOf(job), '-I', '-m', 'pip', '--disable-pip-version-check', '--no-input', '--no-color'];
  const [major = 0, minor = 0] = python.pip.split('.').map(Number);
  if (major < REPORTING_PIP[0] || (major === REPORTING_PIP[0] && minor < REPORTING_PIP[1])) {
    await must(job, [...pip, 'install', '--progress-bar', 'off', '--upgrade', 'pip>=23,<27'], 'upgrading pip', CORRECT);
  }
  const install = ['install', '--progress-bar', 'off', '--report', 'report.json', '-r', requirements.name];
  await must(job, [...pip, ...install], 'pip install', CORRECT);
  return finish(job, lockOf(JSON.parse(await readFile(join(job.folder, 'report.json'), 'utf8'))));
}

/** Lays the requirement files into the folder. Throws MW-ENV-BUILD for what could not be built again. */
export async function layRequirements(job: Job): Promise<void> {
  const { requirements } = job;
  if (requirements === undefined) return;
  if (requirements.name.endsWith('.txt')) refuseLocal(requirements.name, requirements.text);
  if (requirements.name === 'uv.lock' && requirements.beside?.name !== 'pyproject.toml') {
    throw new MillwrightError('MW-ENV-BUILD', 'uv.lock needs the pyproject.toml beside it', {
      where: 'uv.lock',
      next: 'uv init --bare',
    });
  }
  await writeFile(join(job.folder, requirements.name), requirements.text);
  if (requirements.beside !== undefined)
    await writeFile(join(job.folder, requirements.beside.name), requirements.beside.text);
}
