/** What clients other than mlflow's own may send: odd bodies, bad paths, old forms. Nothing may be a 500. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from './server.ts';

let server: Awaited<ReturnType<typeof startServer>>;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

async function call(method: string, path: string, body?: string | object, type = 'application/json') {
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': type } }),
  });
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Not every answer is JSON.
  }
  return { status: response.status, text, json, headers: response.headers };
}
const api = (path: string, body?: object) => call('POST', `/api/2.0/mlflow/${path}`, body);
const get = (path: string) => call('GET', `/api/2.0/mlflow/${path}`);

async function newRun(): Promise<{ id: string; root: string }> {
  const { json } = await api('runs/create', { experiment_id: '0', start_time: '123' });
  const { info } = json['run'] as { info: { run_id: string; artifact_uri: string; start_time: number } };
  expect(info.start_time).toBe(123);
  return {
    id: info.run_id,
    root: info.artifact_uri.replace('mlflow-artifacts:', '/api/2.0/mlflow-artifacts/artifacts'),
  };
}

describe('errors', () => {
  it.each(['not json', '[]', '"text"', '7', '{"name":', '{"__proto__":{"x":1}}'])(
    'answers the body %s with 400',
    async (body) => {
      const answer = await call('POST', '/api/2.0/mlflow/experiments/create', body);
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({ error_code: expect.any(String), message: expect.any(String) });
    },
  );

  it('says what is missing and what is wrong, with the path', async () => {
    expect((await api('experiments/create', {})).json['message']).toContain(
      "Missing value for required parameter 'name'",
    );
    expect((await call('POST', '/api/2.0/mlflow/experiments/create', '')).json['message']).toContain("'name'");
    const { id } = await newRun();
    const point = { key: 'm', value: 1, timestamp: 1 };
    const bad = await api('runs/log-batch', { run_id: id, metrics: [point, { ...point, value: true }] });
    expect(bad.status).toBe(400);
    expect(bad.json['message']).toContain("Invalid value true for parameter 'metrics[1].value' supplied");
    const name = await api('runs/log-batch', { run_id: id, metrics: [point, { ...point, key: 'a//b' }] });
    expect(name.json['message']).toContain('Invalid value "a//b" for parameter \'metrics[1].name\' supplied');
    expect((await get(`metrics/get-history?run_id=${id}&metric_key=m`)).json).toEqual({});
  });

  it('refuses too much at once and names the limit', async () => {
    const { id } = await newRun();
    const metrics = Array.from({ length: 1001 }, (_, i) => ({ key: `m${i}`, value: 1, timestamp: 1 }));
    expect((await api('runs/log-batch', { run_id: id, metrics })).json['message']).toContain('at most 1000 metrics');
    const twice = [1, 2].map(() => ({ key: 'p', value: '1' }));
    expect((await api('runs/log-batch', { run_id: id, params: twice })).json['message']).toContain(
      'Duplicate parameter keys',
    );
    const huge = await api('runs/set-tag', { run_id: id, key: 'k', value: 'x'.repeat(9_000_000) });
    expect(huge.status).toBe(413);
  });

  it('answers an unknown address with 404 and a page, as MLflow does', async () => {
    const answer = await call('POST', '/api/2.0/mlflow/gateway/nothing', {});
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.text).toContain('<h1>Not Found</h1>');
  });

  it('refuses bad numbers, tokens and filters as 400', async () => {
    for (const body of [
      { max_results: 0 },
      { max_results: 50_001 },
      { max_results: 1.5 },
      { page_token: '%%%' },
      { filter: "a = 'b' OR c" },
      { order_by: ['metrics.a', 'metrics.a'] },
      { run_view_type: 'SOME' },
      { experiment_ids: ['abc'] },
    ]) {
      const answer = await api('runs/search', { experiment_ids: ['0'], ...body });
      expect([answer.status, answer.json['error_code']], JSON.stringify(body)).toEqual([
        400,
        'INVALID_PARAMETER_VALUE',
      ]);
    }
  });
});

describe('both prefixes and JSON forms', () => {
  it('answers the same, omits empty lists, and prints NaN as text', async () => {
    expect((await call('GET', '/ajax-api/2.0/mlflow/experiments/get?experiment_id=0')).text).toBe(
      (await get('experiments/get?experiment_id=0')).text,
    );
    expect((await api('runs/search', { experiment_ids: ['999'] })).text).toBe('{}');
    const { id } = await newRun();
    await api('runs/log-batch', { run_id: id, metrics: [{ key: 'n', value: 'NaN', timestamp: '5', step: null }] });
    const run = (await get(`runs/get?run_id=${id}`)).json['run'] as { data: { metrics: unknown } };
    expect(run.data.metrics).toEqual([{ key: 'n', value: 'NaN', timestamp: 5, step: 0 }]);
  });

  it('says OK and its version as plain text', async () => {
    expect((await call('GET', '/health')).text).toBe('OK');
    expect((await call('GET', '/version')).text).toBe('3.17.2');
  });
});

describe('the artifact proxy', () => {
  it('streams a file in and out, whatever type the client claims', async () => {
    const { root } = await newRun();
    expect((await call('PUT', `${root}/page.html`, '<script>alert(1)</script>', 'text/html')).status).toBe(200);
    const back = await call('GET', `${root}/page.html`);
    expect(back.text).toBe('<script>alert(1)</script>');
    expect(back.headers.get('content-type')).toBe('application/octet-stream');
    expect(back.headers.get('content-disposition')).toContain('attachment');
    expect(back.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await call('PUT', `${root}/empty`)).status).toBe(200);
    expect((await call('PUT', `${root}/a/b.json`, { x: 1 })).status).toBe(200);
    const list = await call('GET', `/api/2.0/mlflow-artifacts/artifacts?path=${root.split('/artifacts/')[1]}`);
    expect(list.json['files']).toEqual([
      { path: 'a', is_dir: true },
      { path: 'empty', is_dir: false, file_size: 0 },
      { path: 'page.html', is_dir: false, file_size: 25 },
    ]);
    expect((await call('PUT', `${root}/a`, 'x', 'text/plain')).status).toBe(400);
    expect((await call('PUT', `${root}/empty/x`, 'x', 'text/plain')).status).toBe(400);
    expect((await call('DELETE', `${root}/a`)).status).toBe(200);
    expect((await call('DELETE', `${root}/a`)).status).toBe(200);
    expect((await call('GET', `${root}/a/b.json`)).status).toBe(404);
  });

  it.each(['%2e%2e%2f%2e%2e%2fetc%2fpasswd', '..%5c..%5cx', '%252e%252e/x', 'a%00b', 'a//b', '%2Fetc/passwd', '%zz'])(
    'refuses the name %s',
    async (name) => {
      const { root } = await newRun();
      const answer = await call('PUT', `${root}/${name}`, 'x', 'text/plain');
      expect(answer.status).toBe(400);
    },
  );

  it('writes nothing to a deleted run, and reads what it has', async () => {
    const { id, root } = await newRun();
    expect((await call('PUT', `${root}/kept.txt`, 'kept', 'text/plain')).status).toBe(200);
    await api('runs/delete', { run_id: id });
    const answer = await call('PUT', `${root}/more.txt`, 'x', 'text/plain');
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      error_code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining(`The run ${id} must be in the 'active' state`),
    });
    expect((await call('DELETE', `${root}/kept.txt`)).status).toBe(400);
    expect((await call('GET', `${root}/kept.txt`)).text).toBe('kept');
    await api('runs/restore', { run_id: id });
    expect((await call('PUT', `${root}/more.txt`, 'x', 'text/plain')).status).toBe(200);
  });

  it('keeps to owners that exist', async () => {
    for (const path of [
      '0/nothere/artifacts/x',
      'x',
      '0/models/m-1/artifacts/x',
      '999/traces/t/artifacts/x',
      'secrets/x/artifacts/y',
    ]) {
      const answer = await call('PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`, 'x', 'text/plain');
      expect([400, 404], path).toContain(answer.status);
    }
  });
});

it('had no fault of its own', () => {
  expect(server.faults).toEqual([]);
  expect(server.requests.filter((request) => request.status >= 500)).toEqual([]);
});
