/** Story 9: what a client gets wrong is a 4xx with a code and the field; no query whatever is a 5xx. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROUTES } from '../../src/api/http/contract.ts';
import { ask, createScenario, type Scenario, type ServerProcess, tinyProject } from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

beforeAll(async () => {
  scenario = await createScenario('api-errors');
  tinyProject(scenario);
  server = await scenario.start();
  expect((await scenario.mw(['run', '--json'])).code).toBe(0);
  expect((await scenario.mw(['deploy', '--json'])).code).toBe(0);
}, 60_000);
afterAll(() => scenario.end());

const PIPELINE = '/api/v1/projects/tiny/pipeline-runs';
const ENDPOINT = '/api/v1/endpoints/tiny';

const WRONG: readonly (readonly [
  method: string,
  path: string,
  body: unknown,
  status: number,
  code: string,
  says: RegExp,
])[] = [
  ['POST', PIPELINE, { sets: {} }, 400, 'MW-INVALID', /sets/],
  ['POST', PIPELINE, { set: 7 }, 400, 'MW-INVALID', /set/],
  ['POST', PIPELINE, { set: { 'train.model': { a: 1 } } }, 400, 'MW-INVALID', /train\.model/],
  ['POST', PIPELINE, { set: { 'nothing.model': 1 } }, 400, 'MW-INVALID', /nothing/],
  ['POST', PIPELINE, { set: { 'train.nothing': 1 } }, 400, 'MW-INVALID', /nothing/],
  ['POST', PIPELINE, [], 400, 'MW-INVALID', /body/],
  ['POST', '/api/v1/projects/nothing/pipeline-runs', {}, 404, 'MW-NOT-FOUND', /nothing/],
  ['POST', '/api/v1/pipeline-runs/tiny-99/cancel', {}, 404, 'MW-NOT-FOUND', /tiny-99/],
  ['POST', `${ENDPOINT}/deploy`, { version: 0 }, 400, 'MW-INVALID', /version/],
  ['POST', `${ENDPOINT}/deploy`, { version: 'two' }, 400, 'MW-INVALID', /version/],
  ['POST', `${ENDPOINT}/deploy`, { version: 99 }, 404, 'MW-NOT-FOUND', /99/],
  ['POST', `${ENDPOINT}/deploy`, { verison: 1 }, 400, 'MW-INVALID', /verison/],
  ['POST', '/api/v1/endpoints/nothing/deploy', {}, 404, 'MW-NOT-FOUND', /nothing/],
  ['POST', '/api/v1/endpoints/nothing/rollback', undefined, 404, 'MW-NOT-FOUND', /nothing/],
  ['POST', `${ENDPOINT}/rollback`, undefined, 409, 'MW-STATE', /tiny/],
  ['POST', `${ENDPOINT}/try`, { rows: [] }, 400, 'MW-INVALID', /rows/],
  ['POST', `${ENDPOINT}/try`, { rows: [{ nothing: 1 }] }, 400, 'MW-TENSOR', /nothing/],
  [
    'POST',
    `${ENDPOINT}/outcomes`,
    { outcomes: [{ prediction_id: 'a', name: 'x', value: 'high' }] },
    400,
    'MW-INVALID',
    /outcomes\[0\]\.value/,
  ],
  [
    'POST',
    `${ENDPOINT}/outcomes`,
    { outcomes: [{ id: 'a', name: 'x', value: 1 }] },
    400,
    'MW-INVALID',
    /outcomes\[0\]/,
  ],
  ['POST', '/api/v1/models/tiny/versions/1/promote', { alias: 7 }, 400, 'MW-INVALID', /alias/],
  ['POST', '/api/v1/models/tiny/versions/one/promote', { alias: 'champion' }, 400, 'MW-INVALID', /version/],
  ['POST', '/api/v1/models/tiny/versions/99/promote', { alias: 'champion' }, 404, 'MW-NOT-FOUND', /99/],
  ['GET', '/api/v1/pipeline-runs?limit=0', undefined, 400, 'MW-INVALID', /limit/],
  ['GET', '/api/v1/pipeline-runs?limit=many', undefined, 400, 'MW-INVALID', /limit/],
  ['GET', '/api/v1/pipeline-runs?limit=1&limit=2', undefined, 400, 'MW-INVALID', /limit/],
  ['GET', '/api/v1/alerts?status=burning', undefined, 400, 'MW-INVALID', /status/],
  ['GET', '/api/v1/runs?filter=metrics.auc+%3E%3E+1', undefined, 400, 'MW-INVALID', /filter|>>/],
  ['GET', '/api/v1/runs?order=auc', undefined, 400, 'MW-INVALID', /auc|order/],
  ['GET', '/api/v1/runs?pageToken=nonsense', undefined, 400, 'MW-INVALID', /token/i],
  ['GET', '/api/v1/runs/nothing', undefined, 404, 'MW-NOT-FOUND', /nothing/],
  ['GET', '/api/v1/models/nothing', undefined, 404, 'MW-NOT-FOUND', /nothing/],
  ['GET', '/api/v1/models/tiny/versions/99', undefined, 404, 'MW-NOT-FOUND', /99/],
  ['GET', '/api/v1/pipeline-runs/tiny-99', undefined, 404, 'MW-NOT-FOUND', /tiny-99/],
  ['GET', '/api/v1/pipeline-runs/tiny-1/steps/nothing/log', undefined, 404, 'MW-NOT-FOUND', /nothing/],
  ['GET', '/api/v1/projects/tiny/monitors/nothing', undefined, 404, 'MW-NOT-FOUND', /nothing/],
  ['GET', '/api/v1/projects/nothing/monitors/x', undefined, 404, 'MW-NOT-FOUND', /nothing/],
  ['GET', '/api/v1/endpoints/nothing', undefined, 404, 'MW-NOT-FOUND', /nothing/],
  ['GET', '/api/v1/endpoints/tiny/predictions/nothing', undefined, 404, 'MW-NOT-FOUND', /nothing/],
  ['GET', '/api/v1/nothing', undefined, 404, 'MW-ROUTE', /nothing/],
  ['DELETE', '/api/v1/home', undefined, 404, 'MW-ROUTE', /DELETE/],
];

test.each(WRONG)('%s %s %j', async (method, path, body, status, code, says) => {
  const answer = await ask(server.url, path, { method, ...(body === undefined ? {} : { body }) });
  expect({ status: answer.status, error: answer.json?.error }).toMatchObject({ status, error: { code } });
  const { message, where = '' } = answer.json.error;
  expect(`${message} ${where}`).toMatch(says);
  expect(message).not.toMatch(/\.(?:ts|js):\d+|SQLITE|undefined/);
});

const ODD = [
  '',
  'x',
  '0',
  '-1',
  '1e999',
  'NaN',
  'null',
  'true',
  '..',
  '../..',
  '%2e%2e%2f',
  '%00',
  '%ff',
  '%',
  "'; DROP TABLE runs; --",
  '"><script>',
  '{}',
  '[]',
  '__proto__',
  'constructor',
  'tiny',
  'tiny-1',
  '1',
  '99999999999999999999',
  '한국어',
  '\u202e',
  'x'.repeat(900),
];

test('every GET route with odd parameters: never a 5xx, never a stack', { timeout: 60_000 }, async () => {
  const seen: Record<number, number> = {};
  const bad: string[] = [];
  const keys = [
    'limit',
    'project',
    'before',
    'types',
    'status',
    'experiment',
    'filter',
    'order',
    'pageToken',
    'key',
    'path',
    'attempt',
    'offset',
    'windowMs',
    'nothing',
  ];
  for (const route of Object.values(ROUTES)) {
    if (route.method !== 'GET') continue;
    const paths = ODD.flatMap((odd, index) => {
      const raw = odd.startsWith('%') ? odd : encodeURIComponent(odd);
      const filled = route.path.replaceAll(/\{\w+\}/g, raw);
      const known = route.path
        .replace('{project}', 'tiny')
        .replace('{name}', 'tiny')
        .replace('{id}', 'tiny-1')
        .replace('{step}', 'train')
        .replace('{version}', '1');
      const query = `${keys[index % keys.length]}=${raw}&${keys[(index * 7 + 3) % keys.length]}=${raw}`;
      return [`${filled}?${query}`, `${known}?${query}`];
    });
    const answers = await Promise.all(
      [...new Set(paths)].map(async (path) => ({ path, answer: await ask(server.url, path) })),
    );
    for (const { path, answer } of answers) {
      seen[answer.status] = (seen[answer.status] ?? 0) + 1;
      if (answer.status >= 500 || /\bat .*\.(?:ts|js):\d+/.test(answer.text))
        bad.push(`${answer.status} ${path.slice(0, 200)} ${answer.text.slice(0, 200)}`);
    }
  }
  expect(bad).toEqual([]);
  expect(Object.values(seen).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(800);
  expect((await ask(server.url, '/api/v1/home')).status).toBe(200);
});

test('every POST route with odd bodies: never a 5xx', { timeout: 60_000 }, async () => {
  const bodies = [
    '',
    '{}',
    '[]',
    'null',
    '7',
    '"x"',
    '{',
    '{"set":null}',
    '{"version":1e400}',
    '{"__proto__":{"version":1}}',
    '{"rows":[null]}',
    '{"outcomes":[{}]}',
    '{"alias":""}',
    `{"alias":"${'x'.repeat(5000)}"}`,
  ];
  const bad: string[] = [];
  for (const route of Object.values(ROUTES)) {
    if (route.method !== 'POST') continue;
    for (const name of ['nothing', 'tiny', '%ff', '..']) {
      const path = route.path.replaceAll(/\{\w+\}/g, name).replace('/versions/tiny', '/versions/1');
      const answers = await Promise.all(bodies.map((body) => ask(server.url, path, { method: 'POST', body })));
      for (const [index, answer] of answers.entries()) {
        if (answer.status >= 500)
          bad.push(`${answer.status} ${path} ${bodies[index]?.slice(0, 60)} ${answer.text.slice(0, 200)}`);
      }
    }
  }
  expect(bad).toEqual([]);
});
