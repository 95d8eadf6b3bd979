/** Traces over REST: version 2 of the API, what a client sends wrong, and text that a database may refuse. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from './server.ts';

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

type Json = Record<string, unknown>;

async function call(method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}/api/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const json = (await response.json()) as Json;
  return { status: response.status, json };
}

const described = (id: string, more: object = {}) => ({
  trace: {
    trace_info: {
      trace_id: id,
      trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
      request_time: '2026-01-31T10:00:00.123Z',
      execution_duration: '1.250s',
      state: 'OK',
      ...more,
    },
  },
});

describe('version 2', () => {
  it('starts, ends, finds, tags and deletes a trace', async () => {
    const started = await call('POST', '2.0/mlflow/traces', {
      experiment_id: '0',
      timestamp_ms: 1000,
      request_metadata: [{ key: 'a', value: 'b' }],
      tags: [{ key: 'mlflow.traceName', value: 'old' }],
    });
    const info = started.json['trace_info'] as { request_id: string };
    expect(info).toMatchObject({ experiment_id: '0', timestamp_ms: 1000, status: 'IN_PROGRESS' });
    const path = `2.0/mlflow/traces/${info.request_id}`;
    const ended = await call('PATCH', path, {
      timestamp_ms: 1500,
      status: 'ERROR',
      request_metadata: [{ key: 'c', value: 'd' }],
    });
    expect(ended.json['trace_info']).toMatchObject({ execution_time_ms: 500, status: 'ERROR' });
    const got = await call('GET', `${path}/info`);
    expect(got.json['trace_info']).toMatchObject({
      request_metadata: expect.arrayContaining([
        { key: 'a', value: 'b' },
        { key: 'c', value: 'd' },
      ]),
    });
    expect((await call('PATCH', `${path}/tags`, { key: 'team', value: 'air' })).json).toEqual({});
    const query = `experiment_ids=0&filter=${encodeURIComponent("tags.team = 'air' AND name = 'old'")}`;
    expect((await call('GET', `2.0/mlflow/traces?${query}`)).json['traces']).toHaveLength(1);
    expect((await call('DELETE', `${path}/tags`, { key: 'team' })).status).toBe(200);
    expect((await call('DELETE', `${path}/tags`, { key: 'team' })).status).toBe(404);
    const gone = await call('POST', '2.0/mlflow/traces/delete-traces', {
      experiment_id: '0',
      request_ids: [info.request_id],
    });
    expect(gone.json).toEqual({ traces_deleted: 1 });
    expect((await call('GET', `${path}/info`)).status).toBe(404);
  });
});

describe('version 3', () => {
  it('gives back what was said, and the same again for a repeat', async () => {
    const body = described('tr-one', {
      trace_metadata: { k: 'v' },
      assessments: [
        {
          assessment_name: 'good',
          source: { source_type: 'HUMAN', source_id: 'ada' },
          feedback: { value: true },
          create_time: '2026-01-31T10:00:01Z',
        },
      ],
    });
    const first = await call('POST', '3.0/mlflow/traces', body);
    expect((await call('POST', '3.0/mlflow/traces', body)).json).toEqual(first.json);
    expect(first.json).toMatchObject({
      trace: {
        trace_info: {
          trace_id: 'tr-one',
          request_time: '2026-01-31T10:00:00.123Z',
          execution_duration: '1.25s',
          tags: { 'mlflow.artifactLocation': 'mlflow-artifacts:/0/traces/tr-one/artifacts' },
          trace_metadata: { k: 'v' },
          assessments: [{ assessment_name: 'good', feedback: { value: true }, valid: true }],
        },
      },
    });
  });

  it('stores text that a database may refuse', async () => {
    const odd = 'a\u0000b\uD800c';
    const answer = await call(
      'POST',
      '3.0/mlflow/traces',
      described('tr-odd', { tags: { odd }, request_preview: odd }),
    );
    expect(answer.json).toMatchObject({ trace: { trace_info: { tags: { odd: 'a\uFFFDb\uFFFDc' } } } });
  });

  it.each<readonly [string, string, string, object | undefined, number]>([
    ['no body', 'POST', '3.0/mlflow/traces', {}, 400],
    ['a bad time', 'POST', '3.0/mlflow/traces', described('tr-x', { request_time: 'soon' }), 400],
    ['a bad duration', 'POST', '3.0/mlflow/traces', described('tr-x', { execution_duration: '1 minute' }), 400],
    ['a bad state', 'POST', '3.0/mlflow/traces', described('tr-x', { state: 'FINE' }), 400],
    ['a bad id', 'POST', '3.0/mlflow/traces', described('../x'), 400],
    [
      'too many tags',
      'POST',
      '3.0/mlflow/traces',
      described('tr-x', { tags: Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`k${i}`, 'v'])) }),
      400,
    ],
    ['a page that is too large', 'POST', '3.0/mlflow/traces/search', { max_results: 501 }, 400],
    ['an unknown field', 'POST', '3.0/mlflow/traces/search', { filter: "nothing = 'x'" }, 400],
    ['OR', 'POST', '3.0/mlflow/traces/search', { filter: "name = 'x' OR name = 'y'" }, 400],
    ['RLIKE', 'POST', '3.0/mlflow/traces/search', { filter: "name RLIKE '(a+)+$'" }, 400],
    ['an order of spans', 'POST', '3.0/mlflow/traces/search', { order_by: ['span.name'] }, 400],
    ['a reserved tag', 'PATCH', '3.0/mlflow/traces/tr-one/tags', { key: 'mlflow.artifactLocation', value: 'x' }, 400],
    ['an assessment of nothing', 'POST', '3.0/mlflow/traces/tr-one/assessments', { assessment: {} }, 400],
    [
      'an assessment of no trace',
      'POST',
      '3.0/mlflow/traces/tr-no/assessments',
      { assessment: { feedback: { value: 1 } } },
      404,
    ],
    ['a deletion without a limit', 'POST', '3.0/mlflow/traces/delete-traces', { experiment_id: '0' }, 400],
    [
      'a deletion of none',
      'POST',
      '3.0/mlflow/traces/delete-traces',
      { experiment_id: '0', max_timestamp_millis: 1, max_traces: 0 },
      400,
    ],
    ['no ids', 'GET', '3.0/mlflow/traces/batchGet', undefined, 400],
    ['a trace that is not there', 'GET', '3.0/mlflow/traces/get?trace_id=tr-no', undefined, 404],
    ['a link to no run', 'POST', '3.0/mlflow/traces/link-to-run', { trace_ids: ['tr-one'], run_id: 'nobody' }, 404],
  ])('refuses %s', async (_what, method, path, body, status) => {
    const answer = await call(method, path, body);
    expect([answer.status, answer.json], JSON.stringify(answer.json)).toEqual([
      status,
      expect.objectContaining({ error_code: expect.any(String), message: expect.any(String) }),
    ]);
    expect(server.faults).toEqual([]);
  });
});
