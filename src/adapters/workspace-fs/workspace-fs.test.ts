import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import { matchPath, parseGlob } from './glob.ts';
import { createWorkspaceFs } from './index.ts';

let root: string;
let outside: string;
/** Blobs of one test by digest; `puts` shows what was read again. */
let blobs: Map<string, Uint8Array>;
let puts: number;

function store(): ArtifactStore {
  const missing = (): never => {
    throw new Error('not used by the workspace');
  };
  return {
    async put(source) {
      const chunks: Uint8Array[] = [];
      if (source instanceof Uint8Array) chunks.push(source);
      else for await (const chunk of source) chunks.push(chunk);
      const all = Buffer.concat(chunks);
      const digest = `sha256:${createHash('sha256').update(all).digest('hex')}`;
      blobs.set(digest, all);
      puts += 1;
      return { digest, bytes: all.length };
    },
    stat: async (digest) => (blobs.has(digest) ? { digest, bytes: blobs.get(digest)?.length ?? 0 } : undefined),
    renew: async (digest) => (blobs.has(digest) ? { digest, bytes: blobs.get(digest)?.length ?? 0 } : undefined),
    bytes: async (digest) => blobs.get(digest) ?? missing(),
    putFile: missing,
    get: missing,
    materialize: missing,
    delete: missing,
    list: missing,
  };
}

function write(path: string, text: string | Uint8Array = path): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const git = (...args: string[]): void => {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: root, stdio: 'ignore' });
};
const workspace = () => createWorkspaceFs({ root, artifacts: store() });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mw-workspace-'));
  outside = mkdtempSync(join(tmpdir(), 'mw-outside-'));
  writeFileSync(join(outside, 'secret'), 'secret');
  blobs = new Map();
  puts = 0;
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
  rmSync(outside, { recursive: true, force: true });
});

