/** MLflow's scoring, V1 and the container contracts over real HTTP: what is enforced, what is said, what is never said. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LINEAR, openDoors, PEOPLE } from '../../../test/fixtures/doors.ts';
import type { Doors } from '../../../test/fixtures/doors.ts';
import { containerContract } from '../containers/contract.ts';

let doors: Doors;
let alone: Doors;
beforeAll(async () => {
  doors = await openDoors({ people: PEOPLE, linear: LINEAR });
  alone = await openDoors(
    { people: PEOPLE },
    {
      ...containerOptions({
        AIP_HTTP_PORT: '8080',
        AIP_PREDICT_ROUTE: '/v1/endpoints/7/deployedModels/9:predict',
        AIP_HEALTH_ROUTE: '/v1/endpoints/7/deployedModels/9',
        AIP_DEPLOYED_MODEL_ID: '9',
      }),
    },
  );
});
afterAll(() => Promise.all([doors.end(), alone.end()]));

function containerOptions(env: Record<string, string>) {
  const container = containerContract(env);
  return container === undefined ? {} : { container };
}

const ROW = { name: 'secret-ada', age: 36, rooms: 3, height: 1.5, weight: 60.5, smoker: false };

async function ask(url: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(url + path, {
    ...(body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', ...headers },
  });
  const text = await answer.text();
  const parsed: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  return { status: answer.status, text, json: parsed, headers: answer.headers };
}
const score = (body: unknown, headers?: Record<string, string>) =>
  ask(doors.url, '/endpoints/people/invocations', body, headers);
const records = (...rows: readonly Record<string, unknown>[]) => score({ dataframe_records: rows });

test('each column is enforced by its type, and the message names column and row but never the value', async () => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ age: 1.25 }, '"age" takes INT64, but row 0 has a fraction'],
    [
      { age: null },
      '"age" takes INT64, but row 0 has a missing value; whole numbers and booleans have no form for missing',
    ],
    [{ age: '36' }, '"age" takes INT64, but row 0 has a text; a number is written without quotes'],
    [{ rooms: 3_000_000_000 }, '"rooms" takes INT32'],
    [{ height: 'secret-tall' }, '"height" takes FP64, but row 0 has a text'],
    [{ weight: [1, 2] }, '"weight" has shape [1, 2], the model takes [-1, 1]'],
    [{ smoker: 'secret-yes' }, '"smoker" takes BOOL'],
    [{ smoker: 2 }, '"smoker" takes BOOL'],
    [{ name: 77_123 }, '"name" takes BYTES (text), but row 0 has a whole number; a text is written in quotes'],
    [{ seen: 'secret-yesterday' }, '"seen" takes times in ISO 8601'],
    [{ seen: '2026-13-45' }, '"seen" takes times in ISO 8601'],
    [{ photo: 'secret!' }, '"photo" takes bytes in base64'],
  ];
  for (const [change, message] of cases) {
    const answer = await records({ ...ROW, ...change });
    expect([message, answer.status, answer.json]).toEqual([
      message,
      400,
      { error_code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining(message) },
    ]);
    expect(answer.text).not.toMatch(/secret|77123|1\.25|3000000000/);
  }
});

test('what loses nothing is widened: whole numbers into floats, missing numbers as NaN, 64-bit integers to the last digit', async () => {
  const wide = await records({ ...ROW, height: 2, weight: 60 }, { ...ROW, height: null });
  expect(wide.json).toEqual({
    predictions: [
      { score: 38, label: 'old' },
      { score: null, label: 'old' },
    ],
  });
  const big = await score(
    '{"dataframe_records":[{"name":"","age":9007199254740993,"rooms":1,"height":0,"weight":1,"smoker":1}]}',
  );
  expect(big.status).toBe(200);
  const lossy = await score(
    '{"dataframe_records":[{"name":"","age":1,"rooms":1,"height":9007199254740993,"weight":1,"smoker":true}]}',
  );
  expect([lossy.status, lossy.text.includes('"height\\"')]).toEqual([400, true]);
});

test('all missing columns are named at once; extra ones are dropped; optional ones may be absent or given', async () => {
  const missing = await records({ name: 'a', height: 1 });
  expect(missing.status).toBe(400);
  expect(missing.json).toMatchObject({
    message: expect.stringContaining('"age" (INT64), "rooms" (INT32), "weight" (FP32), "smoker" (BOOL) are missing'),
  });
  expect((await records({ ...ROW, extra: { deep: [1] }, constructor: 1 })).status).toBe(200);
  expect((await records({ ...ROW, seen: '2026-01-31T08:00:00.123Z', photo: 'aGk=' })).status).toBe(200);
});

test('a column named like something every object has is only there when it was sent', async () => {
  const odd = {
    ...LINEAR,
    signature: {
      inputs: [
        { name: 'constructor', datatype: 'FP32', shape: [-1, 1] },
        { name: '__proto__', datatype: 'FP32', shape: [-1, 1] },
      ],
      outputs: LINEAR.signature.outputs,
    },
  };
  const own = await openDoors({ odd });
  const missing = await ask(own.url, '/invocations', { dataframe_records: [{ a: 1 }] });
  expect(missing.json).toMatchObject({
    message: expect.stringContaining('"constructor" (FP32), "__proto__" (FP32) are missing'),
  });
  const sent = await ask(own.url, '/invocations', '{"dataframe_records":[{"constructor":1,"__proto__":2}]}');
  expect(sent.status).toBe(200);
  await own.end();
});

test('bodies that are none of the forms, empty, ragged or not JSON are refused without quoting them', async () => {
  const bodies: readonly unknown[] = [
    '{"secret',
    'secret',
    '[1]',
    '{}',
    { inputs: {}, instances: [] },
    { dataframe_records: [] },
    { dataframe_records: 'secret' },
    { dataframe_records: [1] },
    { dataframe_split: { columns: ['name'], data: [['secret', 1]] } },
    { dataframe_split: { columns: ['name', 'name'], data: [['secret', 1]] } },
    { dataframe_split: { columns: ['name'], data: [], rows: [] } },
    { inputs: { name: ['secret'], age: [1, 2], rooms: [1], height: [1], weight: [1], smoker: [true] } },
    { messages: [{ role: 'user', content: 'secret' }] },
  ];
  for (const body of bodies) {
    const answer = await score(body);
    expect([body, answer.status]).toEqual([body, 400]);
    expect(answer.json).toEqual({ error_code: expect.any(String), message: expect.stringMatching(/^MW-/) });
    expect(answer.text).not.toContain('secret');
  }
  for (const x of [[[1, 2], [3], [4, 5, 6]], [[1, 2, 3]], [[]], [1, 2], [[[1, 2]]]]) {
    const answer = await ask(doors.url, '/endpoints/linear/invocations', { inputs: x });
    expect([x, answer.status, answer.text.includes('x')]).toEqual([x, 400, true]);
  }
});

test('CSV: quoted cells, types from the signature, a byte order mark, pandas’ index and missing cells', async () => {
  const csv =
    '\uFEFF,name,age,rooms,height,weight,smoker\r\n0,"a ""b"", c\nd",36,3,,60.5,True\r\n1,NA,40.0,2,1e1,1,0\r\n';
  const answer = await score(csv, { 'content-type': 'text/csv; charset=UTF-8' });
  expect(answer.json).toEqual({
    predictions: [
      { score: null, label: 'old' },
      { score: 50, label: 'old' },
    ],
  });
  const bad = await score('name,age,rooms,height,weight,smoker\na,x,1,1,1,true\n', { 'content-type': 'text/csv' });
  expect([bad.status, bad.text.includes('\\"age\\" takes INT64, but row 0 has a text')]).toEqual([400, true]);
  const open = await score('name\n"a', { 'content-type': 'text/csv' });
  expect(open.status).toBe(400);
  const out = await score({ dataframe_records: [ROW] }, { accept: 'text/csv' });
  expect([out.headers.get('content-type'), out.text]).toEqual(['text/csv; charset=utf-8', 'score,label\n37.5,old\n']);
});

test('content types: MLflow’s rules, answered in plain text', async () => {
  for (const [type, status] of [
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['application/json; charset="UTF-8"', 200],
    ['application/json; charset=latin1', 415],
    ['application/json; version=1', 415],
    ['text/plain', 415],
    ['application/vnd.apache.parquet', 415],
  ] as const) {
    const answer = await score({ dataframe_records: [ROW] }, { 'content-type': type });
    expect([type, answer.status]).toEqual([type, status]);
    if (status === 415) expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  }
  const latin = await fetch(`${doors.url}/endpoints/people/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]),
  });
  expect(latin.status).toBe(400);
});

test('params: known ones reach the model checked, unknown ones are named in a warning and ignored', async () => {
  const call = (params: unknown) => score({ dataframe_records: [ROW], params });
  expect((await call({ threshold: 50 })).json).toEqual({ predictions: [{ score: 37.5, label: 'young' }] });
  const unknown = await call({ temperature: 1, 'b\nad': 2 });
  expect([unknown.status, unknown.headers.get('mw-warning')]).toEqual([200, 'params ignored: temperature b?ad']);
  const wrong = await call({ threshold: 'high' });
  expect([wrong.status, wrong.json]).toEqual([
    400,
    { error_code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining('"threshold" must be double') },
  ]);
  expect((await call([1])).status).toBe(400);
});

test('ping, health and version are MLflow’s; the list is what mlflow.deployments asks for', async () => {
  expect(await ask(doors.url, '/ping')).toMatchObject({ status: 200, text: '\n' });
  expect(await ask(doors.url, '/health')).toMatchObject({ status: 200, text: '\n' });
  expect((await ask(doors.url, '/version')).text).toMatch(/^3\.\d+\.\d+$/);
  expect((await ask(doors.url, '/api/2.0/endpoints/people')).json).toEqual({
    name: 'people',
    endpoint_type: 'mlflow/v1/invocations',
    model: { name: 'people', provider: 'millwright' },
    endpoint_url: '/endpoints/people/invocations',
    limit: null,
  });
  expect((await ask(doors.url, '/api/2.0/endpoints/nobody')).status).toBe(404);
  const several = await ask(doors.url, '/invocations', { inputs: [1] });
  expect([several.status, several.text.includes('people, linear')]).toEqual([404, true]);
});

test('V1: rows and columns, versions, both servers’ status, TensorFlow’s metadata, errors as {"error"}', async () => {
  const rows = await ask(doors.url, '/v1/models/people:predict', { instances: [ROW, ROW] });
  expect(rows.json).toEqual({
    predictions: [
      { score: 37.5, label: 'old' },
      { score: 37.5, label: 'old' },
    ],
  });
  expect(rows.headers.get('mw-model-version')).toBe('3');
  const columns = Object.fromEntries(Object.entries(ROW).map(([name, value]) => [name, [value]]));
  expect((await ask(doors.url, '/v1/models/people/versions/3:predict', { inputs: columns })).json).toEqual({
    outputs: { score: [37.5], label: ['old'] },
  });
  expect((await ask(doors.url, '/v1/models/linear:predict', { instances: [[1, 2]] })).json).toEqual({
    predictions: [[2, 4]],
  });
  expect((await ask(doors.url, '/v1/models/linear:predict', { inputs: [[1, 2]] })).json).toEqual({ outputs: [[2, 4]] });
  const bytes = { ...ROW, name: { b64: Buffer.from('아다').toString('base64') } };
  expect((await ask(doors.url, '/v1/models/people:predict', { instances: [bytes] })).status).toBe(200);
  expect((await ask(doors.url, '/v1/models')).json).toEqual({ models: ['people', 'linear'] });
  expect((await ask(doors.url, '/v1/models/people')).json).toEqual({
    name: 'people',
    ready: true,
    model_version_status: [{ version: '3', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }],
  });
  expect((await ask(doors.url, '/v1/models/linear/metadata')).json).toMatchObject({
    model_spec: { name: 'linear', version: '3' },
    metadata: { signature_def: { signature_def: { serving_default: { inputs: { x: { dtype: 'DT_FLOAT' } } } } } },
  });
  for (const [path, body, status] of [
    ['/v1/models/nobody:predict', { instances: [1] }, 404],
    ['/v1/models/people/versions/9:predict', { instances: [ROW] }, 404],
    ['/v1/models/people/versions/x:predict', { instances: [ROW] }, 404],
    ['/v1/models/people:explain', { instances: [ROW] }, 404],
    ['/v1/models/people:predict', { instances: [ROW], inputs: [] }, 400],
    ['/v1/models/people:predict', {}, 400],
    ['/v1/models/people:predict', { instances: [{ ...ROW, age: 'x' }] }, 400],
    ['/v1/models/people:predict', { instances: [[1, 2]] }, 400],
    ['/v1/models/people:predict', { signature_name: 'other', instances: [ROW] }, 400],
    ['/v1/models/nobody', undefined, 404],
    ['/v1/models/people/versions/9', undefined, 404],
  ] as const) {
    const answer = await ask(doors.url, path, body);
    expect([path, answer.status, answer.json]).toEqual([path, status, { error: expect.any(String) }]);
  }
});

test('SageMaker: the inference id is the prediction’s, custom attributes come back, several models are listed and invoked', async () => {
  const answer = await ask(
    alone.url,
    '/invocations',
    { dataframe_records: [ROW] },
    {
      'x-amzn-sagemaker-inference-id': 'order-17',
      'x-amzn-sagemaker-custom-attributes': 'trace=5',
      accept: 'application/json',
    },
  );
  expect([
    answer.status,
    answer.headers.get('mw-prediction-id'),
    answer.headers.get('x-amzn-sagemaker-custom-attributes'),
  ]).toEqual([200, 'order-17', 'trace=5']);
  const odd = await ask(
    alone.url,
    '/invocations',
    { dataframe_records: [ROW] },
    { 'x-amzn-sagemaker-inference-id': 'a b?' },
  );
  expect([odd.status, odd.headers.get('mw-prediction-id')]).toEqual([200, expect.stringMatching(/^p_/)]);
  expect((await ask(doors.url, '/models')).json).toEqual({
    models: [
      { modelName: 'people', modelUrl: 'models:/people/3' },
      { modelName: 'linear', modelUrl: 'models:/linear/3' },
    ],
  });
  expect((await ask(doors.url, '/models/linear')).status).toBe(200);
  expect((await ask(doors.url, '/models/linear/invoke', { inputs: [[1, 2]] })).json).toEqual({ predictions: [[2, 4]] });
  expect((await ask(doors.url, '/models/nobody/invoke', { inputs: [[1, 2]] })).status).toBe(404);
  expect((await ask(doors.url, '/models', { model_name: 'm', url: '/opt' })).status).toBe(404);
});

test('Vertex AI: its own routes, parameters, and the id of the deployed model', async () => {
  const route = '/v1/endpoints/7/deployedModels/9';
  const answer = await ask(alone.url, `${route}:predict`, { instances: [ROW], parameters: { threshold: 50 } });
  expect(answer.json).toEqual({ predictions: [{ score: 37.5, label: 'young' }], deployedModelId: '9' });
  expect((await ask(alone.url, route)).status).toBe(200);
  expect((await ask(alone.url, `${route}:predict`, { instances: [{ ...ROW, age: 'x' }] })).status).toBe(400);
  expect((await ask(doors.url, `${route}:predict`, { instances: [ROW] })).status).toBe(404);
});

test('the environment of a cloud’s container is read once, and a wrong value is named', () => {
  expect(containerContract({})).toBeUndefined();
  expect(containerContract({ SAGEMAKER_BIND_TO_PORT: '9000' })).toEqual({
    cloud: 'sagemaker',
    host: '0.0.0.0',
    port: 9000,
  });
  expect(containerContract({ AIP_PREDICT_ROUTE: '/p' })).toEqual({
    cloud: 'vertex',
    host: '0.0.0.0',
    port: 8080,
    predictRoute: '/p',
  });
  for (const env of [
    { AIP_HTTP_PORT: 'x' },
    { AIP_HTTP_PORT: '70000' },
    { AIP_PREDICT_ROUTE: 'p' },
    { AIP_HEALTH_ROUTE: '/a b' },
  ])
    expect(() => containerContract(env)).toThrow(Object.keys(env)[0] ?? '');
});

const cell = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1.5, 1e300, '', 'x', '12', '__proto__'),
  fc.array(fc.constantFrom(1, 'a', null), { maxLength: 3 }),
  fc.constant({ b64: '!' }),
);
const row = fc.record(
  { name: cell, age: cell, rooms: cell, height: cell, weight: cell, smoker: cell, seen: cell, photo: cell },
  { requiredKeys: [] },
);
const table = fc.oneof(
  fc.array(row, { maxLength: 3 }),
  row,
  cell,
  fc.array(cell, { maxLength: 3 }),
  fc.record(
    { columns: fc.array(fc.constantFrom('name', 'age', 'x')), data: fc.array(fc.array(cell)) },
    { requiredKeys: [] },
  ),
);

test('whatever is sent, the answer is 2xx or a coded 4xx in the words of the protocol', async () => {
  const forms = fc.constantFrom('dataframe_split', 'dataframe_records', 'instances', 'inputs');
  await fc.assert(
    fc.asyncProperty(forms, table, fc.option(row, { nil: undefined }), async (form, value, params) => {
      const body = { [form]: value, ...(params === undefined ? {} : { params, parameters: params }) };
      const answers = [await score(body), await ask(doors.url, '/v1/models/people:predict', body)];
      for (const answer of answers) {
        if (answer.status === 200) continue;
        expect(answer.status).toBe(400);
        expect(answer.text).toMatch(/^\{"(?:error|error_code)":".*MW-(?:TENSOR|INVALID)/);
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);
