/** Finds a Python that meets the project's constraint, and asks the interpreter itself who it is: a shim is no interpreter. */
import { realpath } from 'node:fs/promises';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { runCommand } from './command.ts';
import { candidates, parseConstraint, satisfies } from './python-version.ts';

const probeSchema = z.object({
  version: z.string(),
  implementation: z.string(),
  executable: z.string(),
  baseExecutable: z.string(),
  platform: z.string(),
  libc: z.string(),
  freeThreaded: z.boolean(),
  pip: z.string().nullable(),
  packages: z.array(z.object({ name: z.string(), version: z.string() })).optional(),
});

type Probe = z.infer<typeof probeSchema>;

export interface Python {
  readonly executable: string;
  readonly version: string;
  /** `CPython linux-x86_64 glibc 2.36`: with the version, what decides which wheels fit. */
  readonly platform: string;
  /** Of the bundled pip; undefined when the interpreter cannot make virtual environments. */
  readonly pip: string | undefined;
}

/** undefined: not a working Python. */
export async function probePython(
  program: string,
  probe: string,
  cwd: string,
  packages = false,
): Promise<Probe | undefined> {
  const args = ['-I', probe, ...(packages ? ['packages'] : [])];
  const run = await runCommand([program, ...args], { cwd, timeoutMs: 20_000 });
  if (run.exitCode !== 0) return undefined;
  try {
    return probeSchema.parse(JSON.parse(run.stdout));
  } catch {
    return undefined;
  }
}

function describe(found: Probe, executable: string): Python {
  const flavour = found.freeThreaded ? `${found.implementation}t` : found.implementation;
  return {
    executable,
    version: found.version,
    platform: [flavour, found.platform, found.libc].filter((part) => part !== '').join(' '),
    pip: found.pip ?? undefined,
  };
}

/** The names on PATH, then what uv has installed beside it. */
async function* programs(
  parts: ReturnType<typeof parseConstraint>,
  constraint: string | undefined,
  cwd: string,
): AsyncIterable<string> {
  yield* candidates(parts);
  const argv = ['uv', '--no-python-downloads', 'python', 'find', '--no-project', constraint ?? '>=3.9'];
  const managed = (await runCommand(argv, { cwd, timeoutMs: 20_000 })).stdout.trim();
  if (managed.startsWith('/')) yield managed;
}

/**
 * Tries the names on PATH in turn. The answer is the interpreter behind shims and virtual environments: one made from a
 * venv's python would break with that venv. Throws MW-ENV-NO-PYTHON with what was found instead.
 */
export async function findPython(constraint: string | undefined, probe: string, cwd: string): Promise<Python> {
  const parts = parseConstraint(constraint);
  const others = new Set<string>();
  for await (const name of programs(parts, constraint, cwd)) {
    const found = await probePython(name, probe, cwd);
    if (found === undefined) continue;
    if (!satisfies(found.version, parts)) {
      others.add(found.version);
      continue;
    }
    return describe(found, await realpath(found.baseExecutable || found.executable));
  }
  const wanted = constraint ?? '>=3.9';
  const seen =
    others.size === 0 ? 'no working Python is on the PATH' : `only Python ${[...others].join(', ')} is on the PATH`;
  const series = /\d+\.\d+/.exec(wanted)?.[0] ?? '3.12';
  throw new MillwrightError('MW-ENV-NO-PYTHON', `the project needs Python ${wanted}, but ${seen}`, {
    where: 'environment.python',
    next:
      process.platform === 'darwin'
        ? `brew install python@${series}`
        : `install it (sudo apt-get install python3 python3-venv, or: uv python install ${series}), then start the run again`,
  });
}
