/** Webhooks of the registry by a real server and a real receiver that judges the signature; also over a kill -9 with the receiver away. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, createScenario, kill9, until } from './scenario.ts';
import type { Json, Scenario, ServerProcess } from './scenario.ts';

const SECRET = 'whsec_taken as it is';

interface Call {
  readonly id: string;
  readonly signed: boolean;
  readonly body: Json;
}

let scenario: Scenario;
let server: ServerProcess;
let receiver: Server | undefined;
let port = 0;
let answer = 200;
const calls: Call[] = [];

async function openReceiver(): Promise<void> {
  receiver = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const header = (name: string): string => String(request.headers[`x-mlflow-${name}`] ?? '');
      const signed = `${header('delivery-id')}.${header('timestamp')}.${text}`;
      const wanted = `v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`;
      calls.push({ id: header('delivery-id'), signed: header('signature') === wanted, body: JSON.parse(text) });
      response.writeHead(answer).end('heard');
    });
  });
  await new Promise<void>((resolve) => receiver?.listen(port, '127.0.0.1', resolve));
  const address = receiver.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
}

async function closeReceiver(): Promise<void> {
  receiver?.closeAllConnections();
  await new Promise((resolve) => receiver?.close(resolve));
}

const mlflow = (path: string, body?: unknown, method?: string) =>
  ask(server.url, `/api/2.0/mlflow/${path}`, {
    ...(body === undefined ? {} : { body }),
    ...(method === undefined ? {} : { method }),
  });

const start = () => scenario.start({ env: { MILLWRIGHT_ALLOW_PRIVATE_EGRESS: 'true' } });

async function calledWith(event: string): Promise<Call> {
  return until(event, () => calls.find(({ body }) => `${body.entity}.${body.action}` === event), 30_000);
}

beforeAll(async () => {
  scenario = await createScenario('webhooks');
  await openReceiver();
  server = await start();
}, 60_000);
afterAll(async () => {
  await scenario.end();
  await closeReceiver();
});

const EVENTS = [
  ['REGISTERED_MODEL', 'CREATED'],
  ['MODEL_VERSION', 'CREATED'],
  ['MODEL_VERSION_TAG', 'SET'],
  ['MODEL_VERSION_TAG', 'DELETED'],
  ['MODEL_VERSION_ALIAS', 'CREATED'],
  ['MODEL_VERSION_ALIAS', 'DELETED'],
  ['PROMPT', 'CREATED'],
  ['PROMPT_TAG', 'SET'],
].map(([entity, action]) => ({ entity, action }));

let hook = '';

test('every event of the registry comes once, signed, with what upstream sends', { timeout: 60_000 }, async () => {
  const url = `http://127.0.0.1:${port}/hook?key=password`;
  const made = await mlflow('webhooks', { name: 'ci', url, secret: SECRET, events: EVENTS });
  expect(made.status).toBe(200);
  expect(made.text).not.toContain(SECRET);
  hook = made.json.webhook.webhook_id;
  expect((await mlflow(`webhooks/${hook}`)).text).not.toContain(SECRET);
  await mlflow('registered-models/create', { name: 'm', description: 'd', tags: [{ key: 'a', value: 'b' }] });
  await mlflow('model-versions/create', { name: 'm', source: 's3://b/m', tags: [{ key: 'c', value: 'd' }] });
  await mlflow('model-versions/set-tag', { name: 'm', version: '1', key: 'k', value: 'v' });
  await mlflow('model-versions/delete-tag', { name: 'm', version: '1', key: 'k' }, 'DELETE');
  await mlflow('registered-models/alias', { name: 'm', alias: 'champion', version: '1' });
  await mlflow('registered-models/alias', { name: 'm', alias: 'champion' }, 'DELETE');
  await mlflow('registered-models/create', { name: 'p', tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] });
  await mlflow('registered-models/set-tag', { name: 'p', key: 'x', value: 'y' });
  // Of a model that is no prompt there is no such event.
  await mlflow('registered-models/set-tag', { name: 'm', key: 'x', value: 'y' });
  await calledWith('prompt_tag.set');
  await until('all calls', () => calls.length >= EVENTS.length);
  expect(calls.map(({ body }) => `${body.entity}.${body.action}`).sort()).toEqual(
    EVENTS.map(({ entity, action }) => `${entity}.${action}`.toLowerCase()).sort(),
  );
  expect(calls.every((call) => call.signed)).toBe(true);
  expect(new Set(calls.map((call) => call.id)).size).toBe(EVENTS.length);
  const dataOf = async (event: string): Promise<Json> => (await calledWith(event)).body.data;
  expect(await dataOf('registered_model.created')).toEqual({ name: 'm', tags: { a: 'b' }, description: 'd' });
  expect(await dataOf('model_version.created')).toMatchObject({
    name: 'm',
    version: '1',
    source: 's3://b/m',
    run_id: null,
  });
  expect(await dataOf('model_version_tag.set')).toEqual({ name: 'm', version: '1', key: 'k', value: 'v' });
  expect(await dataOf('model_version_tag.deleted')).toEqual({ name: 'm', version: '1', key: 'k' });
  expect(await dataOf('model_version_alias.created')).toEqual({ name: 'm', alias: 'champion', version: '1' });
  expect(await dataOf('model_version_alias.deleted')).toEqual({ name: 'm', alias: 'champion' });
  expect(await dataOf('prompt.created')).toEqual({ name: 'p', tags: {}, description: '' });
});

test('the test call says what the receiver answered', async () => {
  answer = 418;
  const refused = await mlflow(`webhooks/${hook}/test`, {
    event: { entity: 'MODEL_VERSION_ALIAS', action: 'CREATED' },
  });
  expect(refused.json.result).toEqual({ success: false, response_status: 418, response_body: 'heard' });
  answer = 200;
  expect((await mlflow(`webhooks/${hook}/test`, {})).json.result).toMatchObject({
    success: true,
    response_status: 200,
  });
  expect(calls.at(-1)?.signed).toBe(true);
});

test('a receiver that is away, and a server that is killed, lose nothing; a repeat has the same id', {
  timeout: 90_000,
}, async () => {
  answer = 503;
  calls.length = 0;
  expect((await mlflow('model-versions/create', { name: 'm', source: 's3://b/m2' })).status).toBe(200);
  const first = await calledWith('model_version.created');
  await closeReceiver();
  expect((await mlflow('model-versions/create', { name: 'm', source: 's3://b/m3' })).status).toBe(200);
  await kill9(server.child);
  calls.length = 0;
  answer = 200;
  await openReceiver();
  server = await start();
  const versions = (): readonly string[] => calls.map(({ body }) => body.data.version);
  await until('both versions', () => versions().includes('2') && versions().includes('3'), 60_000);
  expect(calls.find(({ body }) => body.data.version === '2')?.id).toBe(first.id);
  expect(calls.every((call) => call.signed)).toBe(true);
});

test('a webhook that is switched off is not called, and one that is deleted is gone', async () => {
  await mlflow(`webhooks/${hook}`, { status: 'DISABLED' }, 'PATCH');
  calls.length = 0;
  await mlflow('registered-models/create', { name: 'quiet' });
  // The event must have been looked at while the webhook was off.
  await sleep(700);
  await mlflow(`webhooks/${hook}`, { status: 'ACTIVE' }, 'PATCH');
  await mlflow('registered-models/create', { name: 'loud' });
  await calledWith('registered_model.created');
  expect(calls.map(({ body }) => body.data.name)).toEqual(['loud']);
  expect((await mlflow(`webhooks/${hook}`, undefined, 'DELETE')).status).toBe(200);
  expect((await mlflow(`webhooks/${hook}`)).status).toBe(404);
});
