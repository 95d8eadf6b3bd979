/**
 * The doors for other clients (wandb, MLflow, OTLP, SQL, previews) under attack, on a real server: bad input is a coded 4xx, nothing of
 * it makes a row that cannot be read again, one request takes bounded time and memory, and who may only look changes nothing.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, createScenario, type Json, jsonOf, type Scenario, type ServerProcess } from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;
let run = '';

const mlflow = (path: string, body?: unknown) =>
  ask(server.url, `/api/2.0/mlflow/${path}`, body === undefined ? {} : { body });
const graphql = (operationName: string, variables: unknown) =>
  ask(server.url, '/graphql', { body: { query: `mutation ${operationName} { x }`, operationName, variables } });
const stream = (body: unknown) => ask(server.url, '/files/e/p/r1/file_stream', { body });
const sql = (text: string) => ask(server.url, '/api/v1/sql', { body: { sql: text } });

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

async function timed<T>(work: Promise<T>): Promise<{ readonly answer: T; readonly ms: number }> {
  const started = performance.now();
  return { answer: await work, ms: performance.now() - started };
}

beforeAll(async () => {
  scenario = await createScenario('doors');
  server = await scenario.start();
  run = (await mlflow('runs/create', { experiment_id: '0', start_time: 1 })).json.run.info.run_id;
  expect((await graphql('UpsertBucket', { entity: 'e', project: 'p', name: 'r1' })).status).toBe(200);
});
afterAll(() => scenario.end());

describe('wandb', () => {
  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf', '__defineGetter__'])(
    'an operation named %s is unknown like any other',
    async (name) => {
      const { status, json } = await graphql(name, {});
      expect({ status, data: json.data }).toEqual({ status: 200, data: null });
      expect(json.errors).toHaveLength(1);
    },
  );

  test('an artifact id that every object has is no artifact', async () => {
    expect((await graphql('CommitArtifact', { artifactID: 'e/p/r1#constructor' })).status).toBe(404);
    expect((await graphql('CommitArtifact', { artifactID: 'e/p/r1#__proto__' })).status).toBe(404);
  });

  test('no step or time of a line makes a row that is never read again', async () => {
    const odd = ['"abc"', '1e300', '1.5', '{}', '[]', 'null', '-5', '9007199254740993', '9223372036854775808', 'NaN'];
    const lines = odd.flatMap((value) => [`{"a":1,"_step":${value}}`, `{"a":1,"_timestamp":${value}}`]);
    lines.push('{"a":1e400,"b":-1e400}', '{"__proto__":1,"constructor":2,"a":{"__proto__":{"b":1}}}');
    const answer = await stream({
      files: {
        'wandb-history.jsonl': { offset: 0, content: lines },
        'wandb-events.jsonl': { offset: 0, content: odd.map((value) => `{"system.cpu":1,"_timestamp":${value}}`) },
      },
    });
    expect(answer).toMatchObject({ status: 200 });
    const { status, json } = await ask(server.url, '/api/v1/runs?filter=tags.`wandb.run`%20%3D%20%27e%2Fp%2Fr1%27');
    expect({ status, runs: json.runs.length }).toEqual({ status: 200, runs: 1 });
    const history = await mlflow(`metrics/get-history?run_id=${json.runs[0].id}&metric_key=a`);
    expect(history.status).toBe(200);
    for (const point of history.json.metrics) {
      expect(Number.isSafeInteger(Number(point.step ?? 0)) && Number.isSafeInteger(Number(point.timestamp))).toBe(true);
    }
  });

  test('a line of escaped quotes takes no longer than another one', async () => {
    const line = `NaN "${'\\"'.repeat(1_000_000)}`;
    const { answer, ms } = await timed(stream({ files: { 'wandb-summary.json': { offset: 0, content: [line] } } }));
    expect(answer.status).toBe(400);
    expect(ms).toBeLessThan(5_000);
  });

  test('a bomb of gzip is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(300_000_000));
    const answer = await ask(server.url, '/files/e/p/r1/file_stream', {
      body: bomb,
      headers: { 'content-encoding': 'gzip' },
    });
    expect(answer.status).toBe(400);
  });

  test.each(['../x', '/x', 'a\\b', '%2e%2e/x', 'a\u0000b', 'x'.repeat(260)])(
    'the name %j of a file is refused, whatever address was signed for it',
    async (name) => {
      const { json } = await graphql('CreateRunFiles', { entity: 'e', project: 'p', run: 'r1', files: [name] });
      const address = new URL(json.data.createRunFiles.files[0].uploadUrl);
      const put = (search: string) =>
        ask(server.url, `${address.pathname}${search}`, {
          method: 'PUT',
          body: 'x',
          headers: { 'content-type': 'application/octet-stream' },
        });
      expect(await put(address.search)).toMatchObject({ status: 400, json: { code: 'MW-PATH' } });
      address.searchParams.set('what', JSON.stringify(['e/p/r1', 'other.txt']));
      expect((await put(address.search)).status).toBe(403);
    },
  );
});

describe('MLflow', () => {
  test.each(['9999999999999999', '-9999999999999999', 9_007_199_254_740_992, 1e300, 1.5])(
    'a time of %s is refused, and the runs can still be searched',
    async (time) => {
      const body = { run_id: run, end_time: time };
      expect((await mlflow('runs/update', body)).status).toBe(400);
      expect((await mlflow('runs/create', { experiment_id: '0', start_time: time })).status).toBe(400);
      expect((await mlflow('runs/search', { experiment_ids: ['0'] })).status).toBe(200);
    },
  );

  test.each(['constructor', '__proto__', 'toString'])('%s is a key like any other', async (key) => {
    expect((await mlflow('runs/log-parameter', { run_id: run, key, value: '1' })).status).toBe(200);
    expect((await mlflow('runs/set-tag', { run_id: run, key, value: '1' })).status).toBe(200);
    expect((await mlflow('registered-models/create', { name: key })).status).toBe(200);
    expect((await mlflow('registered-models/alias', { name: key, alias: key, version: '1' })).status).toBe(404);
    expect((await mlflow(`registered-models/alias?name=${key}&alias=valueOf`)).status).toBeOneOf([400, 404]);
    expect((await mlflow(`runs/get?run_id=${run}`)).json.run.data.params).toContainEqual({ key, value: '1' });
    expect((await ask(server.url, `/api/v1/run-groups?by=params.${key}`)).status).toBe(200);
  });

  test('an event of a webhook that every object has is refused', async () => {
    for (const entity of ['constructor', '__proto__']) {
      const body = { name: 'w', url: 'https://1.1.1.1', events: [{ entity, action: 'x' }] };
      expect((await mlflow('webhooks', body)).status).toBe(400);
    }
  });

  test('a span whose status is the name of a method has none', async () => {
    const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', startTimeUnixNano: '1' };
    for (const code of ['constructor', '__proto__', 'toString', -1, 1.5, {}]) {
      const { status } = await ask(server.url, '/v1/traces', {
        body: { resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, status: { code } }] }] }] },
        headers: { 'x-mlflow-experiment-id': '0' },
      });
      expect({ code, status }).toEqual({ code, status: 200 });
    }
  });
});

describe('SQL', () => {
  test.each([
    "SELECT * FROM enable_logging(storage='file', storage_path='/tmp/doors')",
    "SELECT * FROM enable_logging('QueryLog')",
    "SELECT * FROM enable_profiling(save_location='/tmp/doors')",
    'SELECT * FROM duckdb_settings()',
    'SELECT * FROM arrow_scan(1::POINTER, 1::POINTER, 1::POINTER)',
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "SELECT (SELECT count(*) FROM glob('/*'))",
    "WITH x AS (SELECT * FROM query('SELECT 1')) SELECT * FROM x",
    "SELECT write_log('x')",
    'SELECT\u0000 1',
    "SELECT 'a\u0000b'",
  ])('refuses %j', async (text) => {
    expect(await sql(text)).toMatchObject({ status: 400, json: { error: { code: 'MW-SQL' } } });
  });

  test('rows that a query makes itself are still allowed', async () => {
    expect((await sql('SELECT sum(i) AS s FROM range(10) t(i)')).json.rows).toEqual([[45]]);
    expect((await sql("SELECT value FROM json_each('[1,2]')")).status).toBe(200);
  });

  test('texts that a query makes take nothing of the memory of the server', { timeout: 90_000 }, async () => {
    const before = residentMiB(server.pid);
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, residentMiB(server.pid))), 50);
    for (const text of [
      "SELECT repeat('x', 1000000) FROM range(10000)",
      "SELECT string_agg(repeat('x', 1000000), '') FROM range(100000)",
      'SELECT list(a) FROM range(1000000000) t(a)',
    ]) {
      const { answer, ms } = await timed(sql(text));
      expect(answer).toMatchObject({ status: 400, json: { error: { code: 'MW-SQL' } } });
      expect(ms).toBeLessThan(19_000);
      expect((await sql('SELECT count(*) FROM runs')).json.rows[0][0]).toBeGreaterThan(0);
    }
    clearInterval(watch);
    expect(most - before).toBeLessThan(300);
  });
});

describe('previews', () => {
  async function preview(name: string, content: string | Uint8Array) {
    const place = `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/${name}`;
    const headers = { 'content-type': 'application/octet-stream' };
    expect((await ask(server.url, place, { method: 'PUT', body: content, headers })).status).toBe(200);
    return timed(ask(server.url, `/api/v1/runs/${run}/preview?path=${name}`));
  }

  test('a JSON table of a million columns shows a hundred', async () => {
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 600_000 }, (_, i) => [`a${i}`, 1])));
    const { answer, ms } = await preview('wide.json', `[${wide}${',{}'.repeat(499)}]`);
    expect(answer.json.preview).toMatchObject({ kind: 'table', truncated: true });
    expect(answer.json.preview.columns).toHaveLength(100);
    expect(ms).toBeLessThan(8_000);
    expect(residentMiB(server.pid)).toBeLessThan(1_500);
  });

  test('a Parquet file of 150 bytes that claims a billion values ends nothing but its preview', async () => {
    const { answer, ms } = await preview('bomb.parquet', parquetOfEqualValues(2 ** 30 - 1));
    expect(answer.json.preview).toMatchObject({ kind: 'none' });
    expect(ms).toBeLessThan(15_000);
    expect((await preview('fine.parquet', parquetOfEqualValues(8))).answer.json.preview).toMatchObject({
      kind: 'table',
      rows: Array.from({ length: 8 }, () => [null]),
    });
  });
});

test('what a hostile MLflow server says is told of, and the rest is brought over', { timeout: 60_000 }, async () => {
  const good = '0123456789abcdef0123456789abcdef';
  const runs = ['../../../tmp/pwn', '__proto__', '', '..', 'a'.repeat(10_000), good].map((id) => ({
    info: { run_id: id, start_time: 1e300, end_time: '9223372036854775807', status: 'constructor' },
    data: { metrics: [{ key: 'm', value: 1, timestamp: 1, step: 1 }], params: [{ key: '__proto__', value: 'p' }] },
  }));
  const answers: Readonly<Record<string, Json>> = {
    'experiments/search': { experiments: [{ experiment_id: '1', name: '../evil', creation_time: 1e300 }] },
    'runs/search': { runs },
    'metrics/get-history': { metrics: [{ key: 'm', value: 'NaN', timestamp: '9223372036854775807', step: 1e300 }] },
    'logged-models/search': { models: [{ info: { model_id: '../../m', name: 'x' } }] },
    'registered-models/search': { registered_models: [{ name: '../x' }, { name: 'fine' }] },
    'model-versions/search': { model_versions: [{ version: '1e300', source: 'file:///etc/passwd' }, { version: '1' }] },
    traces: { traces: [{ trace_id: '../../t', request_time: 'x' }] },
    'traces/search': { traces: [{ trace_id: '../../t', request_time: 'x' }] },
  };
  const files = [{ path: '../../x' }, { path: '/etc/passwd' }, { path: 'ok.txt' }];
  const hostile = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const below = url.searchParams.get('path');
    if (url.pathname === '/get-artifact') return response.end('data');
    const folder = { path: below === null ? 'loop' : `${below}/loop`, is_dir: true };
    const found = url.pathname.endsWith('/artifacts/list')
      ? { files: below === null ? [...files, folder] : [folder] }
      : answers[url.pathname.replace(/^.*\/mlflow\//, '')];
    response.statusCode = found === undefined ? 404 : 200;
    return response.end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((done) => hostile.listen(0, '127.0.0.1', done));
  const { port } = hostile.address() as AddressInfo;
  try {
    const home = `${scenario.root}/imported`;
    const ended = await scenario.mw(['import', 'mlflow', `http://127.0.0.1:${port}`, '--json'], { home });
    const report = JSON.parse(ended.out);
    expect(report.counts).toMatchObject({
      runs: { found: runs.length, imported: 1 },
      'logged models': { found: 1, imported: 0 },
      traces: { found: 1, imported: 0 },
      models: { found: 2, imported: 1 },
      versions: { imported: 1 },
    });
    expect(report.files).toBe(1);
    expect(report.differences.join('\n')).toContain('cannot be here');
  } finally {
    hostile.close();
    hostile.closeAllConnections();
  }
});

describe('who may only look', () => {
  const ADMIN = 'an-admin-token-of-sufficient-length';
  let guarded: Scenario;
  let other: ServerProcess;
  const tokens: Record<string, string> = {};
  beforeAll(async () => {
    guarded = await createScenario('doors-tokens');
    other = await guarded.start({ env: { MILLWRIGHT_REQUIRE_TOKEN: 'true', MILLWRIGHT_TOKEN: ADMIN } });
    for (const role of ['viewer', 'editor']) {
      const made = await guarded.mw(['token', 'create', `a-${role}`, '--role', role, '--json'], {
        env: { MILLWRIGHT_TOKEN: ADMIN },
      });
      tokens[role] = jsonOf(made).text;
    }
  });
  afterAll(() => guarded.end());

  const operation = (operationName: string): Json => ({ query: 'mutation X { x }', operationName, variables: {} });
  const id = '0'.repeat(32);
  const artifacts = '/api/2.0/mlflow-artifacts';
  /** What an editor may too, and what only an administrator may. */
  const WRITES: readonly (readonly [method: string, path: string, body?: unknown, admin?: true])[] = [
    ['POST', '/graphql', operation('UpsertBucket')],
    ['POST', '/graphql', operation('CreateRunFiles')],
    ['POST', '/graphql', operation('CreateArtifact')],
    ['POST', '/graphql', operation('CommitArtifact')],
    ['POST', '/graphql', operation('SomethingNew')],
    ['POST', '/files/e/p/r/file_stream', {}],
    ['POST', '/v1/traces', {}],
    ['POST', '/api/3.0/mlflow/traces', {}],
    ['POST', `${artifacts}/mpu/create/0/${id}/artifacts`, { path: 'f', num_parts: 1 }],
    ['POST', `${artifacts}/mpu/complete/0/${id}/artifacts`, {}],
    ['PUT', `${artifacts}/artifacts/0/${id}/artifacts/f`, 'x'],
    ['DELETE', `${artifacts}/artifacts/0/${id}/artifacts/f`],
    ['POST', '/api/2.0/mlflow/artifacts/presigned-upload-url', { run_id: id, path: 'f' }],
    ['POST', '/api/v1/runs/bulk', { action: 'delete', runs: [id] }],
    ['POST', '/api/v1/views', { place: 'runs', name: 'n', state: '{}' }],
    ['DELETE', '/api/v1/views/x'],
    ['POST', '/api/v1/trash/restore', { kind: 'run', id }],
    ['POST', '/api/v1/gc', { apply: true, olderThanDays: 0 }, true],
    ['GET', '/api/2.0/mlflow/webhooks', undefined, true],
    ['POST', '/api/2.0/mlflow/webhooks', {}, true],
    ['PATCH', '/ajax-api/2.0/mlflow/webhooks/x', {}, true],
    ['POST', '/api/2.0/mlflow/webhooks/x/test', {}, true],
  ];
  test.each([...WRITES].map((write) => ({ write, label: JSON.stringify(write) })))('$label', async ({ write }) => {
    const [method, path, body, admin] = write;
    const call = (headers: Record<string, string>) =>
      ask(other.url, path, { method, headers, ...(body === undefined ? {} : { body }) });
    const bearer = (role: string) => ({ authorization: `Bearer ${tokens[role]}` });
    expect((await call({})).status).toBe(401);
    expect((await call(bearer('viewer'))).status).toBe(403);
    const editor = (await call(bearer('editor'))).status;
    if (admin === true) expect(editor).toBe(403);
    else expect(editor).not.toBeOneOf([401, 403, 500]);
    expect((await call({ ...bearer('editor'), host: 'evil.example' })).status).toBe(403);
    expect((await call({ ...bearer('editor'), origin: 'https://evil.example' })).status).toBe(403);
  });
});

