/** Tokens by role on the API and on both doors of the data plane, and the audit of who changed what. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inferenceService } from '../../src/api/oip/grpc.ts';
import {
  ask,
  createScenario,
  type Json,
  jsonOf,
  type Scenario,
  type ServerProcess,
  tinyProject,
  until,
} from './scenario.ts';

const ADMIN = 'an-admin-token-of-sufficient-length';
const asAdmin = { env: { MILLWRIGHT_TOKEN: ADMIN } };

let scenario: Scenario;
let server: ServerProcess;
const texts: Record<string, string> = {};

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
const api = (token: string | undefined, method: string, path: string, body?: unknown) =>
  ask(server.url, path, { method, headers: bearer(token), ...(body === undefined ? {} : { body }) });

beforeAll(async () => {
  scenario = await createScenario('tokens');
  tinyProject(scenario);
  server = await scenario.start({ env: { MILLWRIGHT_REQUIRE_TOKEN: 'true', MILLWRIGHT_TOKEN: ADMIN } });
  for (const role of ['viewer', 'editor']) {
    const made = await scenario.mw(['token', 'create', `a-${role}`, '--role', role, '--json'], asAdmin);
    expect({ code: made.code, err: made.err + made.out }).toMatchObject({ code: 0 });
    texts[role] = jsonOf(made).text;
  }
});
afterAll(() => scenario.end());

const infer = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] };
const rest = (token: string | undefined, path = '/v2/models/tiny/infer') =>
  ask(server.rest, path, { headers: bearer(token), ...(path.endsWith('infer') ? { body: infer } : {}) });

function grpc(
  method: string,
  request: object,
  token?: string,
): Promise<{ readonly code: number; readonly answer: Json }> {
  const Client = inferenceService();
  const client = new Client(server.grpc, credentials.createInsecure());
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return new Promise((resolve) => {
    const call = client[method] as unknown as (...args: unknown[]) => void;
    call.call(client, request, metadata, (error: { code: number } | null, answer: unknown) => {
      client.close();
      resolve({ code: error?.code ?? status.OK, answer });
    });
  });
}
const inferGrpc = (token?: string) =>
  grpc(
    'ModelInfer',
    {
      model_name: 'tiny',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
      raw_input_contents: [Buffer.from(new Float32Array([1, 2]).buffer)],
    },
    token,
  );

test('the text of a token is answered once and kept nowhere', async () => {
  expect(texts['viewer']).toMatch(/^mw_[0-9a-f]{64}$/);
  const list = await api(ADMIN, 'GET', '/api/v1/tokens');
  expect(list.json.tokens.map((token: Json) => [token.name, token.role])).toEqual([
    ['a-editor', 'editor'],
    ['a-viewer', 'viewer'],
  ]);
  expect(list.text).not.toContain(texts['viewer']);
  expect(list.text).not.toContain('hash');
  for (const file of ['millwright.db', 'millwright.db-wal', 'plane/tokens.json'])
    expect(readFileSync(join(scenario.home, file)).includes(texts['viewer'] ?? '?')).toBe(false);
});

test('a wrong name, a taken name, an unknown role, an unknown token', async () => {
  for (const body of [{ name: 'system' }, { name: 'a b' }, { name: '' }, { name: 'x', role: 'root' }, {}])
    expect({ body, status: (await api(ADMIN, 'POST', '/api/v1/tokens', body)).status }).toEqual({ body, status: 400 });
  expect((await api(ADMIN, 'POST', '/api/v1/tokens', { name: 'a-viewer' })).json.error.code).toBe('MW-EXISTS');
  expect((await api(ADMIN, 'DELETE', '/api/v1/tokens/nobody')).json.error.code).toBe('MW-NOT-FOUND');
  expect((await scenario.mw(['token', 'create', 'x', '--role', 'root'], asAdmin)).code).toBe(2);
  expect((await scenario.mw(['token', 'make', 'x'], asAdmin)).code).toBe(2);
});

test('a viewer reads and may not run, deploy or make tokens: 403 names the permission', async () => {
  expect((await api(texts['viewer'], 'GET', '/api/v1/home')).status).toBe(200);
  for (const [method, path, permission] of [
    ['POST', '/api/v1/endpoints/tiny/deploy', 'deploy'],
    ['POST', '/api/v1/endpoints/tiny/rollback', 'deploy'],
    ['POST', '/api/v1/projects/tiny/pipeline-runs', 'run'],
    ['POST', '/api/v1/tokens', 'admin'],
    ['GET', '/api/v1/tokens', 'admin'],
    ['GET', '/api/v1/audit', 'admin'],
  ] as const) {
    const answer = await api(texts['viewer'], method, path, method === 'GET' ? undefined : {});
    expect({ path, status: answer.status, code: answer.json.error.code }).toEqual({
      path,
      status: 403,
      code: 'MW-FORBIDDEN',
    });
    expect(answer.json.error.message).toContain(`may not ${permission}`);
  }
  expect((await api(texts['editor'], 'POST', '/api/v1/tokens', { name: 'b' })).status).toBe(403);
  expect((await api(texts['viewer'], 'POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })).status).toBe(403);
});

test('an editor runs and deploys; predictions need a token on REST and on gRPC', { timeout: 120_000 }, async () => {
  const run = await scenario.mw(['run', '--json'], { env: { MILLWRIGHT_TOKEN: texts['editor'] ?? '' } });
  expect({ code: run.code, err: run.err }).toMatchObject({ code: 0 });
  await until('v1 to serve', async () => (await rest(ADMIN)).status === 200, 60_000);

  expect((await rest(undefined)).status).toBe(401);
  expect((await rest(`${ADMIN}x`)).status).toBe(401);
  expect((await rest(texts['viewer'])).json).toMatchObject({ model_version: '1', outputs: [{ data: [2, 3] }] });
  expect((await inferGrpc()).code).toBe(status.UNAUTHENTICATED);
  expect((await inferGrpc('nothing-of-ours')).code).toBe(status.UNAUTHENTICATED);
  expect(await inferGrpc(texts['viewer'])).toMatchObject({ code: status.OK, answer: { model_version: '1' } });

  // What a load balancer asks is open; what tells of the models is not.
  for (const path of ['/v2/health/live', '/v2/health/ready', '/ping'])
    expect({ path, status: (await rest(undefined, path)).status }).toEqual({ path, status: 200 });
  for (const path of ['/metrics', '/v2', '/v2/models', '/v2/models/tiny'])
    expect({ path, status: (await rest(undefined, path)).status }).toEqual({ path, status: 401 });
  expect((await rest(texts['viewer'], '/metrics')).status).toBe(200);
  expect((await grpc('ServerReady', {})).code).toBe(status.OK);
  expect((await grpc('ModelMetadata', { name: 'tiny' })).code).toBe(status.UNAUTHENTICATED);

  // The server's own call to the data plane.
  const tried = await api(texts['viewer'], 'POST', '/api/v1/endpoints/tiny/try', { rows: [{ x: 1 }] });
  expect(tried.json.error).toMatchObject({
    code: 'MW-TENSOR',
    message: expect.stringContaining('"x" has shape [1, 1]'),
  });
});

test('a revoked token opens nothing from then on, also not the data plane', async () => {
  const made = await api(ADMIN, 'POST', '/api/v1/tokens', { name: 'short-lived' });
  expect(made.json.token.role).toBe('viewer');
  expect((await rest(made.json.text)).status).toBe(200);
  expect((await scenario.mw(['token', 'revoke', 'short-lived'], asAdmin)).code).toBe(0);
  expect((await api(made.json.text, 'GET', '/api/v1/home')).status).toBe(401);
  expect((await rest(made.json.text)).status).toBe(401);
  expect((await inferGrpc(made.json.text)).code).toBe(status.UNAUTHENTICATED);
});

test('the audit names who did what, also what failed, and moves of aliases and stages', async () => {
  await api(texts['editor'], 'POST', '/api/v1/endpoints/tiny/rollback');
  await api(texts['editor'], 'POST', '/api/2.0/mlflow/registered-models/alias', {
    name: 'tiny',
    alias: 'staging',
    version: '1',
  });
  await api(texts['editor'], 'POST', '/api/2.0/mlflow/model-versions/transition-stage', {
    name: 'tiny',
    version: '1',
    stage: 'Production',
  });
  const { json, status: code } = await api(ADMIN, 'GET', '/api/v1/audit?limit=1000');
  expect(code).toBe(200);
  const facts = json.entries.map((entry: Json) => [entry.actor, entry.action, entry.subject, entry.result]);
  expect(facts.slice(0, 3)).toEqual([
    ['a-editor', 'POST 2.0/mlflow/model-versions/transition-stage', 'tiny/1/Production', 'done'],
    ['a-editor', 'POST 2.0/mlflow/registered-models/alias', 'tiny/1/staging', 'done'],
    ['a-editor', 'rollback', 'tiny', 'MW-STATE'],
  ]);
  expect(facts).toContainEqual(['admin', 'createToken', 'a-viewer', 'done']);
  expect(facts).toContainEqual(['admin', 'revokeToken', 'short-lived', 'done']);
  expect(facts).toContainEqual(['a-editor', 'startPipeline', 'tiny', 'done']);
  expect(facts.some(([, action]: string[]) => action === 'tryIt' || action === 'outcomes')).toBe(false);
  const mine = await api(ADMIN, 'GET', '/api/v1/audit?actor=a-editor');
  expect(new Set(mine.json.entries.map((entry: Json) => entry.actor))).toEqual(new Set(['a-editor']));
});
