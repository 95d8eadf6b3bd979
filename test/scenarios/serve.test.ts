/** `mw serve` as a person uses it: a file, a registry's version, another server; wrong input; Ctrl+C. */
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { foreground, killForegrounds } from './foreground.ts';
import type { Foreground, Told } from './foreground.ts';

const MODEL = fileURLToPath(new URL('../../src/testing/fixtures/linear-2.onnx', import.meta.url));
const BROKEN = fileURLToPath(new URL('../../src/testing/fixtures/broken.onnx', import.meta.url));

let folder = '';
/** Where the homes of `mw serve` are made: nothing may be left there. */
let temporary = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-serve-test-'));
  temporary = join(folder, 'tmp');
  await mkdir(temporary);
});
afterEach(async () => {
  killForegrounds();
  for (const name of await readdir(temporary)) await rm(join(temporary, name), { recursive: true, force: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const serve = (args: readonly string[], env: Record<string, string> = {}): Promise<Foreground> =>
  foreground(args, { cwd: folder, env: { TMPDIR: temporary, ...env } });

const free = ['--port', '0', '--grpc-port', '0'];

async function ask({ rest, name }: Told, headers: Record<string, string> = {}): Promise<readonly number[]> {
  const response = await fetch(`${rest}/v2/models/${name}/infer`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return ((await response.json()) as { outputs: { data: number[] }[] }).outputs[0]?.data ?? [];
}

test('a file: served in a moment, also through another one of its kind; Ctrl+C ends it and nothing stays', {
  timeout: 60_000,
}, async () => {
  const file = join(folder, 'My Model.onnx');
  await copyFile(MODEL, file);
  const first = await serve(['serve', file, ...free]);
  expect(first.told).toMatchObject({ name: 'my-model', version: 1, signature: { inputs: [{ name: 'x' }] } });
  expect(first.told.readyMs).toBeLessThan(5000);
  expect(await ask(first.told)).toEqual([4, 6]);

  const proxy = await serve(['serve', `${first.told.rest}/v2/models/my-model`, '--name', 'relay', ...free]);
  expect(proxy.told.name).toBe('relay');
  expect(await ask(proxy.told)).toEqual([4, 6]);

  for (const command of [proxy, first]) {
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(0);
  }
  expect((await readdir(temporary)).filter((name) => name.startsWith('mw-serve-'))).toEqual([]);
});

test('the log is kept where it was asked for, and nowhere else', { timeout: 60_000 }, async () => {
  const log = join(folder, 'log');
  const command = await serve(['serve', MODEL, '--name', 'kept', '--log', log, ...free]);
  await ask(command.told);
  command.child.kill('SIGTERM');
  expect(await command.ended).toBe(0);
  expect(await readdir(join(log, 'kept'))).toEqual([expect.stringMatching(/^part-[0-9a-z]{26}\.parquet$/)]);
});

test('beyond loopback it asks for a token, and for the same one from its callers', { timeout: 60_000 }, async () => {
  const token = 'a-token-of-enough-characters';
  const command = await serve(['serve', MODEL, '--host', '0.0.0.0', ...free], { MILLWRIGHT_TOKEN: token });
  await expect(ask(command.told)).rejects.toThrow(/401/);
  expect(await ask(command.told, { authorization: `Bearer ${token}` })).toEqual([4, 6]);
  const refused = await serve(['serve', MODEL, '--host', '0.0.0.0', ...free]);
  expect(refused.told.error).toMatchObject({ code: 'MW-TOKEN-REQUIRED', where: '--host' });
});

test('what is wrong has a code and names the file, port or flag; nothing stays behind', {
  timeout: 60_000,
}, async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const address = holder.address();
  const port = String(typeof address === 'object' && address !== null ? address.port : 0);
  const empty = join(folder, 'empty');
  await mkdir(empty);
  const python = join(folder, 'python');
  await mkdir(python);
  await writeFile(join(python, 'predict.py'), 'def predict(rows):\n    return rows\n');
  const cases: readonly (readonly [args: readonly string[], error: object])[] = [
    [['nothing.onnx'], { code: 'MW-NOT-FOUND', where: join(folder, 'nothing.onnx') }],
    [[BROKEN], { code: 'MW-MODEL-LOAD', message: expect.stringMatching(/Protobuf|protobuf/) }],
    [[MODEL, '--port', port], { code: 'MW-PORT-TAKEN', where: `127.0.0.1:${port}` }],
    [[MODEL, '--name', '../x'], { code: 'MW-USAGE', where: '--name' }],
    [[MODEL, '--queue', 'many'], { code: 'MW-USAGE', where: '--queue' }],
    [[empty], { code: 'MW-USAGE', where: empty }],
    [[python], { code: 'MW-USAGE', where: '--python' }],
    [['models:/flights'], { code: 'MW-USAGE' }],
    [['models:/flights@champion', '--home', join(folder, 'home')], { code: 'MW-NOT-FOUND' }],
    [['models:/flights/1', '--url', 'http://127.0.0.1:1'], { code: 'MW-UNAVAILABLE' }],
  ];
  for (const [args, error] of cases) {
    const given = args.includes('--port') ? args : [...args, '--port', '0'];
    const { told, ended } = await serve(['serve', ...given, '--grpc-port', '0']);
    expect(told.error, args.join(' ')).toMatchObject(error);
    expect(await ended).not.toBe(0);
  }
  holder.close();
  expect((await readdir(temporary)).filter((name) => name.startsWith('mw-serve-'))).toEqual([]);
});