describe('globs', () => {
  it.each([
    ['data/*.parquet', 'data/a.parquet', true],
    ['data/*.parquet', 'data/x/a.parquet', false],
    ['data/*.parquet', 'data/.hidden.parquet', false],
    ['data/**/*.csv', 'data/a.csv', true],
    ['data/**/*.csv', 'data/x/y/a.csv', true],
    ['**/*.csv', 'a.csv', true],
    ['data/**', 'data/x/y', true],
    ['data/**', 'other/x', false],
    ['data/{a,b{1,2}}.csv', 'data/b2.csv', true],
    ['data/{a,b}.csv', 'data/c.csv', false],
    ['data/part-?.csv', 'data/part-1.csv', true],
    ['data/part-?.csv', 'data/part-10.csv', false],
    ['a(b)[c].csv', 'a(b)[c].csv', true],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(matchPath(parseGlob(pattern), path)).toBe(expected);
  });

  it.each(['/etc/*', '../x', 'a/../../x', 'a\\b', '{a', 'a}', ''])('refuses %j', (pattern) => {
    expect(() => parseGlob(pattern)).toThrow(expect.objectContaining({ code: 'MW-PATH' }));
  });

  it('takes linear time for a pattern made to backtrack', () => {
    const started = performance.now();
    expect(matchPath(parseGlob(`${'*a'.repeat(200)}b`), 'a'.repeat(5_000))).toBe(false);
    expect(matchPath(parseGlob('**/'.repeat(100) + 'x'), 'a/'.repeat(200) + 'y')).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('snapshot', () => {
  it('walks a folder without git and leaves out what is not code', async () => {
    for (const path of [
      'train.py',
      'lib/features.py',
      '.venv/x.py',
      'node_modules/y.js',
      '__pycache__/t.pyc',
      '.millwright/db',
      'data/a.csv',
    ])
      write(path);
    write('big.bin', new Uint8Array(5 * 1024 * 1024 + 1));
    const code = await workspace().snapshot(['data/*.csv']);
    expect(code.files.map((file) => file.path)).toEqual(['lib/features.py', 'train.py']);
    expect(code.dirty).toBe(false);
    expect(code.commit).toBeUndefined();
    expect(Buffer.from(blobs.get(code.files[1]?.digest ?? '') ?? []).toString()).toBe('train.py');
  });

  it('takes what git would track, the commit, and the diff of a changed tree', async () => {
    git('init', '-q', '-b', 'main');
    write('.gitignore', 'out/\n');
    write('train.py', 'one\n');
    write('gone.py');
    git('add', '.');
    git('commit', '-q', '-m', 'first');
    const clean = await workspace().snapshot();
    expect(clean).toMatchObject({ dirty: false, branch: 'main' });
    expect(clean.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(clean.diffDigest).toBeUndefined();

    write('train.py', 'two\n');
    write('new file.py');
    write('out/model.bin');
    rmSync(join(root, 'gone.py'));
    const changed = await workspace().snapshot();
    expect(changed.files.map((file) => file.path)).toEqual(['.gitignore', 'new file.py', 'train.py']);
    expect(changed.dirty).toBe(true);
    expect(changed.digest).not.toBe(clean.digest);
    expect(Buffer.from(blobs.get(changed.diffDigest ?? '') ?? []).toString()).toContain('+two');
  });

  it('walks a project that an outer repository ignores', async () => {
    git('init', '-q');
    write('.gitignore', 'inner/\n');
    write('inner/train.py');
    const inner = createWorkspaceFs({ root: join(root, 'inner'), artifacts: store() });
    expect((await inner.snapshot()).files.map((file) => file.path)).toEqual(['train.py']);
  });

  it('refuses a link that leaves the project and follows one that stays', async () => {
    write('real.py');
    symlinkSync('real.py', join(root, 'alias.py'));
    expect((await workspace().snapshot()).files.map((file) => file.path)).toEqual(['alias.py', 'real.py']);
    symlinkSync(join(outside, 'secret'), join(root, 'leak.py'));
    await expect(workspace().snapshot()).rejects.toMatchObject({ code: 'MW-PATH', where: 'leak.py' });
  });

  it('says which folder to ignore when there are too many files', async () => {
    mkdirSync(join(root, 'cache'));
    for (let i = 0; i <= 2_000; i += 1) writeFileSync(join(root, 'cache', `${i}`), '');
    await expect(workspace().snapshot()).rejects.toMatchObject({ code: 'MW-CONFIG-FILE', where: 'cache/' });
  });
});

describe('data files', () => {
  it('are sorted, stored, and read once while unchanged', async () => {
    write('data/b.csv', 'b');
    write('data/a.csv', 'a');
    write('data/deep/c.csv', 'c');
    const old = new Date(Date.now() - 60_000);
    for (const name of ['a', 'b', 'deep/c']) utimesSync(join(root, `data/${name}.csv`), old, old);
    const space = workspace();
    const first = await space.dataFiles(['data/*.csv', 'data/a.csv']);
    expect(first.map((file) => file.path)).toEqual(['data/a.csv', 'data/b.csv']);
    expect(await space.dataFiles(['data/*.csv'])).toEqual(first);
    expect(puts).toBe(2);
    write('data/a.csv', 'A');
    expect((await space.dataFiles(['data/*.csv']))[0]?.digest).not.toBe(first[0]?.digest);
    blobs.clear();
    await space.dataFiles(['data/*.csv']);
    expect(blobs.size).toBe(2);
  });

  it('never leave the project', async () => {
    mkdirSync(join(root, 'data'));
    symlinkSync(outside, join(root, 'data', 'folder'));
    symlinkSync(join(outside, 'secret'), join(root, 'data', 'x.csv'));
    await expect(workspace().dataFiles(['data/*.csv'])).rejects.toMatchObject({ code: 'MW-PATH', where: 'data/x.csv' });
    await expect(workspace().dataFiles(['data/folder/*'])).rejects.toMatchObject({ code: 'MW-CONFIG-FILE' });
    await expect(workspace().dataFiles(['../*/secret'])).rejects.toMatchObject({ code: 'MW-PATH' });
  });

  it('missing: names the pattern', async () => {
    await expect(workspace().dataFiles(['nothing/*.csv'])).rejects.toMatchObject({
      code: 'MW-CONFIG-FILE',
      where: 'nothing/*.csv',
    });
  });
});

describe('reading', () => {
  it('reads text inside, nothing outside', async () => {
    write('requirements.txt', 'numpy\n');
    symlinkSync(join(outside, 'secret'), join(root, 'link'));
    const space = workspace();
    expect(await space.read('requirements.txt')).toBe('numpy\n');
    expect(await space.exists('requirements.txt')).toBe(true);
    expect(await space.exists('none')).toBe(false);
    for (const name of ['../x', '/etc/passwd', 'link', 'a\0b']) {
      await expect(space.read(name)).rejects.toMatchObject({ code: 'MW-PATH' });
    }
    await expect(space.read('none.txt')).rejects.toMatchObject({ code: 'MW-CONFIG-FILE' });
    await expect(space.file()).rejects.toMatchObject({ code: 'MW-CONFIG-MISSING', next: 'mw init' });
    write('millwright.yaml', 'project: x\n');
    expect(await space.file()).toBe('project: x\n');
  });
});
