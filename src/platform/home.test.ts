import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHome, prepareHome } from './home.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mw-home-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** A process that holds the home until it is killed. */
async function holder(): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const code = `
    const { lockHome } = await import(${JSON.stringify(new URL('./home.ts', import.meta.url).href)});
    try { await lockHome(${JSON.stringify(home)}); console.log('held'); } catch (error) { console.log(error.code); process.exit(0); }
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  if (line.trim() !== 'held') throw new Error(line);
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('the home', () => {
  it('is private to its owner', async () => {
    const deep = join(home, 'a', 'b');
    await prepareHome(deep, ['blobs', 'tmp']);
    expect((await stat(deep)).mode & 0o777).toBe(0o700);
    expect((await readdir(deep)).toSorted()).toEqual(['blobs', 'tmp']);
    await prepareHome(deep, ['blobs']);
  });

  it('that cannot be made is refused with a way out', async () => {
    await writeFile(join(home, 'file'), '');
    await expect(prepareHome(join(home, 'file', 'x'))).rejects.toMatchObject({
      code: 'MW-USAGE',
      next: expect.stringContaining('--home'),
    });
  });

  it('is of one server at a time: the other is named', async () => {
    const other = await holder();
    try {
      await expect(lockHome(home)).rejects.toMatchObject({
        code: 'MW-HOME-IN-USE',
        message: expect.stringContaining(`pid ${other.pid}`),
        next: expect.stringContaining(`kill ${other.pid}`),
      });
    } finally {
      await other.kill();
    }
    // kill -9 left the lock file behind; its owner is gone.
    const lock = await lockHome(home);
    expect(JSON.parse(await readFile(join(home, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
    expect(await readdir(home)).toEqual([]);
  });

  it('is not of a later process that happens to have the pid of the dead owner', async () => {
    await writeFile(
      join(home, 'lock'),
      JSON.stringify({ pid: process.ppid, host: hostname(), startedAt: 'long ago', nonce: 'x' }),
    );
    await (await lockHome(home)).release();
  });

  it.each(['', 'garbage', '{"pid":"1"}', '[]', 'null'])('with a broken lock file %j is taken over', async (text) => {
    await writeFile(join(home, 'lock'), text);
    const lock = await lockHome(home);
    await expect(lockHome(home)).rejects.toMatchObject({ code: 'MW-HOME-IN-USE' });
    await lock.release();
  });

  it('held on another machine is respected while its lock is fresh', async () => {
    const path = join(home, 'lock');
    await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', startedAt: '', nonce: 'x' }));
    await expect(lockHome(home)).rejects.toMatchObject({
      code: 'MW-HOME-IN-USE',
      message: expect.stringContaining('elsewhere'),
    });
    const old = new Date(Date.now() - 120_000);
    await utimes(path, old, old);
    await (await lockHome(home)).release();
  });

  it('a release after somebody else took it leaves theirs', async () => {
    const lock = await lockHome(home);
    await writeFile(join(home, 'lock'), 'theirs');
    await lock.release();
    expect(await readFile(join(home, 'lock'), 'utf8')).toBe('theirs');
  });

  it.each([1, 2, 3])('a stale lock that many find at once goes to one (round %i)', async () => {
    await writeFile(
      join(home, 'lock'),
      JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), startedAt: 'x', nonce: 'x' }),
    );
    const settled = await Promise.allSettled(Array.from({ length: 12 }, () => lockHome(home)));
    const locks = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(locks).toHaveLength(1);
    for (const one of settled)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'MW-HOME-IN-USE' });
    await locks[0]?.release();
    expect(await readdir(home)).toEqual([]);
  });
});
