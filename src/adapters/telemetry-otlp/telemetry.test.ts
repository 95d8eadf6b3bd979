import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { telemetrySettings } from '../../platform/telemetry-settings.ts';
import type { MetricFamily, SeenSpan, Telemetry } from '../../ports/telemetry.ts';
import { otelName } from './metric-data.ts';
import { createSampling } from './sampling.ts';
import { createOtlpTelemetry } from './telemetry.ts';

/** What of opentelemetry-proto is read here. */
const PROTO = `syntax = "proto3";
message Any { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message KeyValue { string key = 1; Any value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Status { string message = 2; int32 code = 3; }
message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15; }
message ScopeSpans { repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Traces { repeated ResourceSpans resource_spans = 1; }
message Number { repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; double as_double = 4; }
message HistogramPoint { repeated KeyValue attributes = 9; fixed64 count = 4; double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; }
message Gauge { repeated Number data_points = 1; }
message Sum { repeated Number data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
message Metric { string name = 1; string description = 2; string unit = 3; Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
message ScopeMetrics { repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Metrics { repeated ResourceMetrics resource_metrics = 1; }
service Reader { rpc Both(Traces) returns (Metrics); }`;

function reader(): { readonly Traces: (body: Buffer) => object; readonly Metrics: (body: Buffer) => object } {
  const folder = mkdtempSync(join(tmpdir(), 'mw-otlp-'));
  try {
    writeFileSync(join(folder, 'otlp.proto'), PROTO);
    const loaded = loadSync(join(folder, 'otlp.proto'), { longs: Number, bytes: String, defaults: true });
    const service = loaded['Reader'] as unknown as Record<
      'Both',
      { requestDeserialize: (body: Buffer) => object; responseDeserialize: (body: Buffer) => object }
    >;
    return { Traces: service.Both.requestDeserialize, Metrics: service.Both.responseDeserialize };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const read = reader();

interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let receiver: Server;
let endpoint: string;
let received: Received[];
let answer: { status: number; delayMs: number };
const made: Telemetry[] = [];

beforeEach(async () => {
  received = [];
  answer = { status: 200, delayMs: 0 };
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      received.push({ url: request.url ?? '', headers: request.headers, body });
      setTimeout(() => response.writeHead(answer.status).end(), answer.delayMs);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  await Promise.all(made.splice(0).map((one) => one.close()));
  receiver.closeAllConnections();
  receiver.close();
});

const decode = (message: 'Traces' | 'Metrics', body: Buffer): object => read[message](body);

const attributes = (list: unknown): Record<string, unknown> =>
  Object.fromEntries(
    (list as { key: string; value: Record<string, unknown> }[]).map(({ key, value }) => [key, Object.values(value)[0]]),
  );

function telemetry(
  variables: Record<string, string> = {},
  families: readonly MetricFamily[] = [],
): [Telemetry, string[]] {
  const messages: string[] = [];
  const settings = telemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...variables });
  if (settings === undefined) throw new Error('no settings');
  const one = createOtlpTelemetry({
    settings,
    version: '1.2.3',
    families: () => families,
    onChange: (message) => messages.push(message),
  });
  made.push(one);
  return [one, messages];
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const call = (traceparent?: string, more: Partial<SeenSpan> = {}): SeenSpan => ({
  traceparent,
  tracestate: undefined,
  startedAt: 1000,
  endedAt: 1002.5,
  failed: false,
  describe: () => ({ name: 'POST /x', attributes: { 'http.route': '/x', 'http.response.status_code': 200 } }),
  ...more,
});

test('a call is one server span that continues the caller’s trace; headers and resource are those of the variables', async () => {
  const [one] = telemetry({
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b,x-other=2',
    OTEL_SERVICE_NAME: 'shop',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
    OTEL_METRICS_EXPORTER: 'none',
  });
  one.call(call(`00-${TRACE}-b7ad6b7169203331-01`));
  one.call(call(`00-${TRACE}-b7ad6b7169203331-00`));
  one.call(call(undefined, { failed: true }));
  await one.close();
  expect(received.map(({ url }) => url)).toEqual(['/v1/traces']);
  expect(received[0]?.headers).toMatchObject({
    'x-key': 'a b',
    'x-other': '2',
    'content-type': 'application/x-protobuf',
  });
  const { resourceSpans } = decode('Traces', received[0]?.body ?? Buffer.alloc(0)) as {
    resourceSpans: { resource: { attributes: unknown }; scopeSpans: { spans: Record<string, unknown>[] }[] }[];
  };
  expect(attributes(resourceSpans[0]?.resource.attributes)).toMatchObject({
    'service.name': 'shop',
    'service.version': '1.2.3',
    'deployment.environment': 'test',
  });
  const spans = resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
  // The caller that is not sampled is followed, too.
  expect(spans).toHaveLength(2);
  const hex = (value: unknown): string => Buffer.from(String(value), 'base64').toString('hex');
  expect([hex(spans[0]?.['traceId']), hex(spans[0]?.['parentSpanId'])]).toEqual([TRACE, 'b7ad6b7169203331']);
  expect(spans[0]).toMatchObject({ name: 'POST /x', kind: 2 });
  expect(attributes(spans[0]?.['attributes'])).toEqual({ 'http.route': '/x', 'http.response.status_code': 200 });
  const nanos = Number(spans[0]?.['endTimeUnixNano']) - Number(spans[0]?.['startTimeUnixNano']);
  expect(nanos / 1e6).toBeCloseTo(2.5, 1);
  expect(spans[1]).toMatchObject({ parentSpanId: '', status: { code: 2 } });
  expect(hex(spans[1]?.['traceId'])).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  expect(one.counts).toEqual({ sent: 2, dropped: 0 });
});

test('metrics arrive with OpenTelemetry’s names, units and kinds', async () => {
  const [one] = telemetry({ OTEL_TRACES_EXPORTER: 'none' }, [
    {
      type: 'histogram',
      name: 'http_server_request_duration_seconds',
      help: 'H.',
      samples: [
        {
          labels: { http_route: '/x', http_request_method: 'GET', http_response_status_code: '200' },
          bounds: [0.1, 1],
          counts: [3, 2, 1],
          sum: 4.5,
        },
      ],
    },
    {
      type: 'counter',
      name: 'mw_inference_calls_total',
      help: 'C.',
      samples: [{ labels: { endpoint: 'e', version: 2 }, value: 7 }],
    },
    { type: 'gauge', name: 'process_resident_memory_bytes', help: 'G.', samples: [{ labels: {}, value: 11 }] },
    { type: 'gauge', name: 'empty', help: 'E.', samples: [] },
  ]);
  await one.close();
  expect(received.map(({ url }) => url)).toEqual(['/v1/metrics']);
  const { resourceMetrics } = decode('Metrics', received[0]?.body ?? Buffer.alloc(0)) as {
    resourceMetrics: { scopeMetrics: { metrics: Record<string, unknown>[] }[] }[];
  };
  const [histogram, sum, gauge, ...rest] = resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
  expect(rest).toEqual([]);
  expect(histogram).toMatchObject({
    name: 'http.server.request.duration',
    unit: 's',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [{ count: 6, sum: 4.5, bucketCounts: [3, 2, 1], explicitBounds: [0.1, 1] }],
    },
  });
  const point = (histogram?.['histogram'] as { dataPoints: { attributes: unknown }[] } | undefined)?.dataPoints[0];
  expect(attributes(point?.attributes)).toEqual({
    'http.route': '/x',
    'http.request.method': 'GET',
    'http.response.status_code': 200,
  });
  expect(sum).toMatchObject({
    name: 'mw.inference.calls',
    unit: '1',
    sum: { isMonotonic: true, dataPoints: [{ asDouble: 7 }] },
  });
  expect(gauge).toMatchObject({
    name: 'process.resident.memory',
    unit: 'By',
    gauge: { dataPoints: [{ asDouble: 11 }] },
  });
});

