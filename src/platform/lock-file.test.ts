import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWhole, removeStale } from './lock-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('is made once, whole, and leaves nothing beside it', async () => {
  const made = await Promise.all(Array.from({ length: 10 }, (_, index) => createWhole(path, `lock ${index}`)));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await readFile(path, 'utf8')).toBe(`lock ${made.indexOf(true)}`);
  expect(await readdir(folder)).toEqual(['lock']);
});

it('is removed when it is the one that was judged dead', async () => {
  await createWhole(path, 'dead');
  await removeStale(path, 'dead');
  await removeStale(path, 'dead');
  expect(await readdir(folder)).toEqual([]);
});

it('is put back when another took the home in between', async () => {
  await createWhole(path, 'alive');
  await removeStale(path, 'dead');
  expect(await readFile(path, 'utf8')).toBe('alive');
  expect(await readdir(folder)).toEqual(['lock']);
});
