import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renameDurable, writeFileDurable } from './durable-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('durable files', () => {
  it('are written whole, private, and leave no temporary file', async () => {
    const path = join(folder, 'routes.json');
    await writeFileDurable(path, 'one');
    await writeFileDurable(path, 'two');
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['routes.json']);
  });

  it('a reader never sees half of one', async () => {
    const path = join(folder, 'routes.json');
    const texts = ['a', 'b'].map((letter) => letter.repeat(300_000));
    await writeFileDurable(path, texts[0] ?? '');
    const done = new AbortController();
    const writes = (async () => {
      for (let index = 0; index < 20; index += 1) await writeFileDurable(path, texts[index % 2] ?? '');
      done.abort();
    })();
    while (!done.signal.aborted) expect(texts).toContain(await readFile(path, 'utf8'));
    await writes;
  });

  it('a write that fails leaves the old one and nothing else', async () => {
    await writeFileDurable(join(folder, 'f'), 'old');
    await expect(writeFileDurable(join(folder, 'none', 'f'), 'x')).rejects.toThrow('ENOENT');
    await expect(writeFileDurable(folder, 'x')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['f']);
    await writeFile(join(folder, 'tmp'), 'new');
    await renameDurable(join(folder, 'tmp'), join(folder, 'f'));
    expect(await readFile(join(folder, 'f'), 'utf8')).toBe('new');
  });
});
