/** The model's own pages and files: OpenAPI is typed, the page holds nothing, clients compile and call a real gateway. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LINEAR, openDoors, PEOPLE } from '../../../test/fixtures/doors.ts';
import type { Doors } from '../../../test/fixtures/doors.ts';
import { listenHttp } from '../oip/http-server.ts';
import { STYLE } from './page-style.ts';

const run = promisify(execFile);
const ROW = { name: 'ada', age: 36, rooms: 3, height: 1.5, weight: 60.5, smoker: false };
const ODD = {
  ...LINEAR,
  signature: {
    inputs: [{ name: 'a "b" */ 한글\n', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
  },
};

let doors: Doors;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-client-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  doors = await openDoors({
    people: { ...PEOPLE, log: { sample: 100, redact: ['name'] } },
    linear: LINEAR,
    odd: ODD,
  });
});
afterAll(async () => {
  await doors.end();
  await rm(folder, { recursive: true, force: true });
});

async function get(path: string): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await fetch(doors.url + path);
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

const json = async (path: string): Promise<Record<string, unknown>> =>
  JSON.parse((await get(path)).text) as Record<string, unknown>;

test('OpenAPI is typed from the signature, and its examples are answered as they stand', async () => {
  const document = (await json('/v2/models/people/openapi.json')) as {
    readonly openapi: string;
    readonly paths: Record<
      string,
      { post?: { requestBody: { content: { 'application/json': { example: unknown } } } } }
    >;
    readonly components: { readonly schemas: Record<string, { properties?: unknown; required?: unknown }> };
  };
  expect(document.openapi).toBe('3.1.0');
  expect(document.components.schemas['Row']).toMatchObject({
    properties: {
      age: { type: 'integer', format: 'int64' },
      height: { type: ['number', 'null'], format: 'double' },
      seen: { type: 'string', format: 'date-time' },
    },
    required: ['name', 'age', 'rooms', 'height', 'weight', 'smoker'],
  });
  const posts = Object.entries(document.paths).flatMap(([path, { post }]) =>
    post === undefined ? [] : [[path, post] as const],
  );
  expect(posts.map(([path]) => path)).toEqual([
    '/v2/models/people/infer',
    '/endpoints/people/invocations',
    '/v1/models/people:predict',
  ]);
  for (const [path, post] of posts) {
    const body = JSON.stringify(post.requestBody.content['application/json'].example);
    const answer = await fetch(doors.url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([path, answer.status]).toEqual([path, 200]);
  }
});

test('the example is a row that was sent, without the redacted column; its texts are offered', async () => {
  const fresh = await openDoors({ people: { ...PEOPLE, log: { sample: 100, redact: ['name'] } } });
  const read = async () =>
    (await (await fetch(`${fresh.url}/v2/models/people/docs.json`)).json()) as Record<string, unknown>;
  expect(await read()).toMatchObject({ real: false, row: { name: '', age: 0 } });
  await fetch(`${fresh.url}/invocations`, {
    method: 'POST',
    body: JSON.stringify({ dataframe_records: [ROW, { ...ROW, age: 70 }] }),
    headers: { 'content-type': 'application/json' },
  });
  const seen = await read();
  expect(seen).toMatchObject({ real: true, version: 3, row: { ...ROW, name: '' }, choices: {} });
  expect(JSON.stringify(seen)).not.toContain('ada');
  await fresh.end();
});

test('the page is the same for every name, allows nothing inline and nothing foreign; unknown models have no data', async () => {
  const [one, other] = await Promise.all([get('/v2/models/people/docs'), get('/v2/models/nobody/docs')]);
  expect(one.text).toBe(other.text);
  expect(one.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'/);
  expect(one.headers.get('content-security-policy')).not.toContain('unsafe');
  expect(one.text).not.toMatch(/https?:|<script>|style=|onclick/);
  expect((await get('/v2/models/people/docs.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  for (const file of ['docs.json', 'openapi.json', 'client.ts', 'client.py'])
    expect([file, (await get(`/v2/models/nobody/${file}`)).status]).toEqual([file, 404]);
});

test('every colour of the page is a design token', async () => {
  const tokens = await readFile(new URL('../../../ui/src/design/tokens.css', import.meta.url), 'utf8');
  const pairs = [...STYLE.matchAll(/(--[\w-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => `${name}: ${value}`);
  expect(pairs.length).toBeGreaterThan(20);
  for (const pair of pairs) expect(tokens).toContain(pair);
  expect(STYLE.replaceAll(/--[\w-]+: [^;]+;/g, '')).not.toMatch(/#[0-9a-f]{3,8}\b|rgb\(/);
});

async function strictTsc(...files: readonly string[]): Promise<string> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const flags =
    '--strict --noEmit --noUncheckedIndexedAccess --exactOptionalPropertyTypes --erasableSyntaxOnly --allowImportingTsExtensions --module nodenext --target es2024 --lib es2024,dom --types';
  return run(process.execPath, [tsc, ...flags.split(' '), '', ...files], { cwd: folder }).then(
    () => '',
    (error: { readonly stdout: string }) => error.stdout,
  );
}

test('the TypeScript client compiles strictly, refuses wrong rows at compile time, and batches in order', async () => {
  for (const name of ['people', 'linear', 'odd']) {
    await writeFile(
      join(folder, `${name}.ts`),
      (await get(`/v2/models/${name}/client.ts?control=http://127.0.0.1:1/x`)).text,
    );
  }
  await writeFile(
    join(folder, 'use.ts'),
    `import { createClient } from './people.ts';
import { createClient as linear } from './linear.ts';
import { createClient as odd } from './odd.ts';
const client = createClient({ batchRows: 3 });
const row = ${JSON.stringify(ROW)};
const many = await client.predict(Array.from({ length: 10 }, (_, age) => ({ ...row, age })));
const one = await client.predictOne({ ...row, seen: '2026-01-01' });
const wrong = await client.predictOne({ ...row, age: 1.5 }).catch((error) => [error.status, error.code]);
const pair = await linear().predictOne({ x: [1, 2] });
const strange = await odd().predictOne({ 'a "b" */ 한글\\n': [1, 2] });
console.log(JSON.stringify({ scores: many.map((p) => p.prediction.score), ids: many.map((p) => p.id.split('/')[1]), one, wrong, pair: pair.prediction, strange: strange.prediction }));
`,
  );
  await writeFile(
    join(folder, 'wrong.ts'),
    `import { createClient } from './people.ts';\nvoid createClient().predictOne({ name: 1 });\n`,
  );
  expect(await strictTsc('use.ts', 'people.ts', 'linear.ts', 'odd.ts')).toBe('');
  expect(await strictTsc('wrong.ts')).toMatch(/error TS2322/);
  const { stdout } = await run(process.execPath, ['use.ts'], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual({
    scores: Array.from({ length: 10 }, (_, age) => age + 1.5),
    ids: ['0', '1', '2', '0', '1', '2', '0', '1', '2', '0'],
    one: { prediction: { score: 37.5, label: 'old' }, id: expect.stringMatching(/^p_.*\/0$/), version: '3' },
    wrong: [400, 'MW-TENSOR'],
    pair: [2, 4],
    strange: [2, 4],
  });
}, 60_000);

test('the Python client runs on the standard library alone and says what the TypeScript one says', async () => {
  for (const name of ['people', 'odd'])
    await writeFile(join(folder, `${name}.py`), (await get(`/v2/models/${name}/client.py`)).text);
  await writeFile(
    join(folder, 'use.py'),
    `import json
from people import Client, ModelError
import odd
row = json.loads(${JSON.stringify(JSON.stringify(ROW))})
client = Client(batch_rows=3)
many = client.predict([{**row, "age": age, "height": float("nan") if age == 0 else 1.5} for age in range(10)])
one = client.predict_one({**row, "seen": "2026-01-01"})
try:
    client.predict_one({**row, "age": 1.5})
except ModelError as error:
    wrong = [error.status, error.code]
print(json.dumps({"scores": [p.prediction["score"] for p in many], "one": [one.prediction, one.id[-2:], one.version], "wrong": wrong, "odd": odd.Client().predict_one({odd.COLUMNS[0]: [1.0, 2.0]}).prediction}))
`,
  );
  const { stdout } = await run('python3', ['-W', 'error', 'use.py'], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual({
    scores: [null, ...Array.from({ length: 9 }, (_, age) => age + 2.5)],
    one: [{ score: 37.5, label: 'old' }, '/0', '3'],
    wrong: [400, 'MW-TENSOR'],
    odd: [2, 4],
  });
}, 60_000);

test('both clients wait as Retry-After says, give up at a caller’s mistake, and report outcomes to the control plane', async () => {
  const calls: { readonly path: string; readonly body: string; readonly at: number }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      calls.push({ path: request.url ?? '', body, at: performance.now() });
      const outcome = request.url?.includes('/outcomes') === true;
      const busy = !outcome && calls.filter((one) => !one.path.includes('/outcomes')).length % 2 === 1;
      response.writeHead(busy ? 503 : 200, {
        'content-type': 'application/json',
        'mw-prediction-id': 'p1',
        'mw-model-version': '3',
        ...(busy ? { 'retry-after': '1' } : {}),
      });
      response.end(busy ? '{"error":"MW-OVERLOADED: busy"}' : outcome ? '{"accepted":1}' : '{"predictions":[[2,4]]}');
    });
  });
  const port = await listenHttp(server, '127.0.0.1', 0);
  const url = `http://127.0.0.1:${port}`;
  await writeFile(join(folder, 'again.ts'), (await get('/v2/models/linear/client.ts')).text);
  await writeFile(join(folder, 'again.py'), (await get('/v2/models/linear/client.py')).text);
  await writeFile(
    join(folder, 'again-use.ts'),
    `import { createClient } from './again.ts';
const client = createClient({ baseUrl: '${url}/', controlUrl: '${url}' });
const { id } = await client.predictOne({ x: [1, 2] });
await client.reportOutcome({ id, name: 'late', value: 1, time: new Date(5) });
`,
  );
  await writeFile(
    join(folder, 'again_use.py'),
    `from again import Client
client = Client(base_url="${url}", control_url="${url}/")
client.report_outcome(client.predict_one({"x": [1, 2]}).id, "late", 1)
`,
  );
  await run(process.execPath, ['again-use.ts'], { cwd: folder });
  await run('python3', ['again_use.py'], { cwd: folder });
  server.closeAllConnections();
  server.close();
  expect(calls.map((one) => one.path)).toEqual(
    ['ts', 'py'].flatMap(() => [
      '/endpoints/linear/invocations',
      '/endpoints/linear/invocations',
      '/api/v1/endpoints/linear/outcomes',
    ]),
  );
  expect((calls[1]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeGreaterThan(950);
  expect((calls[4]?.at ?? 0) - (calls[3]?.at ?? 0)).toBeGreaterThan(950);
  expect(JSON.parse(calls[2]?.body ?? '')).toEqual({
    outcomes: [{ prediction_id: 'p1/0', name: 'late', value: 1, time: 5 }],
  });
  expect(JSON.parse(calls[5]?.body ?? '')).toEqual({ outcomes: [{ prediction_id: 'p1/0', name: 'late', value: 1 }] });
}, 60_000);
