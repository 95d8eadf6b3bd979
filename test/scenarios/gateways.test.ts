/** A real server with tokens, a gateway that follows it, and models served out of its registry. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { foreground, killForegrounds } from './foreground.ts';
import type { Foreground } from './foreground.ts';
import {
  ask,
  createScenario,
  FIXTURES,
  type Json,
  jsonOf,
  type Scenario,
  type ServerProcess,
  tinyProject,
  until,
} from './scenario.ts';

const ADMIN = 'an-admin-token-of-sufficient-length';
const asAdmin = { env: { MILLWRIGHT_TOKEN: ADMIN } };
const BODY = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] };

let scenario: Scenario;
let server: ServerProcess;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  scenario = await createScenario('gateways');
  tinyProject(scenario);
  server = await scenario.start({ env: { MILLWRIGHT_REQUIRE_TOKEN: 'true', MILLWRIGHT_TOKEN: ADMIN } });
  for (const role of ['viewer', 'gateway'])
    tokens[role] = jsonOf(await scenario.mw(['token', 'create', `a-${role}`, '--role', role, '--json'], asAdmin)).text;
  const ran = await scenario.mw(['run', '--json'], asAdmin);
  expect(ran.code, ran.out + ran.err).toBe(0);
  const deployed = await scenario.mw(['deploy', '--json'], asAdmin);
  expect(deployed.code, deployed.out + deployed.err).toBe(0);
  await until('the endpoint', async () => (await infer(server.rest, tokens['viewer'])).status === 200);
}, 120_000);
afterAll(async () => {
  killForegrounds();
  await scenario.end();
});

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
const infer = (rest: string, token?: string) =>
  ask(rest, '/v2/models/tiny/infer', { headers: bearer(token), body: BODY });

const follow = (token: string | undefined, name: string): Promise<Foreground> =>
  foreground(
    ['gateway', '--follow', server.url, '--name', name, '--home', join(scenario.root, name)].concat([
      '--port',
      '0',
      '--grpc-port',
      '0',
    ]),
    {
      cwd: scenario.root,
      env: {
        MILLWRIGHT_REQUIRE_TOKEN: 'true',
        MILLWRIGHT_LOG_LEVEL: 'silent',
        ...(token === undefined ? {} : { MILLWRIGHT_TOKEN: token }),
      },
    },
  );

test('a token of the role gateway follows, and opens nothing else; other tokens do not follow', async () => {
  const routes = '/api/v1/plane/routes?gateway=x&wait=0s';
  const get = (token: string | undefined, path: string) => ask(server.url, path, { headers: bearer(token) });
  expect((await get(undefined, routes)).status).toBe(401);
  expect((await get(tokens['viewer'], routes)).json.error.code).toBe('MW-FORBIDDEN');
  const book = await get(tokens['gateway'], routes);
  expect(book.json.current).toMatchObject([{ endpoint: 'tiny' }]);
  for (const path of ['/api/v1/home', '/api/v1/tokens', '/api/v1/plane/gateways'])
    expect((await get(tokens['gateway'], path)).status, path).toBe(403);
  // Only files that the book names; a name is never a path.
  for (const name of [`model-${'0'.repeat(64)}`, 'model-..%2F..%2Fmillwright.db', 'golden-x'])
    expect((await get(tokens['gateway'], `/api/v1/plane/models/${name}`)).status).toBeGreaterThanOrEqual(400);
  const digest = book.json.current[0].models[0].modelDigest.slice('sha256:'.length);
  const whole = await get(tokens['gateway'], `/api/v1/plane/models/model-${digest}`);
  expect(whole.status).toBe(200);
  const rest = await ask(server.url, `/api/v1/plane/models/model-${digest}`, {
    headers: { ...bearer(tokens['gateway']), range: 'bytes=10-' },
  });
  expect({ status: rest.status, bytes: Number(rest.headers['content-length']) }).toEqual({
    status: 206,
    bytes: Number(whole.headers['content-length']) - 10,
  });
});

test('a follower serves what the server serves, checks the same tokens, and its predictions are in the log', {
  timeout: 60_000,
}, async () => {
  const gateway = await follow(tokens['gateway'], 'eu-1');
  const { rest } = gateway.told;
  expect(gateway.told.endpoints).toEqual(['tiny']);
  expect((await infer(rest)).status).toBe(401);
  const answer = await infer(rest, tokens['viewer']);
  expect(answer.status).toBe(200);
  const { id } = answer.json as { id: string };
  await until('the prediction in the log of the server', async () => {
    const found = await ask(server.url, `/api/v1/endpoints/tiny/predictions/${encodeURIComponent(`${id}/0`)}`, {
      headers: bearer(tokens['viewer']),
    });
    return found.status === 200;
  });
  const seen = await ask(server.url, '/api/v1/plane/gateways', { headers: bearer(tokens['viewer']) });
  expect(seen.json.gateways).toMatchObject([{ id: 'x' }, { id: 'eu-1', live: true }]);

  // A revoked token of a caller is refused there, too.
  await scenario.mw(['token', 'revoke', 'a-viewer'], asAdmin);
  await until('the token to be refused', async () => (await infer(rest, tokens['viewer'])).status === 401);
  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toBe(0);
});

test('a version out of the registry: from the home, and from the server', { timeout: 60_000 }, async () => {
  const free = ['--port', '0', '--grpc-port', '0'];
  for (const [target, args, env] of [
    ['models:/tiny@champion', ['--home', scenario.home], {}],
    ['models:/tiny/1', ['--url', server.url], { MILLWRIGHT_TOKEN: ADMIN }],
  ] as const) {
    const served = await foreground(['serve', target, ...args, ...free], { cwd: scenario.root, env });
    expect(served.told, JSON.stringify(served.told)).toMatchObject({ name: 'tiny', version: 1 });
    expect((await infer(served.told.rest)).json.outputs[0].data).toEqual([2, 3]);
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
  }
});

test('a folder that an MLflow client registered, of the ONNX flavour: no Python is needed', {
  timeout: 60_000,
}, async () => {
  const send = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Json> => {
    const response = await fetch(`${server.url}/api/2.0/${path}`, {
      method,
      headers: {
        ...bearer(ADMIN),
        'content-type': typeof body === 'string' ? 'application/json' : 'application/octet-stream',
      },
      body,
    });
    const text = await response.text();
    expect(response.status, text).toBe(200);
    return text === '' ? {} : JSON.parse(text);
  };
  const { run } = await send('POST', 'mlflow/runs/create', JSON.stringify({ experiment_id: '0' }));
  const { run_id: runId, artifact_uri: uri } = run.info as { run_id: string; artifact_uri: string };
  const at = `mlflow-artifacts/artifacts/${uri.replace(/^mlflow-artifacts:\/*/, '')}/folder`;
  const mlmodel = 'flavors:\n  onnx:\n    data: inner/model.onnx\n  python_function:\n    loader_module: mlflow.onnx\n';
  await send('PUT', `${at}/MLmodel`, new TextEncoder().encode(mlmodel));
  await send('PUT', `${at}/inner/model.onnx`, new Uint8Array(await readFile(join(FIXTURES, 'linear-3.onnx'))));
  await send('POST', 'mlflow/registered-models/create', JSON.stringify({ name: 'logged' }));
  await send(
    'POST',
    'mlflow/model-versions/create',
    JSON.stringify({ name: 'logged', source: `${uri}/folder`, run_id: runId }),
  );
  for (const args of [
    ['--url', server.url],
    ['--home', scenario.home],
  ]) {
    const command = ['serve', 'models:/logged/1', ...args, '--port', '0', '--grpc-port', '0', '--name', 'tiny'];
    const served = await foreground(command, {
      cwd: scenario.root,
      env: args[0] === '--url' ? { MILLWRIGHT_TOKEN: ADMIN } : {},
    });
    expect(served.told, JSON.stringify(served.told)).toMatchObject({ name: 'tiny', version: 1 });
    expect((await infer(served.told.rest)).json.outputs[0].data).toEqual([6, 9]);
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
  }
});

test('mw gateway replace under a server: another process, the same addresses', { timeout: 60_000 }, async () => {
  const before = scenario.planePid();
  const replaced = await scenario.mw(['gateway', 'replace', '--json']);
  expect(replaced.code, replaced.out + replaced.err).toBe(0);
  expect(jsonOf(replaced)).toMatchObject({ before: { pid: before, rest: server.rest }, after: { rest: server.rest } });
  expect(scenario.planePid()).not.toBe(before);
  expect((await infer(server.rest, ADMIN)).status).toBe(200);
  expect((await scenario.mw(['gateway', 'dance'])).code).toBe(2);
});
