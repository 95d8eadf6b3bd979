/** A gateway that is watched: Prometheus, access log, OpenTelemetry into a real server of ours, and the prediction found by its id. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDuckDbAnalytics } from '../../src/adapters/analytics-duckdb/index.ts';
import { grpcLinear, inferLinear, linearRoute, startPlane } from './plane-harness.ts';
import type { PlaneHarness } from './plane-harness.ts';
import { createScenario, until } from './scenario.ts';
import type { Json, Scenario, ServerProcess } from './scenario.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
let scenario: Scenario;
let server: ServerProcess;
let harness: PlaneHarness;
let folder: string;
const variables = (): Record<string, string> => ({
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${server.url}/v1/traces`,
  OTEL_EXPORTER_OTLP_HEADERS: 'x-mlflow-experiment-id=0',
  OTEL_TRACES_SAMPLER: 'parentbased_always_off',
});

beforeAll(async () => {
  scenario = await createScenario('observed');
  server = await scenario.start();
  folder = await mkdtemp(join(tmpdir(), 'mw-observed-'));
  // The gateway has its environment from whoever starts it.
  Object.assign(process.env, variables());
  try {
    harness = await startPlane({ accessLog: join(folder, 'access.log') });
  } finally {
    for (const name of Object.keys(variables())) Reflect.deleteProperty(process.env, name);
  }
  await harness.plane.apply(await linearRoute(1, [{ releaseId: 'linear-r1', percent: 100 }], [1]));
});
afterAll(async () => {
  await harness.end();
  await rm(folder, { recursive: true, force: true });
  await scenario.end();
});

const metrics = async (): Promise<string> => (await fetch(`${harness.rest}/metrics`)).text();

test('a traced call is a span of the caller’s trace at the server; others are not sent', async () => {
  await inferLinear(harness.rest);
  const response = await fetch(`${harness.rest}/v2/models/linear/infer`, {
    method: 'POST',
    headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` },
    body: JSON.stringify({ id: 'order-17', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }),
  });
  expect(response.headers.get('mw-prediction-id')).toBe('order-17');
  const { trace } = await until<Json>('the trace', async () => {
    const answer = await fetch(`${server.url}/api/3.0/mlflow/traces/get?trace_id=tr-${TRACE}`);
    return answer.ok && ((await answer.json()) as Json);
  });
  expect(trace.spans).toHaveLength(1);
  expect(trace.spans[0]).toMatchObject({ name: 'POST /v2/models/{model}/infer' });
  const attributes = new Map<string, Json>(trace.spans[0].attributes.map(({ key, value }: Json) => [key, value]));
  expect(attributes.get('mw.endpoint')).toEqual({ string_value: 'linear' });
  expect(attributes.get('mw.prediction.id')).toEqual({ string_value: 'order-17' });
  expect(attributes.get('http.response.status_code')).toEqual({ int_value: 200 });
  expect(
    await until('the count', async () => /mw_telemetry_spans_total\{state="sent"\} 1\n/.test(await metrics())),
  ).toBe(true);
});

test('metrics know the routes, the access log the calls, and a prediction is found by the id of its header', async () => {
  const grpc = grpcLinear(harness.grpc);
  await grpc.call();
  grpc.close();
  await fetch(`${harness.rest}/v2/models/linear/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }),
  });
  await fetch(`${harness.rest}/nothing/here`);
  const text = await until('the calls', async () => {
    const found = await metrics();
    return found.includes('rpc_method="ModelInfer"') && found.includes('http_route="other"') && found;
  });
  const infer = 'http_request_method="POST",http_route="/v2/models/{model}/infer"';
  expect(text).toContain(`http_server_request_duration_seconds_count{${infer},http_response_status_code="200"} 2`);
  expect(text).toContain(`http_server_request_duration_seconds_count{${infer},http_response_status_code="400"} 1`);
  expect(text).toContain('mw_inference_calls_total{endpoint="linear",version="1"} 3');
  expect(text).toMatch(/mw_inference_failures_total\{endpoint="linear",version="1",code="MW-[A-Z-]+"\} 1/);
  expect(text).toMatch(/mw_batch_rows_count\{endpoint="linear",version="1"\} [1-9]/);
  expect(text).toContain('mw_model_state{endpoint="linear",version="1",state="warm"} 1');

  const lines = await until('the lines', async () => {
    const found = await readFile(join(folder, 'access.log'), 'utf8').catch(() => '');
    return found.includes('"grpc"') && found.includes('"other"') && found;
  });
  const entries = lines
    .trim()
    .split('\n')
    .map((line): Json => JSON.parse(line));
  expect(entries.find(({ id }) => id === 'order-17')).toMatchObject({ endpoint: 'linear', version: '1', status: 200 });
  expect(entries.find(({ protocol }) => protocol === 'grpc')).toMatchObject({ endpoint: 'linear', status: 0 });

  await harness.plane.flush();
  expect((await harness.plane.status()).log).toMatchObject({ written: 3, dropped: 0, lost: { buffer: 0, disk: 0 } });
  const analytics = createDuckDbAnalytics({ home: harness.home });
  expect(await analytics.prediction('linear', 'order-17')).toMatchObject({ id: 'order-17/0', version: 1, score: 2 });
  const id = String(entries.find((entry) => entry.protocol === 'grpc').id);
  expect(await analytics.prediction('linear', `${id}/0`)).toMatchObject({ id: `${id}/0` });
  await analytics.close();
});