describe('a collector that does not work', () => {
  test('a dead one costs a call next to nothing; what is not sent is counted, and told once', async () => {
    receiver.close();
    const [one, messages] = telemetry({ OTEL_EXPORTER_OTLP_TIMEOUT: '100', OTEL_METRICS_EXPORTER: 'none' });
    const began = performance.now();
    for (let index = 0; index < 20_000; index += 1) one.call(call());
    const each = (performance.now() - began) / 20_000;
    expect(each).toBeLessThan(0.1);
    await one.close();
    expect(one.counts.sent).toBe(0);
    expect(one.counts.dropped).toBeGreaterThan(12_000);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/spans cannot be sent/);
  });

  test('one that hangs does not hold up the end', async () => {
    answer = { status: 200, delayMs: 60_000 };
    const [one] = telemetry({ OTEL_METRICS_EXPORTER: 'none' });
    one.call(call());
    const began = performance.now();
    await one.close();
    expect(performance.now() - began).toBeLessThan(4500);
  });
});

describe('sampling', () => {
  const shareOf = (
    sampler: { parentBased: boolean; ratio: number },
    traceparent?: (index: number) => string,
  ): number => {
    const sample = createSampling(sampler);
    let kept = 0;
    for (let index = 0; index < 4000; index += 1) if (sample(traceparent?.(index)) !== undefined) kept += 1;
    return kept / 4000;
  };
  const id = (index: number): string =>
    (index + 1).toString(16).padStart(8, '0').repeat(3) + ((index * 2_654_435_761) >>> 0).toString(16).padStart(8, '0');

  test('a share of the calls without a caller; callers are followed when it is based on them', () => {
    expect(shareOf({ parentBased: true, ratio: 0.1 })).toBeCloseTo(0.1, 1);
    expect(shareOf({ parentBased: true, ratio: 0 }, (index) => `00-${id(index)}-b7ad6b7169203331-01`)).toBe(1);
    expect(shareOf({ parentBased: true, ratio: 1 }, (index) => `00-${id(index)}-b7ad6b7169203331-00`)).toBe(0);
    expect(shareOf({ parentBased: false, ratio: 1 }, (index) => `00-${id(index)}-b7ad6b7169203331-00`)).toBe(1);
    const share = shareOf({ parentBased: false, ratio: 0.3 }, (index) => `00-${id(index)}-b7ad6b7169203331-01`);
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });

  test.each([
    '',
    'x',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-b7ad6b7169203331-01`,
    `00-${TRACE.toUpperCase()}-b7ad6b7169203331-01`,
    `00-${TRACE}-b7ad6b7169203331-01 `,
  ])('a header that is none (%j) begins a new trace', (header) => {
    const found = createSampling({ parentBased: true, ratio: 1 })(header);
    expect(found?.parentId).toBeUndefined();
    expect(found?.traceId).not.toBe(TRACE);
  });
});

test('names lose what Prometheus adds', () => {
  expect(otelName('mw_queue_seconds_total')).toEqual({ name: 'mw.queue', unit: 's' });
  expect(otelName('mw_shed_total')).toEqual({ name: 'mw.shed', unit: '1' });
});

describe('variables', () => {
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' };
  test('nothing configured, or disabled: nothing is sent', () => {
    expect(telemetrySettings({})).toBeUndefined();
    expect(telemetrySettings({ ...base, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
    expect(telemetrySettings({ ...base, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' })).toBeUndefined();
  });
  test('addresses by kind win over the common one', () => {
    expect(telemetrySettings({ ...base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t/x' })).toMatchObject({
      traces: 'https://t/x',
      metrics: 'http://c:4318/v1/metrics',
      serviceName: 'millwright-gateway',
      sampler: { parentBased: true, ratio: 1 },
    });
  });
  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'file:///etc/passwd' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    [{ ...base, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    [{ ...base, OTEL_TRACES_SAMPLER: 'sometimes' }, 'OTEL_TRACES_SAMPLER'],
    [{ ...base, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '7' }, 'OTEL_TRACES_SAMPLER_ARG'],
    [{ ...base, OTEL_EXPORTER_OTLP_HEADERS: 'novalue' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [{ ...base, OTEL_METRIC_EXPORT_INTERVAL: 'often' }, 'OTEL_METRIC_EXPORT_INTERVAL'],
  ])('%o is refused by name', (variables, where) => {
    expect(() => telemetrySettings(variables)).toThrow(expect.objectContaining({ code: 'MW-USAGE', where }));
  });
});
