/** Traces by the unmodified clients: MLflow's over OTLP and over artifacts, and OpenTelemetry's own exporter. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonWithMlflow, REQUIREMENTS } from './python-client.ts';
import { startServer } from './server.ts';

const OTLP_REQUIREMENTS = ['opentelemetry-sdk==1.45.2', 'opentelemetry-exporter-otlp-proto-http==1.45.2'];
const STEPS = 58;

function runScript(python: string, script: string, args: readonly string[]) {
  return new Promise<{ readonly code: number | null; readonly output: string }>((resolve, reject) => {
    const child = spawn(python, [join(import.meta.dirname, script), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('clients', () => {
  it.each(['otlp', 'artifact'])('the mlflow client traces over %s', { timeout: 900_000 }, async (mode) => {
    const client = await pythonWithMlflow();
    if ('missing' in client) {
      console.log(`NOT RUN: tracing of the mlflow client (${REQUIREMENTS.join(', ')}): ${client.missing}`);
      return;
    }
    const server = await startServer();
    try {
      const { code, output } = await runScript(client.python, 'traces.py', [server.url, mode]);
      expect(code, output).toBe(0);
      expect(output, output).toContain(`steps ${STEPS}`);
      expect(server.faults).toEqual([]);
      expect(server.requests.filter((request) => request.status >= 500)).toEqual([]);
      const sent = server.requests.filter((request) => request.url === '/v1/traces');
      expect(sent.length > 0).toBe(mode === 'otlp');
      expect(sent.every((request) => request.status === 200)).toBe(true);
    } finally {
      await server.close();
    }
  });

  it("OpenTelemetry's own exporter sends spans", { timeout: 900_000 }, async () => {
    const client = await pythonWithMlflow(OTLP_REQUIREMENTS);
    if ('missing' in client) {
      console.log(`NOT RUN: the exporter of OpenTelemetry (${OTLP_REQUIREMENTS.join(', ')}): ${client.missing}`);
      return;
    }
    const server = await startServer();
    try {
      const { code, output } = await runScript(client.python, 'otlp.py', [server.url, '0']);
      expect(code, output).toBe(0);
      expect(output, output).not.toContain('Failed to export');
      const { items } = await server.tracking.searchTraces({ experimentIds: ['0'], orderBy: ['timestamp ASC'] });
      expect(items.map((one) => [one.name, one.state, one.spanCount])).toEqual([
        ['order plain', 'OK', 121],
        ['order gzip', 'OK', 121],
        ['order deflate', 'OK', 121],
      ]);
      const [first] = items;
      if (first === undefined) throw new Error('no trace');
      expect(first.tags).toMatchObject({ 'service.name': 'shop', 'deployment.environment': 'test' });
      expect(JSON.parse(first.metadata['mlflow.trace.tokenUsage'] ?? '')).toEqual({
        input_tokens: 240,
        output_tokens: 120,
        total_tokens: 360,
      });
      const spans = await server.tracking.traceSpans(first);
      const root = spans.find((span) => span.parentId === undefined);
      expect(root).toMatchObject({ kind: 2, attributes: { ratio: 2, sizes: [1, 2, 3] } });
      expect(root?.exact).toEqual([{ path: ['ratio'], type: 'double' }]);
      const failed = spans.filter((span) => span.status === 'ERROR');
      expect(failed).toMatchObject([{ statusMessage: 'out of stock', events: [{ name: 'retry' }] }]);
      expect(failed[0]?.links).toMatchObject([{ traceId: root?.traceId, spanId: root?.id }]);
    } finally {
      await server.close();
    }
  });
});

describe('POST /v1/traces', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  const send = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.url}/v1/traces`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': '0', ...headers },
    });
    const text = await response.text();
    return { status: response.status, text };
  };
  const span = (more: object = {}) => ({
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    name: 'I am a span',
    startTimeUnixNano: '1544712660000000001',
    endTimeUnixNano: '1544712661000000003',
    kind: 2,
    ...more,
  });
  const request = (...spans: object[]) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

  it('takes JSON, keeps nanoseconds, and takes a repeat as one', async () => {
    const attributes = [
      { key: 'big', value: { intValue: '9007199254740993' } },
      { key: 'whole', value: { doubleValue: 3 } },
      { key: '__proto__', value: { kvlistValue: { values: [{ key: 'x', value: { boolValue: true } }] } } },
      { key: 'bytes', value: { bytesValue: 'AAEC' } },
    ];
    expect(await send(request(span({ attributes })))).toEqual({ status: 200, text: '{}' });
    expect((await send(request(span({ attributes })))).status).toBe(200);
    const answer = await fetch(`${server.url}/api/3.0/mlflow/traces/get?trace_id=tr-5b8efff798038103d269b633813fc60c`);
    const { trace } = (await answer.json()) as { trace: { spans: { attributes: unknown[] }[] } };
    expect(trace.spans).toHaveLength(1);
    expect(trace.spans[0]).toMatchObject({
      trace_id: Buffer.from('5b8efff798038103d269b633813fc60c', 'hex').toString('base64'),
      start_time_unix_nano: '1544712660000000001',
      end_time_unix_nano: '1544712661000000003',
    });
    expect(trace.spans[0]?.attributes).toEqual([
      { key: 'big', value: { int_value: '9007199254740993' } },
      { key: 'whole', value: { double_value: 3 } },
      { key: '__proto__', value: { kvlist_value: { values: [{ key: 'x', value: { bool_value: true } }] } } },
      { key: 'bytes', value: { bytes_value: 'AAEC' } },
    ]);
  });

  it('stores what is right of a request and says what was not', async () => {
    let deep: object = { stringValue: 'x' };
    for (let i = 0; i < 80; i += 1) deep = { arrayValue: { values: [deep] } };
    const good = span({ traceId: 'a'.repeat(32) });
    const { status, text } = await send(
      request(good, span({ spanId: '00' }), span({ attributes: [{ key: 'deep', value: deep }] })),
    );
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      partialSuccess: { rejectedSpans: '2', errorMessage: 'a span has no id of 8 bytes' },
    });
    expect((await server.tracking.getTrace(`tr-${'a'.repeat(32)}`)).spanCount).toBe(1);
  });

  it.each<readonly [string, string, Record<string, string>, number]>([
    ['no experiment', request(span()), { 'x-mlflow-experiment-id': '' }, 400],
    ['an experiment that is no number', request(span()), { 'x-mlflow-experiment-id': '../1' }, 400],
    ['an experiment that is not there', request(span()), { 'x-mlflow-experiment-id': '99' }, 404],
    ['another type', 'x', { 'content-type': 'text/plain' }, 415],
    ['broken JSON', '{"resourceSpans":', {}, 400],
    ['broken protobuf', 'not protobuf', { 'content-type': 'application/x-protobuf' }, 400],
    ['broken gzip', 'not gzip', { 'content-encoding': 'gzip' }, 400],
    ['an unknown encoding', 'x', { 'content-encoding': 'br' }, 415],
    ['JSON that is too deep', '['.repeat(100_000), {}, 400],
  ])('refuses %s', async (_what, body, headers, status) => {
    const answer = await send(body, headers);
    expect(answer.status, answer.text).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ error_code: expect.any(String), message: expect.any(String) });
    expect(server.faults).toEqual([]);
  });

  it('refuses a bomb, too many spans, and protobuf that nests without end', async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024));
    expect((await send(new Uint8Array(bomb), { 'content-encoding': 'gzip' })).status).toBe(413);
    const many = request(...Array.from({ length: 20_001 }, () => ({ spanId: '1' })));
    expect((await send(many)).status).toBe(413);
    // Each level is an AnyValue with an array of one: field 5, then field 1.
    let nested: Buffer = Buffer.from([]);
    for (let i = 0; i < 4000; i += 1) nested = wrapped(5, wrapped(1, nested));
    const attribute = wrapped(9, Buffer.concat([wrapped(1, Buffer.from('k')), wrapped(2, nested)]));
    const body = wrapped(1, wrapped(2, wrapped(2, attribute)));
    const answer = await send(new Uint8Array(body), { 'content-type': 'application/x-protobuf' });
    expect([200, 400], answer.text).toContain(answer.status);
    expect(server.faults).toEqual([]);
  });
});

function wrapped(field: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let left = bytes.length; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), bytes]);
}
