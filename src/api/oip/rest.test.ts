/** The two REST protocols over a real server on a real port, in front of the real serving module and engine. */
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOnnxRuntime } from '../../adapters/runtime-onnx/onnx-runtime.ts';
import { createServing } from '../../modules/serving/index.ts';
import { systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import { createScoringRoutes } from '../scoring/scoring.ts';
import { createHttpServer, listenHttp } from './http-server.ts';
import { createOipRoutes } from './rest.ts';

const model = (file: string, endpoint: string) => ({
  endpoint,
  epoch: 1,
  weights: [{ releaseId: `${endpoint}-r1`, percent: 100 }],
  models: [
    {
      releaseId: `${endpoint}-r1`,
      model: endpoint,
      version: 7,
      modelDigest: 'sha256:0',
      path: fileURLToPath(new URL(`../../testing/fixtures/${file}`, import.meta.url)),
    },
  ],
});
const logged: { id: string; time: number; rows: number }[] = [];
const runtime = createOnnxRuntime({ workers: 1 });
const serving = createServing({
  runtime,
  clock: systemClock,
  ids: createIds(systemClock),
  log: { add: (record) => logged.push(record) },
  persist: () => Promise.resolve(),
  verify: () => Promise.resolve(),
  onError: () => undefined,
});
const http = createHttpServer(
  [createOipRoutes({ serving, version: '1', ready: () => true }), createScoringRoutes(serving, () => true)],
  { hosts: ['models.example'], bodyLimit: 1_000_000 },
);
let port = 0;

beforeAll(async () => {
  await serving.apply(model('tabular.onnx', 'tab'));
  await serving.apply(model('identity.onnx', 'identity'));
  port = await listenHttp(http.server, '127.0.0.1', 0);
});
afterAll(async () => {
  await http.drain(1000);
  await runtime.close();
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function ask(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const row = (change: object = {}): { name: string; datatype: string; shape: number[]; data: unknown[] }[] => {
  const base = {
    carrier: { datatype: 'BYTES', data: ['AA'] as unknown[] },
    distance: { datatype: 'FP32', data: [0.5] as unknown[] },
    wind: { datatype: 'FP32', data: [1] as unknown[] },
  };
  return Object.entries({ ...base, ...change }).map(([name, tensor]) => ({
    name,
    shape: [1, 1],
    ...tensor,
  }));
};
const infer = (inputs: unknown, more: object = {}): Promise<Answer> =>
  ask('POST', '/v2/models/tab/infer', JSON.stringify({ inputs, ...more }));

test('health, metadata and index are as the clients expect them', async () => {
  expect(await ask('GET', '/v2/health/live')).toMatchObject({ status: 200, text: '{"live":true}' });
  expect(JSON.parse((await ask('GET', '/v2')).text)).toMatchObject({
    name: 'millwright',
    extensions: expect.arrayContaining(['binary_tensor_data']),
  });
  expect(JSON.parse((await ask('GET', '/v2/models/tab')).text)).toMatchObject({
    name: 'tab',
    versions: ['7'],
    inputs: [{ name: 'carrier', datatype: 'BYTES', shape: [-1, 1] }, {}, {}],
  });
  expect(JSON.parse((await ask('POST', '/v2/repository/index')).text)).toContainEqual({
    name: 'tab',
    version: '7',
    state: 'READY',
    reason: '',
  });
  expect((await ask('GET', '/v2/models/tab/versions/7/ready')).status).toBe(200);
  expect((await ask('GET', '/v2/models/tab/versions/8/ready')).status).toBe(404);
});

test('an answer carries the prediction id and the version, and the log the event time', async () => {
  const answer = await infer(row(), { id: 'flight-1:2013', parameters: { event_time: '2013-01-02T03:00:00Z' } });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({
    id: 'flight-1:2013',
    model_name: 'tab',
    model_version: '7',
    outputs: [{ name: 'label', datatype: 'INT64', shape: [1] }, { shape: [1, 2] }],
  });
  expect(answer.headers).toMatchObject({ 'mw-prediction-id': 'flight-1:2013', 'mw-model-version': '7' });
  expect(logged.at(-1)).toMatchObject({ id: 'flight-1:2013', time: Date.UTC(2013, 0, 2, 3), rows: 1 });
  const generated = await infer(row());
  expect(generated.headers['mw-prediction-id']).toMatch(/^p_[0-9a-z]{26}$/);
});

test('64-bit integers survive JSON beyond 2^53, booleans and text too', async () => {
  const inputs = [
    { name: 'f', datatype: 'FP32', shape: [1, 1], data: [1.5] },
    { name: 'd', datatype: 'FP64', shape: [1, 1], data: [0.1234567890123456] },
    { name: 'i', datatype: 'INT64', shape: [1, 1], data: ['@'] },
    { name: 'b', datatype: 'BOOL', shape: [1, 1], data: [true] },
    { name: 's', datatype: 'BYTES', shape: [1, 1], data: ['9007199254740993'] },
  ];
  const body = JSON.stringify({ inputs }).replace('"@"', '-9007199254740993');
  const answer = await ask('POST', '/v2/models/identity/infer', body);
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('"data":[-9007199254740993]');
  expect(answer.text).toContain('"data":[0.1234567890123456]');
  expect(answer.text).toContain('"data":[true]');
  expect(answer.text).toContain('"data":["9007199254740993"]');
});

test('whole numbers may stand for floats, null for a missing float; nothing else is guessed', async () => {
  expect((await infer(row({ wind: { datatype: 'INT64', data: [3] } }))).status).toBe(200);
  expect((await infer(row({ wind: { datatype: 'FP32', data: [null] } }))).status).toBe(200);
});

test.each<[string, unknown, object, RegExp]>([
  ['a missing input', row().slice(1), {}, /"carrier" is missing.*inputs\.carrier/],
  [
    'an unknown input',
    [...row(), { name: 'wnd', datatype: 'FP32', shape: [1, 1], data: [1] }],
    {},
    /no input "wnd"; it takes carrier, distance, wind/,
  ],
  ['an input given twice', [...row(), ...row().slice(0, 1)], {}, /"carrier" is given twice/],
  [
    'a number as text',
    row({ wind: { datatype: 'FP32', data: ['3'] } }),
    {},
    /element 0 of "wind" is "3".*without quotes/,
  ],
  [
    'a wrong datatype',
    row({ wind: { datatype: 'BYTES', data: ['3'] } }),
    {},
    /"wind" has datatype BYTES, the model takes FP32/,
  ],
  ['a double for a float', row({ wind: { datatype: 'FP64', data: [0.1] } }), {}, /FP64, the model takes FP32/],
  ['a whole number no float can hold', row({ wind: { datatype: 'INT64', data: [16777217] } }), {}, /does not fit FP32/],
  ['an unknown datatype', row({ wind: { datatype: 'FLOAT', data: [1] } }), {}, /unknown datatype "FLOAT"/],
  ['a half in JSON', row({ wind: { datatype: 'FP16', data: [1] } }), {}, /FP16, which has no form in JSON/],
  ['too few elements', row({ wind: { datatype: 'FP32', shape: [2, 1], data: [1] } }), {}, /has 1 elements.*needs 2/],
  [
    'a wrong shape',
    row({ wind: { datatype: 'FP32', shape: [1, 2], data: [1, 2] } }),
    {},
    /shape \[1, 2\], the model takes \[-1, 1\]/,
  ],
  [
    'rows that differ',
    row({ wind: { datatype: 'FP32', shape: [2, 1], data: [1, 2] } }),
    {},
    /has 2 rows, the inputs before it 1/,
  ],
  ['a negative shape', row({ wind: { datatype: 'FP32', shape: [-1, 1], data: [1] } }), {}, /whole numbers/],
  [
    'too many rows',
    row({ carrier: { datatype: 'BYTES', shape: [100_001, 1], data: Array.from({ length: 100_001 }, () => 'A') } }),
    {},
    /100001 rows; the limit is 100000/,
  ],
  ['an unknown output', row(), { outputs: [{ name: 'probs' }] }, /no output "probs"/],
  ['a bad id', row(), { id: 'a b' }, /request id/],
  ['a bad time', row(), { parameters: { event_time: 'yesterday' } }, /event_time/],
  ['no inputs', [], {}, /at least one tensor/],
])('%s is refused with 400, the place and the reason', async (_name, inputs, more, pattern) => {
  const before = logged.length;
  const answer = await infer(inputs, more);
  expect(answer.status).toBe(400);
  expect((JSON.parse(answer.text) as { error: string }).error).toMatch(pattern);
  expect(logged).toHaveLength(before);
});

test('bodies: not JSON, too deep, too large, a wrong length of the JSON part', async () => {
  expect(await ask('POST', '/v2/models/tab/infer', '{"inputs":')).toMatchObject({
    status: 400,
    text: expect.stringContaining('not JSON'),
  });
  expect(await ask('POST', '/v2/models/tab/infer', '['.repeat(100_000))).toMatchObject({
    status: 400,
    text: expect.stringContaining('MW-BODY-TOO-DEEP'),
  });
  expect((await ask('POST', '/v2/models/tab/infer', Buffer.alloc(1_000_001, 32))).status).toBe(413);
  expect((await ask('POST', '/v2/models/tab/infer', '{}', { 'inference-header-content-length': '99' })).status).toBe(
    400,
  );
  expect((await infer(row())).status).toBe(200);
});

test('binary tensors in and out, little-endian, and a body that is too short', async () => {
  const head = (size: number): string =>
    JSON.stringify({
      inputs: [
        row()[0],
        row()[1],
        { name: 'wind', datatype: 'FP32', shape: [1, 1], parameters: { binary_data_size: size } },
      ],
      outputs: [{ name: 'probabilities', parameters: { binary_data: true } }],
    });
  const raw = Buffer.from(Float32Array.of(1).buffer);
  const answer = await ask('POST', '/v2/models/tab/infer', Buffer.concat([Buffer.from(head(4)), raw]), {
    'inference-header-content-length': String(head(4).length),
  });
  expect(answer.status).toBe(200);
  const length = Number(answer.headers['inference-header-content-length']);
  expect(JSON.parse(answer.text.slice(0, length))).toMatchObject({
    outputs: [{ name: 'probabilities', parameters: { binary_data_size: 8 } }],
  });
  const short = await ask('POST', '/v2/models/tab/infer', Buffer.concat([Buffer.from(head(8)), raw]), {
    'inference-header-content-length': String(head(8).length),
  });
  expect(short.status).toBe(400);
});

test('unknown paths, endpoints and methods end in an error the clients can read', async () => {
  for (const [method, path, status] of [
    ['GET', '/v2/models/nobody', 404],
    ['POST', '/v2/models/nobody/infer', 404],
    ['GET', '/nothing', 404],
    ['DELETE', '/v2/models/tab', 404],
    ['GET', '/v2/models/%ff', 400],
    ['POST', '/v2/repository/models/nobody/load', 404],
  ] as const) {
    const answer = await ask(
      method,
      path,
      method === 'POST' ? '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}' : undefined,
    );
    expect([path, answer.status]).toEqual([path, status]);
    expect(typeof (JSON.parse(answer.text) as { error: unknown }).error).toBe('string');
  }
});

test('foreign host names and origins are refused before routing; known ones are not', async () => {
  const get = (headers: Record<string, string>): Promise<Answer> => ask('GET', '/v2/health/live', undefined, headers);
  expect((await get({ host: 'evil.example' })).status).toBe(403);
  expect((await get({ host: 'models.example:8080' })).status).toBe(200);
  expect((await get({ host: 'localhost:1' })).status).toBe(200);
  expect((await get({ origin: 'https://evil.example' })).status).toBe(403);
  expect((await get({ origin: 'null' })).status).toBe(403);
  expect((await get({ origin: 'http://localhost:5000' })).status).toBe(200);
});

test('the configuration of a model names its tensors as Triton does, and an unknown model is a 404', async () => {
  const answer = await ask('GET', '/v2/models/tab/config');
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({
    name: 'tab',
    platform: 'onnxruntime_onnx',
    max_batch_size: 100_000,
    version_policy: { specific: { versions: [7] } },
    dynamic_batching: { max_queue_delay_microseconds: 0, priority_levels: 9 },
    input: [
      { name: 'carrier', data_type: 'TYPE_STRING', dims: [1] },
      { name: 'distance', data_type: 'TYPE_FP32', dims: [1] },
      { name: 'wind', data_type: 'TYPE_FP32', dims: [1] },
    ],
    output: expect.arrayContaining([
      { name: 'label', data_type: 'TYPE_INT64', dims: [1], reshape: { shape: [] } },
      { name: 'probabilities', data_type: 'TYPE_FP32', dims: [2] },
    ]),
  });
  expect((await ask('GET', '/v2/models/tab/versions/7/config')).text).toBe(answer.text);
  expect((await ask('GET', '/v2/models/none/config')).status).toBe(404);
});

test('MLflow scoring: the four JSON forms and CSV give the same answer', async () => {
  const url = '/endpoints/tab/invocations';
  const json = { 'content-type': 'application/json; charset=utf-8' };
  const columns = ['wind', 'carrier', 'distance', 'extra'];
  const bodies = [
    {
      dataframe_split: {
        columns,
        data: [
          [1, 'AA', 0.5, 9],
          [3, 'B6', null, 9],
        ],
      },
    },
    {
      dataframe_records: [
        { wind: 1, carrier: 'AA', distance: 0.5 },
        { wind: 3, carrier: 'B6' },
      ],
    },
    {
      instances: [
        { wind: 1, carrier: 'AA', distance: 0.5 },
        { wind: 3, carrier: 'B6', distance: null },
      ],
    },
    { inputs: { wind: [1, 3], carrier: ['AA', 'B6'], distance: [0.5, null] } },
  ];
  const answers = await Promise.all(bodies.map((body) => ask('POST', url, JSON.stringify(body), json)));
  answers.push(
    await ask('POST', url, 'carrier,wind,distance\r\nAA,1,0.5\r\n"B6",3,\r\n', { 'content-type': 'text/csv' }),
  );
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
  expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
  expect(JSON.parse(answers[0]?.text ?? '')).toMatchObject({ predictions: [{ label: 1 }, { label: 0 }] });
});

test('MLflow scoring: errors in its own words', async () => {
  const post = (
    body: unknown,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ): Promise<Answer> =>
    ask('POST', '/endpoints/tab/invocations', typeof body === 'string' ? body : JSON.stringify(body), headers);
  expect(await ask('GET', '/ping')).toMatchObject({ status: 200, text: '\n' });
  const missing = await post({ dataframe_split: { columns: ['wind'], data: [[1]] } });
  expect(missing.status).toBe(400);
  expect(JSON.parse(missing.text)).toMatchObject({
    error_code: 'INVALID_PARAMETER_VALUE',
    message: expect.stringContaining('"carrier"'),
  });
  expect((await post({ inputs: {}, instances: [] })).status).toBe(400);
  expect(
    (await post({ dataframe_split: { columns: ['wind', 'carrier', 'distance'], data: [['x', 'AA', 1]] } })).status,
  ).toBe(400);
  expect((await post('a', { 'content-type': 'text/plain' })).status).toBe(415);
  const several = await ask('POST', '/invocations', '{"inputs":[1]}', { 'content-type': 'application/json' });
  expect([several.status, several.text.includes('/endpoints/<name>/invocations')]).toEqual([404, true]);
});
