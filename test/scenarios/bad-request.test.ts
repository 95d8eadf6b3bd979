/** Story 5: what clients send wrong to an endpoint is their error (4xx), names the tensor, and harms nobody else. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Answer,
  ask,
  createScenario,
  FIXTURES,
  type Scenario,
  type ServerProcess,
  tinyProject,
} from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

beforeAll(async () => {
  scenario = await createScenario('bad-request');
  tinyProject(scenario, { name: 'tab' });
  cpSync(join(FIXTURES, 'tabular.onnx'), join(scenario.project, 'linear-1.onnx'));
  server = await scenario.start();
  expect((await scenario.mw(['run', '--json'])).code).toBe(0);
  expect((await scenario.mw(['deploy', '--json'])).code).toBe(0);
}, 60_000);
afterAll(() => scenario.end());

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: unknown;
  readonly data: unknown;
}
const CARRIER: Tensor = { name: 'carrier', datatype: 'BYTES', shape: [1, 1], data: ['AA'] };
const DISTANCE: Tensor = { name: 'distance', datatype: 'FP32', shape: [1, 1], data: [1.5] };
const WIND: Tensor = { name: 'wind', datatype: 'FP32', shape: [1, 1], data: [0.5] };

const infer = (body: unknown, path = '/v2/models/tab/infer'): Promise<Answer> => ask(server.rest, path, { body });
const good = (): Promise<Answer> => infer({ inputs: [CARRIER, DISTANCE, WIND] });
const nested = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

const BAD: readonly (readonly [what: string, body: unknown, says: RegExp])[] = [
  ['unknown input name', { inputs: [CARRIER, DISTANCE, { ...WIND, name: 'wnd' }] }, /wnd/],
  ['missing input', { inputs: [CARRIER, DISTANCE] }, /wind/],
  ['an input twice', { inputs: [CARRIER, DISTANCE, WIND, WIND] }, /wind/],
  ['wrong rank', { inputs: [CARRIER, DISTANCE, { ...WIND, shape: [1, 1, 1] }] }, /wind/],
  ['wrong inner size', { inputs: [CARRIER, DISTANCE, { ...WIND, shape: [1, 2], data: [1, 2] }] }, /wind/],
  ['shape and data disagree', { inputs: [CARRIER, DISTANCE, { ...WIND, data: [1, 2, 3] }] }, /wind/],
  ['negative shape', { inputs: [CARRIER, DISTANCE, { ...WIND, shape: [-1, 1] }] }, /inputs\[2\]\.shape/],
  ['huge shape', { inputs: [CARRIER, DISTANCE, { ...WIND, shape: [2 ** 40, 2 ** 40] }] }, /wind/],
  ['shape of words', { inputs: [CARRIER, DISTANCE, { ...WIND, shape: ['a', 'b'] }] }, /inputs\[2\]\.shape/],
  [
    'different numbers of rows',
    { inputs: [CARRIER, DISTANCE, { ...WIND, shape: [2, 1], data: [1, 2] }] },
    /wind|distance|carrier/,
  ],
  ['wrong datatype', { inputs: [CARRIER, DISTANCE, { ...WIND, datatype: 'BYTES', data: ['x'] }] }, /wind/],
  ['unknown datatype', { inputs: [CARRIER, DISTANCE, { ...WIND, datatype: 'FP99' }] }, /wind|FP99/],
  ['a word for a number', { inputs: [CARRIER, DISTANCE, { ...WIND, data: ['fast'] }] }, /wind/],
  ['a shape that would take 40 GB', { inputs: [CARRIER, DISTANCE, { ...WIND, shape: [10_000_000_000, 1] }] }, /wind/],
  ['null for a word', { inputs: [{ ...CARRIER, data: [null] }, DISTANCE, WIND] }, /carrier/],
  ['a number for a word', { inputs: [{ ...CARRIER, data: [7] }, DISTANCE, WIND] }, /carrier/],
  ['data that is no list', { inputs: [CARRIER, DISTANCE, { ...WIND, data: 'x' }] }, /wind/],
  ['no inputs', {}, /inputs/],
  ['inputs that are no list', { inputs: 7 }, /inputs/],
  ['an input that is no object', { inputs: [null] }, /inputs/],
  ['an unknown output asked for', { inputs: [CARRIER, DISTANCE, WIND], outputs: [{ name: 'nothing' }] }, /nothing/],
  ['a body that is no object', '[]', /./],
  ['a body that is null', 'null', /./],
  ['not JSON', '{"inputs": [', /JSON/i],
  ['an empty body', '', /./],
  ['too deep', `{"inputs": ${nested(5000)}}`, /./],
  [
    '__proto__ as a name',
    '{"inputs": [{"name": "__proto__", "datatype": "FP32", "shape": [1, 1], "data": [1]}]}',
    /__proto__/,
  ],
];

test('a good request works, and so does a batch of 1000 rows', async () => {
  const answer = await good();
  expect(answer.status).toBe(200);
  expect(answer.json.outputs.length).toBeGreaterThan(0);
  const rows = Array.from({ length: 1000 }, () => 1);
  const shape = [1000, 1];
  const batch = await infer({
    inputs: [
      { ...CARRIER, shape, data: rows.map(() => 'AA') },
      { ...DISTANCE, shape, data: rows },
      { ...WIND, shape, data: rows },
    ],
  });
  expect(batch.status).toBe(200);
});

test.each(BAD)('%s', async (_what, body, says) => {
  const answer = await infer(body);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(Object.keys(answer.json)).toEqual(['error']);
  expect(answer.json.error).toMatch(says);
  expect(answer.json.error.length).toBeLessThan(1000);
});

test('too large: refused without reading it all', async () => {
  const answer = await infer(`{"inputs": ["${'x'.repeat(70 * 2 ** 20)}"]}`).catch(
    (error: unknown) => error as NodeJS.ErrnoException,
  );
  // The answer, or a connection that was cut while the body was still being sent.
  if ('status' in answer) expect(answer.status).toBe(413);
  else expect(answer.code).toMatch(/EPIPE|ECONNRESET/);
  expect((await good()).status).toBe(200);
});

test('unknown endpoint, unknown version, unknown route, wrong method', async () => {
  const body = { inputs: [CARRIER, DISTANCE, WIND] };
  for (const [path, says] of [
    ['/v2/models/flights/infer', /flights/],
    ['/v2/models/tab/versions/99/infer', /99/],
    ['/v2/models/tab/versions/x/infer', /x/],
    ['/v2/nothing', /./],
    ['/v2/models/%2e%2e/infer', /./],
    ['/v2/models/%ff/infer', /./],
  ] as const) {
    const answer = await infer(body, path);
    expect({ path, status: answer.status }).toEqual({
      path,
      status: expect.toSatisfy((code: number) => code >= 400 && code < 500),
    });
    expect(answer.json.error).toMatch(says);
  }
  const get = await ask(server.rest, '/v2/models/tab/infer');
  expect(get.status).toBeGreaterThanOrEqual(400);
  expect(get.status).toBeLessThan(500);
});

test('after 500 bad requests a good one works, and errors of clients are not errors of the model', {
  timeout: 40_000,
}, async () => {
  const pick = (index: number): unknown => BAD[index % BAD.length]?.[1];
  for (let batch = 0; batch < 50; batch += 1) {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => infer(pick(batch * 10 + index))));
    for (const { status } of answers) expect(Math.floor(status / 100)).toBe(4);
  }
  expect((await good()).status).toBe(200);
  const { json } = await ask(server.url, '/api/v1/endpoints/tab');
  expect(json.endpoint.releases[0]).toMatchObject({ version: 1, errors: 0 });
});

test('mw predict tells what is wrong with a row, and works with a good one', async () => {
  const wrong = await scenario.mw(['predict', 'tab', '{"carrier": "AA", "distence": 1, "wind": 2}']);
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain('distence');
  expect(wrong.err).toContain('MW-TENSOR');
  const typed = await scenario.mw(['predict', 'tab', '{"carrier": "AA", "distance": "far", "wind": 2}']);
  expect(typed.code).toBe(1);
  expect(typed.err).toContain('distance');
  const missing = await scenario.mw(['predict', 'tab', 'no-such-file.json']);
  expect(missing.code).toBe(2);
  expect(missing.err).toContain('no-such-file.json');
  const right = await scenario.mw(['predict', 'tab', '{"carrier": "AA", "distance": 1, "wind": 2}', '--json']);
  expect(right.code).toBe(0);
});
