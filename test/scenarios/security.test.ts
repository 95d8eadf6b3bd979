/** Story 7: the secure floor, from outside: who may ask, from where, with what, and that no name reaches the disk. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '../../src/api/http/contract.ts';
import { ask, createScenario, type Scenario, type ServerProcess } from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;
let locked: Scenario;
let lockedServer: ServerProcess;
const TOKEN = 'a-token-of-sufficient-length';

beforeAll(async () => {
  [scenario, locked] = await Promise.all([createScenario('security'), createScenario('locked')]);
  [server, lockedServer] = await Promise.all([
    scenario.start(),
    locked.start({ env: { MILLWRIGHT_REQUIRE_TOKEN: 'true', MILLWRIGHT_TOKEN: TOKEN } }),
  ]);
}, 60_000);
afterAll(() => Promise.all([scenario.end(), locked.end()]));

const PATHS = [
  '/',
  '/health',
  '/version',
  '/metrics',
  '/api/v1/home',
  '/api/v1/stream',
  '/api/2.0/mlflow/experiments/search?max_results=1',
  '/ajax-api/2.0/mlflow/experiments/search?max_results=1',
  '/api/2.0/mlflow-artifacts/artifacts?path=x',
  '/v1/traces',
  '/no/such/route',
];

describe('before routing', () => {
  test.each(PATHS)('%s: a foreign Host, Origin or site is refused', async (path) => {
    for (const headers of [
      { host: 'evil.example' },
      { host: 'evil.example:5000' },
      { host: '127.0.0.1.evil.example' },
      { host: 'localhost.evil.example' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
    ]) {
      const answer = await ask(server.url, path, { headers: headers as unknown as Record<string, string> });
      expect({ headers, status: answer.status }).toEqual({ headers, status: 403 });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('a POST from another site is refused before its body is looked at', async () => {
    const answer = await ask(server.url, '/api/2.0/mlflow/experiments/create', {
      body: { name: 'evil' },
      headers: { origin: 'http://evil.example' },
    });
    expect(answer.status).toBe(403);
    const { json } = await ask(server.url, '/api/2.0/mlflow/experiments/search', { body: { max_results: 100 } });
    expect(json.experiments.map((one: { name: string }) => one.name)).not.toContain('evil');
  });

  test('a form or plain text cannot write', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const answer = await ask(server.url, '/api/v1/projects/tiny/pipeline-runs', {
        body: '{"set":{}}',
        headers: { 'content-type': type },
      });
      expect({ type, status: answer.status }).toEqual({ type, status: 415 });
    }
  });

  test('the data plane guards its Host too', async () => {
    for (const path of ['/v2', '/v2/health/live', '/metrics', '/v2/models/x/infer']) {
      const answer = await ask(server.rest, path, { headers: { host: 'evil.example' } });
      expect({ path, status: answer.status }).toEqual({ path, status: 403 });
    }
  });
});

describe('limits', () => {
  test('a body over the limit is 413, on our API and on MLflow’s', async () => {
    const big = `{"x": "${'x'.repeat(70 * 2 ** 20)}"}`;
    for (const path of ['/api/v1/projects/tiny/pipeline-runs', '/api/2.0/mlflow/runs/create']) {
      const status = await ask(server.url, path, { body: big }).then(
        (answer) => answer.status,
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect([413, 'EPIPE', 'ECONNRESET']).toContain(status);
    }
    expect((await ask(server.url, '/api/v1/server')).status).toBe(200);
  });

  test('a body nested too deep is 400, quickly', async () => {
    const deep = `{"set": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    for (const path of ['/api/v1/projects/tiny/pipeline-runs', '/api/2.0/mlflow/runs/create']) {
      const started = Date.now();
      const answer = await ask(server.url, path, { body: deep });
      expect({ path, status: answer.status }).toEqual({ path, status: 400 });
      expect(Date.now() - started).toBeLessThan(5000);
    }
  });

  test('headers over the limit are refused', async () => {
    const answer = await ask(server.url, '/api/v1/server', { headers: { 'x-big': 'x'.repeat(100_000) } }).catch(
      (error: NodeJS.ErrnoException) => ({ status: error.code }),
    );
    expect([431, 'ECONNRESET', 'EPIPE']).toContain(answer.status);
  });

  test('not HTTP at all: an answer or an end, and the server goes on', async () => {
    const { port } = new URL(server.url);
    for (const bytes of [
      '\u0016\u0003\u0001\u0002\u0000',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n',
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
        socket.on('data', () => socket.end());
        socket.on('error', () => resolve());
        socket.on('close', () => resolve());
        setTimeout(() => socket.destroy(), 3000).unref();
      });
    }
    expect((await ask(server.url, '/api/v1/server')).status).toBe(200);
  });
});

describe('when a token is required', () => {
  test.each(Object.entries(ROUTES))('%s asks for it', async (_name, route) => {
    const path = route.path.replaceAll(/\{\w+\}/g, 'x').replace('/versions/x', '/versions/1');
    const body = route.method === 'GET' ? {} : { body: {} };
    for (const headers of [
      {},
      { authorization: 'Bearer wrong-token-of-some-length' },
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: 'Bearer' },
    ]) {
      const answer = await ask(lockedServer.url, path, {
        method: route.method,
        ...body,
        headers,
      });
      expect({ path, status: answer.status, code: answer.json?.error?.code }).toEqual({
        path,
        status: 401,
        code: 'MW-UNAUTHENTICATED',
      });
    }
    const known = await ask(lockedServer.url, path, {
      method: route.method,
      ...body,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(known.status).not.toBe(401);
    expect(known.status).toBeLessThan(500);
  });

  test.each([
    ['GET', '/api/v1/stream'],
    ['GET', '/metrics'],
    ['POST', '/api/2.0/mlflow/runs/create'],
    ['POST', '/api/2.0/mlflow/experiments/search'],
    ['GET', '/api/2.0/mlflow/experiments/get-by-name?experiment_name=x'],
    ['GET', '/api/2.0/mlflow-artifacts/artifacts?path=x'],
    ['PUT', '/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/y'],
    ['GET', '/get-artifact?run_id=x&path=y'],
  ])('%s %s asks for it', async (method, path) => {
    const answer = await ask(lockedServer.url, path, { method, ...(method === 'GET' ? {} : { body: {} }) });
    expect({ path, status: answer.status }).toEqual({ path, status: 401 });
  });

  test('the data plane asks for it on inference', async () => {
    const body = { inputs: [] };
    expect((await ask(lockedServer.rest, '/v2/models/x/infer', { body })).status).toBe(401);
    const known = await ask(lockedServer.rest, '/v2/models/x/infer', {
      body,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect([400, 404]).toContain(known.status);
  });

  test('the token is in no file of the home', () => {
    for (const name of ['server.json', 'plane/plane.json', 'plane/tokens.json', 'plane/plane.log', 'millwright.db']) {
      const path = join(locked.home, name);
      if (existsSync(path)) expect(readFileSync(path).includes(TOKEN)).toBe(false);
    }
  });
});

describe('artifact names', () => {
  test('no name escapes: a file outside the store is neither read nor written', async () => {
    const canary = join(scenario.root, 'canary.txt');
    const secret = 'do-not-read-me-7f3a';
    writeFileSync(canary, secret);
    mkdirSync(join(scenario.home, 'tmp'), { recursive: true });
    const created = await ask(server.url, '/api/2.0/mlflow/runs/create', { body: { experiment_id: '0' } });
    const run = created.json.run.info.run_id as string;
    const base = `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts`;
    const up = '../'.repeat(12);
    const names = [
      `${up}${canary.slice(1)}`,
      canary,
      `/${canary}`,
      encodeURIComponent(`${up}${canary.slice(1)}`),
      encodeURIComponent(canary),
      `${'%2e%2e/'.repeat(12)}${canary.slice(1)}`,
      `${'%2e%2e%2f'.repeat(12)}${encodeURIComponent(canary.slice(1))}`,
      `${'%252e%252e%252f'.repeat(12)}${encodeURIComponent(encodeURIComponent(canary.slice(1)))}`,
      `${'..%5c'.repeat(12)}${canary.slice(1)}`,
      `a/../../../../${canary.slice(1)}`,
      'a/./b',
      'a//b',
      'x%00.txt',
      'x%0a.txt',
      `file:%2f%2f${canary}`,
      '%ff%fe',
      '..',
      '%2e%2e',
      '.',
      '',
      'x'.repeat(5000),
      `${'d/'.repeat(400)}x`,
    ];
    for (const name of names) {
      for (const method of ['PUT', 'GET', 'DELETE']) {
        const answer = await ask(server.url, `${base}/${name}`, {
          method,
          ...(method === 'PUT' ? { body: 'overwritten', headers: { 'content-type': 'application/octet-stream' } } : {}),
        });
        expect({ name: name.slice(0, 80), method, status: answer.status }).toEqual({
          name: name.slice(0, 80),
          method,
          status: expect.toSatisfy((code: number) => code < 500),
        });
        expect(answer.text).not.toContain(secret);
        expect(answer.text).not.toContain(scenario.home);
        if (/\.\.|2e2e|%2e%2e|%5c|%00|%ff/i.test(name) || name.startsWith('/'))
          expect({ name: name.slice(0, 80), method, status: Math.floor(answer.status / 100) }).toEqual({
            name: name.slice(0, 80),
            method,
            status: 4,
          });
      }
      for (const path of [
        `/get-artifact?run_id=${run}&path=${name}`,
        `/api/2.0/mlflow/artifacts/list?run_id=${run}&path=${name}`,
        `/api/2.0/mlflow-artifacts/artifacts?path=0/${run}/artifacts/${name}`,
        `/api/v1/runs/${run}/artifacts?path=${name}`,
      ]) {
        const answer = await ask(server.url, path);
        expect({ path: path.slice(0, 120), status: answer.status }).toEqual({
          path: path.slice(0, 120),
          status: expect.toSatisfy((code: number) => code < 500),
        });
        expect(answer.text).not.toContain(secret);
        expect(answer.text).not.toContain(scenario.home);
      }
    }
    expect(readFileSync(canary, 'utf8')).toBe(secret);
    // And a plain name works.
    const put = await ask(server.url, `${base}/plain/file.txt`, {
      method: 'PUT',
      body: 'hello',
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(put.status).toBe(200);
    expect((await ask(server.url, `${base}/plain/file.txt`)).text).toBe('hello');
  });

  test('a file that somebody logged never runs as a page of this server', async () => {
    const created = await ask(server.url, '/api/2.0/mlflow/runs/create', { body: { experiment_id: '0' } });
    const run = created.json.run.info.run_id as string;
    const base = `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/page.html`;
    await ask(server.url, base, {
      method: 'PUT',
      body: '<script>alert(1)</script>',
      headers: { 'content-type': 'text/html' },
    });
    for (const path of [base, `/get-artifact?run_id=${run}&path=page.html`]) {
      const { status, headers } = await ask(server.url, path);
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('application/octet-stream');
      expect(headers['content-disposition']).toMatch(/^attachment/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });
});

test('files of the home are for their owner only', async () => {
  for (const name of ['.', 'plane', 'blobs', 'attempts', 'plane/control.sock']) {
    const path = join(scenario.home, name);
    if (existsSync(path)) expect({ name, mode: statSync(path).mode & 0o077 }).toEqual({ name, mode: 0 });
  }
});
