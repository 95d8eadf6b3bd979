import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEnvironmentPython } from './index.ts';
import { parseConstraint, satisfies } from './python-version.ts';
import { blamed, parseLock, refuseLocal, writeLock } from './requirement-lines.ts';

// Real installers, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const probe = resolve('python/probe.py');
const uv = spawnSync('uv', ['--version']).status === 0;
if (!uv) console.warn('NOT RUN: environments built by uv (uv is not on the PATH)');

let home: string;
let wheels: string;
let folder: string;
let lines: string[];
const progress = (line: string): void => {
  lines.push(line);
};
const never = new AbortController().signal;

/** A wheel made here, so that the installers run for real and no network is needed. */
function makeWheel(name: string, version: string, requires: readonly string[] = []): void {
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    ...requires.map((r) => `Requires-Dist: ${r}`),
    '',
  ].join('\n');
  const script = `
import sys, zipfile
name, version, metadata, folder = sys.argv[1:]
info = f"{name}-{version}.dist-info"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as z:
    z.writestr(f"{name}/__init__.py", f"VERSION = '{version}'\\n")
    z.writestr(f"{info}/METADATA", metadata)
    z.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr(f"{info}/RECORD", "")
`;
  execFileSync('python3', ['-I', '-c', script, name, version, metadata, wheels]);
}

const requirements = (...wanted: string[]) => ({
  name: 'requirements.txt',
  text: ['--no-index', `--find-links ${wheels}`, ...wanted, ''].join('\n'),
});

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mw-env-'));
  wheels = join(home, 'wheels');
  mkdirSync(wheels);
  makeWheel('mwhello', '1.0');
  makeWheel('mwhello', '2.0');
  makeWheel('mwuser', '1.0', ['mwhello<2']);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(home, 'envs-'));
  lines = [];
});

describe.each([{ installer: 'pip' as const }, ...(uv ? [{ installer: 'uv' as const }] : [])])(
  'built by $installer',
  ({ installer }) => {
    it('installs, locks with hashes, and is reused without the installer', async () => {
      const builder = createEnvironmentPython({ folder, probe, installer });
      const built = await builder.build({ requirements: requirements('mwuser') }, progress, never);
      expect(built).toMatchObject({ installer, reused: false });
      const user = built.packages.find((item) => item.name === 'mwuser');
      expect(built.packages.find((item) => item.name === 'mwhello')?.version).toBe('1.0');
      expect(user?.hashes[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(built.lock).toContain('mwhello==1.0 \\\n    --hash=sha256:');
      expect(lines.length).toBeGreaterThan(0);
      expect(
        execFileSync(built.interpreter, ['-c', 'import mwuser, mwhello; print(mwhello.VERSION)'], { encoding: 'utf8' }),
      ).toBe('1.0\n');

      lines = [];
      const again = await createEnvironmentPython({ folder, probe }).build(
        { requirements: requirements('mwuser') },
        progress,
        never,
      );
      expect(again).toEqual({ ...built, reused: true });
      expect(lines).toEqual([expect.stringContaining('reusing')]);

      const other = await builder.build({ requirements: requirements('mwhello') }, progress, never);
      expect(other.digest).not.toBe(built.digest);
      expect(other.interpreter).not.toBe(built.interpreter);
    });

    it("says which requirement failed, its line, the installer's words, and leaves nothing behind", async () => {
      const builder = createEnvironmentPython({ folder, probe, installer });
      const failed = await builder
        .build({ requirements: requirements('mwhello', 'mw-absent>=3') }, progress, never)
        .catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'MW-ENV-BUILD', where: 'requirements.txt:4' });
      expect(String(failed)).toContain('at the requirement "mw-absent');
      expect(readdirSync(folder)).toEqual([]);
    });
  },
);

it('builds once for two callers, and the second goes on when the first gives up', async () => {
  const builder = createEnvironmentPython({ folder, probe, installer: 'pip' });
  const request = { requirements: requirements('mwhello') };
  const [a, b] = await Promise.all([builder.build(request, progress, never), builder.build(request, progress, never)]);
  expect(new Set([a.reused, b.reused])).toEqual(new Set([false, true]));
  expect(lines.filter((line) => line.startsWith('making a virtual'))).toHaveLength(1);

  const first = new AbortController();
  const next = { requirements: requirements('mwhello==2.0') };
  let kept = builder.host().then(() => a);
  const cancelled = builder.build(
    next,
    (line) => {
      if (!line.startsWith('making')) return;
      kept = builder.build(next, progress, never);
      setTimeout(() => first.abort(), 500);
    },
    first.signal,
  );
  await expect(cancelled).rejects.toMatchObject({ code: 'MW-CANCELLED' });
  expect((await kept).packages.find((item) => item.name === 'mwhello')?.version).toBe('2.0');
});

