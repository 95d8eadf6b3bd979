/** `mw client` as a person runs it, against a running data plane. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LINEAR, openDoors, PEOPLE } from '../../../test/fixtures/doors.ts';
import type { Doors } from '../../../test/fixtures/doors.ts';
import { listenHttp } from '../../api/oip/http-server.ts';

const MAIN = fileURLToPath(new URL('../../main.ts', import.meta.url));
let doors: Doors;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-client-cli-'));
  doors = await openDoors({ people: PEOPLE, linear: LINEAR }, { tokenCheck: (header) => header === 'Bearer right' });
});
afterAll(async () => {
  await doors.end();
  await rm(folder, { recursive: true, force: true });
});

function mw(
  args: readonly string[],
  token = 'right',
  url = doors.url,
): Promise<{ readonly code: number; readonly text: string }> {
  const env = { ...process.env, MILLWRIGHT_TOKEN: token, MILLWRIGHT_HOME: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'client', '--url', url, ...args], { cwd: folder, env }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: out + err }),
    );
  });
}

test('a client is written in the language of the file, and again over itself, but over nobody else’s work', async () => {
  const file = join(folder, 'people.py');
  for (let time = 0; time < 2; time += 1) expect(await mw(['people', '--out', file])).toMatchObject({ code: 0 });
  expect(await readFile(file, 'utf8')).toContain('ENDPOINT = "people"');
  expect((await mw(['linear'])).text).toContain('export function createClient');
  const mine = join(folder, 'mine.ts');
  await writeFile(mine, 'export const mine = 1;\n');
  expect(await mw(['people', '--out', mine])).toMatchObject({ code: 1, text: expect.stringContaining('MW-EXISTS') });
  expect(await readFile(mine, 'utf8')).toBe('export const mine = 1;\n');
}, 60_000);

test('what is wrong is said with what to do: no name, no such model, no token, no such language', async () => {
  expect(await mw([])).toMatchObject({ code: 2, text: expect.stringContaining('one of people, linear') });
  expect(await mw(['nobody'])).toMatchObject({ code: 1, text: expect.stringContaining('MW-NOT-FOUND') });
  expect(await mw(['people'], 'wrong')).toMatchObject({ code: 1 });
  expect(await mw(['people', '--language', 'cobol'])).toMatchObject({ code: 2 });
}, 60_000);

test('by way of the control plane the client knows both: where to ask and where outcomes go', async () => {
  const control = createServer((request, response) => {
    const found = request.url === '/api/v1/endpoints/people';
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(
      found ? JSON.stringify({ endpoint: { restUrl: `${doors.url}/v2/models/people/infer` }, rollouts: [] }) : '{}',
    );
  });
  const url = `http://127.0.0.1:${await listenHttp(control, '127.0.0.1', 0)}`;
  const { text } = await mw(['people', '--language', 'python'], 'right', url);
  expect(text).toContain(`BASE_URL = "${doors.url}"`);
  expect(text).toContain(`CONTROL_URL: Optional[str] = "${url}"`);
  control.closeAllConnections();
  control.close();
}, 60_000);
