import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEnvironmentPython } from './index.ts';

// Real installers, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const probe = resolve('python/probe.py');
const prove = resolve('python/prove.py');
const uv = spawnSync('uv', ['--version']).status === 0;
if (!uv) console.warn('NOT RUN: environments rebuilt by uv (uv is not on the PATH)');

const never = new AbortController().signal;
const limits = { timeoutMs: 60_000, signal: never };
const quiet = (): void => {};
let home: string;
let wheels: string;
let folder: string;

/** A wheel made here, so that the installers run for real and no network is needed. */
function makeWheel(name: string, body: string): void {
  const script = `
import sys, zipfile
name, body, folder = sys.argv[1:]
info = f"{name}-1.0.dist-info"
with zipfile.ZipFile(f"{folder}/{name}-1.0-py3-none-any.whl", "w") as z:
    z.writestr(f"{name}/__init__.py", body)
    z.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
    z.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr(f"{info}/top_level.txt", name + "\\n")
    z.writestr(f"{info}/RECORD", f"{name}/__init__.py,,\\n")
`;
  execFileSync('python3', ['-I', '-c', script, name, body, wheels]);
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mw-rebuild-'));
  wheels = join(home, 'wheels');
  mkdirSync(wheels);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(home, 'envs-'));
  makeWheel('mwhello', 'VERSION = "1.0"\n');
  makeWheel('mwbroken', 'import mw_nowhere\n');
  // The lock keeps no address: the index is what the machine is set up with.
  for (const name of ['UV_FIND_LINKS', 'PIP_FIND_LINKS']) vi.stubEnv(name, wheels);
  for (const name of ['UV_NO_INDEX', 'PIP_NO_INDEX', 'UV_NO_CACHE', 'PIP_NO_CACHE_DIR']) vi.stubEnv(name, '1');
});
afterEach(() => vi.unstubAllEnvs());

describe.each([{ installer: 'pip' as const }, ...(uv ? [{ installer: 'uv' as const }] : [])])(
  'rebuilt by $installer',
  ({ installer }) => {
    const builder = () => createEnvironmentPython({ folder, probe, installer });
    const locked = (...names: string[]) =>
      builder().build(
        {
          requirements: {
            name: 'requirements.txt',
            text: ['--no-index', `--find-links ${wheels}`, ...names].join('\n'),
          },
        },
        quiet,
        never,
      );
    const spec = (packages: readonly { readonly name: string; readonly version: string }[]) =>
      JSON.stringify({ packages, model: null, rows: null, sample: null });

    it('is installed from the lock in a folder of its own, runs without our secrets, and is gone afterwards', async () => {
      vi.stubEnv('MILLWRIGHT_TOKEN', 'secret-of-the-server');
      vi.stubEnv('PYTHONPATH', '/nowhere');
      const built = await locked('mwhello');
      const fresh = await builder().rebuild(built, quiet, never);
      expect(fresh.folder.startsWith(join(folder, 'proof-'))).toBe(true);
      expect(built.interpreter.startsWith(fresh.folder)).toBe(false);
      writeFileSync(
        join(fresh.folder, 'look.py'),
        'import os, mwhello, json; print(json.dumps([mwhello.__file__, sorted(os.environ)]))',
      );
      const looked = await fresh.run(join(fresh.folder, 'look.py'), [], limits);
      const [file, names] = JSON.parse(looked.stdout) as [string, string[]];
      expect(file.startsWith(fresh.folder)).toBe(true);
      expect(names).not.toContain('MILLWRIGHT_TOKEN');
      await fresh.write('spec.json', spec([{ name: 'mwhello', version: '1.0' }]));
      const ran = await fresh.run(prove, ['spec.json'], limits);
      expect(JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
        how: 'imports',
        packages: 1,
        imported: 1,
      });
      await fresh.remove();
      expect(existsSync(fresh.folder)).toBe(false);
      expect(existsSync(built.interpreter)).toBe(true);
    });

    it('refuses other bytes under the same version, and a lock without hashes; nothing is left', async () => {
      const built = await locked('mwhello');
      makeWheel('mwhello', 'VERSION = "swapped"\n');
      const before = readdirSync(folder);
      await expect(builder().rebuild(built, quiet, never)).rejects.toMatchObject({
        code: 'MW-ENV-BUILD',
        message: expect.stringMatching(/hash/i) as unknown,
      });
      await expect(
        builder().rebuild({ python: built.python, lock: 'mwhello==1.0\n' }, quiet, never),
      ).rejects.toMatchObject({
        code: 'MW-ENV-BUILD',
        message: expect.stringContaining('no hash for mwhello') as unknown,
      });
      expect(readdirSync(folder)).toEqual(before);
    });

    // What follows does not depend on the installer, and pip takes half a minute a turn.
    const once = it.skipIf(uv && installer === 'pip');
    once('names the module that cannot be imported, and the package that is another', async () => {
      const fresh = await builder().rebuild(await locked('mwbroken'), quiet, never);
      await fresh.write('spec.json', spec([{ name: 'mwbroken', version: '1.0' }]));
      const broken = await fresh.run(prove, ['spec.json'], limits);
      expect(broken.exitCode).not.toBe(0);
      expect(broken.lines.at(-1)).toContain('prove: mwbroken 1.0: import mwbroken failed: ModuleNotFoundError');
      await fresh.write('spec.json', spec([{ name: 'mwbroken', version: '2.0' }]));
      const other = await fresh.run(prove, ['spec.json'], limits);
      expect(other.lines.at(-1)).toBe('prove: mwbroken is 1.0, the lock says 2.0');
      await fresh.remove();
    });

    once('sweeps what a killed server left, and not what is in use', async () => {
      const own = builder();
      mkdirSync(join(folder, 'proof-left'));
      const fresh = await own.rebuild({ python: (await locked()).python, lock: '' }, quiet, never);
      await own.sweep();
      expect(existsSync(join(folder, 'proof-left'))).toBe(false);
      expect(existsSync(fresh.folder)).toBe(true);
      await fresh.remove();
    });
  },
);