it('builds again what a crash left half, and what lost its Python', async () => {
  const builder = createEnvironmentPython({ folder, probe, installer: 'pip' });
  const built = await builder.build({}, progress, never);
  expect(built.lock).toBe('');
  const own = resolve(built.interpreter, '../../../..');
  rmSync(join(own, 'complete.json'));
  writeFileSync(join(own, 'rest'), '');
  const second = await builder.build({}, progress, never);
  expect(second.reused).toBe(false);
  expect(second.interpreter).not.toBe(built.interpreter);
  expect(readdirSync(own)).toHaveLength(2);
  rmSync(second.interpreter);
  const third = await builder.build({}, progress, never);
  expect(third.reused).toBe(false);
  expect(existsSync(third.interpreter)).toBe(true);
});

it('removes what it built and nothing else', async () => {
  const builder = createEnvironmentPython({ folder, probe, installer: 'pip' });
  const built = await builder.build({}, progress, never);
  for (const path of [
    '/usr/bin/python3',
    join(folder, '..', 'x', 'y'),
    join(folder, 'notes', 'bin', 'python'),
    folder,
  ]) {
    expect(await builder.remove(path)).toBe(0);
  }
  expect(existsSync(built.interpreter)).toBe(true);
  expect(await builder.remove(built.interpreter)).toBeGreaterThan(0);
  expect(existsSync(built.interpreter)).toBe(false);
  expect((await builder.build({}, progress, never)).reused).toBe(false);
});

it('says what to do without the Python that is asked for', async () => {
  const builder = createEnvironmentPython({ folder, probe });
  await expect(builder.build({ python: '3.2' }, progress, never)).rejects.toMatchObject({
    code: 'MW-ENV-NO-PYTHON',
    message: expect.stringContaining('3.2'),
    next: expect.stringContaining('3.2'),
  });
  await expect(builder.build({ python: 'three' }, progress, never)).rejects.toMatchObject({ code: 'MW-CONFIG-VALUE' });
});

it('needs uv for a uv.lock', async () => {
  const builder = createEnvironmentPython({ folder, probe, installer: 'pip' });
  const request = { requirements: { name: 'uv.lock', text: '', beside: { name: 'pyproject.toml', text: '' } } };
  await expect(builder.build(request, progress, never)).rejects.toMatchObject({
    code: 'MW-ENV-BUILD',
    next: expect.stringContaining('uv'),
  });
});

it('reads this machine', async () => {
  const host = await createEnvironmentPython({ folder, probe }).host();
  expect(host.cores).toBeGreaterThan(0);
  expect(host.memoryBytes).toBeGreaterThan(1e8);
  if (process.platform === 'linux') {
    expect(host.libc).toMatch(/^(glibc|musl) \d/);
    expect(host.cpuFlags.length).toBeGreaterThan(0);
  }
});

it.each([
  ['3.11.7', '3.11', true],
  ['3.11.7', '3.1', false],
  ['3.11.7', '>=3.9', true],
  ['3.11.7', '>=3.9,<3.11', false],
  ['3.11.7', '>3.11', false],
  ['3.11.7', '==3.11.*', true],
  ['3.11.7', '~=3.10', true],
  ['4.0.0', '~=3.10', false],
  ['3.11.7', '!=3.11', false],
  ['3.8.1', undefined, false],
])('Python %s for %s: %s', (version, constraint, expected) => {
  expect(satisfies(version, parseConstraint(constraint))).toBe(expected);
});

it('locks are read as they are written, and local requirements are refused', () => {
  const packages = [
    { name: 'a-b', version: '1.0', hashes: [`sha256:${'0'.repeat(64)}`, `sha256:${'1'.repeat(64)}`] },
    { name: 'c', version: '2', hashes: [] },
  ];
  expect(parseLock(writeLock(packages))).toEqual(packages);
  for (const line of ['-e .', '-r other.txt', './local', 'x @ file:///tmp/x', '../up']) {
    expect(() => refuseLocal('requirements.txt', `numpy\n${line}\n`)).toThrow(
      expect.objectContaining({ where: 'requirements.txt:2' }),
    );
  }
  refuseLocal('requirements.txt', 'numpy>=2\nx @ git+https://example.org/x\n');
  expect(
    blamed('r.txt', '# c\nScikit_Learn==9\n', ['ERROR: No matching distribution found for scikit-learn==9']),
  ).toEqual({
    requirement: 'scikit-learn==9',
    where: 'r.txt:2',
  });
});
