/** The unmodified client in a virtual environment of its own, made once and kept by the text of its requirements. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIBRARIES = ['scikit-learn', 'pandas', 'psutil'];
/** The newest client. */
export const REQUIREMENTS = ['mlflow==3.17.2', ...LIBRARIES, 'lightgbm'];
/** The last of the second major version: many teams have it. */
export const LAST_2 = ['mlflow==2.22.5', ...LIBRARIES];
const INSTALL_MS = 600_000;

async function works(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, [...args]).then(
    () => true,
    () => false,
  );
}

async function findPython(): Promise<string | undefined> {
  const check = 'import sys, venv; sys.exit(0 if sys.version_info >= (3, 10) else 1)';
  for (const name of ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10']) {
    if (await works(name, ['-c', check])) return name;
  }
  return undefined;
}

/** Path of the interpreter, or why there is none. */
export async function pythonWithMlflow(
  requirements: readonly string[] = REQUIREMENTS,
): Promise<{ readonly python: string } | { readonly missing: string }> {
  const key = createHash('sha256').update(requirements.join('\n')).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `millwright-mlflow-${key}`);
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (existsSync(join(folder, 'ready'))) return { python };
  const base = await findPython();
  if (base === undefined) return { missing: 'no Python 3.10 or newer with venv on the PATH' };
  // Two test runs may build at once: a lock folder is made by exactly one of them.
  const lock = `${folder}.lock`;
  const mine = await mkdir(lock).then(
    () => true,
    () => false,
  );
  if (!mine) return waitFor(folder, python, lock);
  try {
    await rm(folder, { recursive: true, force: true });
    const options = { timeout: INSTALL_MS, maxBuffer: 64 * 1024 * 1024 };
    if (await works('uv', ['--version'])) {
      await run('uv', ['venv', '--python', base, folder], options);
      await run('uv', ['pip', 'install', '--python', python, ...requirements], options);
    } else {
      await run(base, ['-m', 'venv', folder], options);
      await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '-q', ...requirements], options);
    }
    await writeFile(join(folder, 'ready.tmp'), '');
    await rename(join(folder, 'ready.tmp'), join(folder, 'ready'));
    return { python };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { missing: `the client could not be installed: ${text.slice(-500)}` };
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function waitFor(
  folder: string,
  python: string,
  lock: string,
): Promise<{ python: string } | { missing: string }> {
  for (let waited = 0; waited < INSTALL_MS; waited += 1000) {
    if (existsSync(join(folder, 'ready'))) return { python };
    if (!existsSync(lock)) break;
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
  }
  return existsSync(join(folder, 'ready'))
    ? { python }
    : { missing: `another run was installing the client and did not finish; delete ${lock} and try again` };
}