/** A Parquet file with one optional column whose only page is one run of `count` nulls. */
function parquetOfEqualValues(count: number): Uint8Array {
  const varint = (value: number): number[] => {
    const bytes: number[] = [];
    for (let rest = BigInt(value); ; rest >>= 7n) {
      if (rest < 128n) return [...bytes, Number(rest)];
      bytes.push(Number(rest & 127n) | 128);
    }
  };
  const int = (value: number): number[] => varint(value * 2);
  const text = (value: string): number[] => [...varint(value.length), ...Buffer.from(value)];
  // Of thrift's compact protocol: a field is the distance to the last one and its type, then its value.
  type Field = readonly [id: number, type: number, value: readonly number[]];
  const struct = (fields: readonly Field[]): number[] => {
    let last = 0;
    const bytes = fields.flatMap(([id, type, value]) => {
      const head = ((id - last) << 4) | type;
      last = id;
      return [head, ...value];
    });
    return [...bytes, 0];
  };
  const listOf = (type: number, items: readonly (readonly number[])[]): number[] => [
    (items.length << 4) | type,
    ...items.flat(),
  ];
  const [I32, I64, BINARY, LIST, STRUCT] = [5, 6, 8, 9, 12];
  const level = [...varint(count * 2), 0];
  const page = [level.length, 0, 0, 0, ...level];
  const header = struct([
    [1, I32, int(0)],
    [2, I32, int(page.length)],
    [3, I32, int(page.length)],
    [5, STRUCT, struct([1, 2, 3, 4].map((id): Field => [id, I32, int(id === 1 ? count : id === 2 ? 0 : 3)]))],
  ]);
  const size = header.length + page.length;
  const column = struct([
    [1, I32, int(1)],
    [2, LIST, listOf(I32, [int(0)])],
    [3, LIST, listOf(BINARY, [text('a')])],
    [4, I32, int(0)],
    [5, I64, int(count)],
    [6, I64, int(size)],
    [7, I64, int(size)],
    [9, I64, int(4)],
  ]);
  const group = struct([
    [
      1,
      LIST,
      listOf(STRUCT, [
        struct([
          [2, I64, int(4)],
          [3, STRUCT, column],
        ]),
      ]),
    ],
    [2, I64, int(size)],
    [3, I64, int(count)],
  ]);
  const schema = [
    struct([
      [4, BINARY, text('root')],
      [5, I32, int(1)],
    ]),
    struct([
      [1, I32, int(1)],
      [3, I32, int(1)],
      [4, BINARY, text('a')],
    ]),
  ];
  const footer = struct([
    [1, I32, int(1)],
    [2, LIST, listOf(STRUCT, schema)],
    [3, I64, int(count)],
    [4, LIST, listOf(STRUCT, [group])],
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([
    Buffer.from('PAR1'),
    Buffer.from([...header, ...page, ...footer]),
    length,
    Buffer.from('PAR1'),
  ]);
}
