/** The extensions over real sockets, REST and gRPC, in front of the real serving module; the model gives back what it gets, when it is let. */
import { request } from 'node:http';
import { connect } from 'node:http2';
import type { Settings } from 'node:http2';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import type { ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { createServing } from '../../modules/serving/index.ts';
import type { InferCall } from '../../modules/serving/index.ts';
import { systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import { NO_RUNTIME_STATS } from '../../ports/model-runtime.ts';
import type { ModelRuntime, RunOptions } from '../../ports/model-runtime.ts';
import { createGrpcServer, inferenceService, listenGrpc } from './grpc.ts';
import { createHttpServer, listenHttp } from './http-server.ts';
import { createOipRoutes } from './rest.ts';

const signature: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
};
const halves: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP16', shape: [-1, 2] }],
  outputs: [{ name: 'x', datatype: 'FP16', shape: [-1, 2] }],
};
/** What the next calls do: by the first element. */
const OVERLOAD = 13;
const SLOW = 77;
const options: RunOptions[] = [];
let aborted = 0;
const held: (() => void)[] = [];
const letGo = (): void => held.splice(0).forEach((go) => go());

const runtime: ModelRuntime = {
  caps: { formats: ['onnx'], batching: false },
  load: ({ path }) =>
    Promise.resolve({
      signature: path.includes('half') ? halves : signature,
      async infer(inputs: readonly Tensor[], how: RunOptions) {
        options.push(how);
        const first = Number(inputs[0]?.data[0]);
        if (first === OVERLOAD)
          throw new MillwrightError('MW-OVERLOADED', 'too many calls wait', { retryAfterMs: 2400 });
        if (first === SLOW) {
          await new Promise<void>((resolve) => {
            held.push(resolve);
            how.signal?.addEventListener('abort', () => {
              aborted += 1;
              resolve();
            });
          });
        }
        return inputs;
      },
      stats: () => ({
        ...NO_RUNTIME_STATS,
        replicas: 3,
        batches: 7,
        queueMs: 1.5,
        computeMs: 2.5,
        batchSizes: { bounds: [1, 2, 4], counts: [5, 0, 2] },
        cost: { fixedMs: 1, perRowMs: 0.5 },
        rssBytes: 4096,
      }),
      unload: () => Promise.resolve(),
    }),
  close: () => Promise.resolve(),
};
const serving = createServing({
  runtime,
  clock: systemClock,
  ids: createIds(systemClock),
  log: { add: () => undefined },
  persist: () => Promise.resolve(),
  verify: () => Promise.resolve(),
  onError: () => undefined,
});
const seen: InferCall[] = [];
const watched = {
  ...serving,
  infer: (given: InferCall) => {
    seen.push(given);
    return serving.infer(given);
  },
};
const health = { ready: true };
const deps = { serving: watched, version: '1', ready: () => health.ready };
const http = createHttpServer([createOipRoutes(deps)], { hosts: [], bodyLimit: 100_000, bodiesLimit: 150_000 });
const grpc = createGrpcServer(deps);
let [port, grpcPort] = [0, 0];
const route = (endpoint: string) => ({
  endpoint,
  epoch: 1,
  weights: [{ releaseId: `${endpoint}-r1`, percent: 100 }],
  models: [{ releaseId: `${endpoint}-r1`, model: endpoint, version: 4, modelDigest: 'sha256:0', path: endpoint }],
});

beforeAll(async () => {
  await serving.apply(route('echo'));
  await serving.apply(route('half'));
  port = await listenHttp(http.server, '127.0.0.1', 0);
  grpcPort = await listenGrpc(grpc, '127.0.0.1', 0);
});
afterAll(async () => {
  grpc.forceShutdown();
  await http.drain(100);
});

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function ask(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks), headers: response.headers }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
const data = (answer: Answer): unknown => JSON.parse(answer.body.toString('utf8'));
const said = (answer: Answer): string => (data(answer) as { error: string }).error;
const post = (path: string, body?: object): Promise<Answer> =>
  ask('POST', path, body === undefined ? undefined : JSON.stringify(body));
const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const inputs = (rows: number, ...values: number[]) => [{ name: 'x', datatype: 'FP32', shape: [rows, 2], data: values }];
const infer = (body: object, headers: Record<string, string> = {}, endpoint = 'echo'): Promise<Answer> =>
  ask('POST', `/v2/models/${endpoint}/infer`, JSON.stringify(body), headers);

describe('bodies', () => {
  test('gzip and deflate, with the length of the JSON before compression', async () => {
    const json = JSON.stringify({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
    });
    const plain = Buffer.concat([Buffer.from(json), floats(3, 4)]);
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(plain)],
      ['deflate', deflateSync(plain)],
    ] as const) {
      const answer = await ask('POST', '/v2/models/echo/infer', bytes, {
        'content-encoding': encoding,
        'inference-header-content-length': String(json.length),
      });
      expect([answer.status, data(answer)]).toMatchObject([200, { outputs: [{ data: [3, 4] }] }]);
    }
  });

  test('a bomb ends at the limit; what is not what it says, and other encodings, are refused', async () => {
    const send = (bytes: Buffer, encoding: string): Promise<Answer> =>
      ask('POST', '/v2/models/echo/infer', bytes, { 'content-encoding': encoding });
    expect((await send(gzipSync(Buffer.alloc(50_000_000)), 'gzip')).status).toBe(413);
    expect((await send(Buffer.from('plain'), 'gzip')).status).toBe(400);
    expect((await send(Buffer.from('x'), 'br')).status).toBe(415);
  });

  test('all bodies together are bounded: 429 beyond, and what was held is given back', async () => {
    const large = { inputs: inputs(1, SLOW, 0), parameters: { padding: 'x'.repeat(90_000) } };
    const first = infer(large);
    await expect.poll(() => options.length > 0 && serving.inFlight()).toBe(1);
    const second = await infer(large);
    expect([second.status, second.headers['retry-after']]).toEqual([429, '1']);
    letGo();
    expect((await first).status).toBe(200);
    large.inputs = inputs(1, 1, 2);
    expect((await infer(large)).status).toBe(200);
  });

  test('the bytes of the only input, without any JSON', async () => {
    const answer = await ask('POST', '/v2/models/echo/infer', floats(1, 2, 3, 4), {
      'inference-header-content-length': '0',
    });
    const length = Number(answer.headers['inference-header-content-length']);
    expect(JSON.parse(answer.body.subarray(0, length).toString())).toMatchObject({
      outputs: [{ shape: [2, 2], parameters: { binary_data_size: 16 } }],
    });
    expect(answer.body.subarray(length).equals(floats(1, 2, 3, 4))).toBe(true);
    const odd = await ask('POST', '/v2/models/echo/infer', Buffer.alloc(6), { 'inference-header-content-length': '0' });
    expect([odd.status, said(odd)]).toEqual([400, expect.stringContaining('"x" has 6 bytes')]);
  });

  test('halves go through as bytes, and come back as numbers where JSON is asked for', async () => {
    const json = JSON.stringify({
      inputs: [{ name: 'x', datatype: 'FP16', shape: [1, 2], parameters: { binary_data_size: 4 } }],
    });
    const body = Buffer.concat([Buffer.from(json), Buffer.from(Uint16Array.of(0x3c00, 0xc000).buffer)]);
    const answer = await ask('POST', '/v2/models/half/infer', body, {
      'inference-header-content-length': String(json.length),
    });
    expect(data(answer)).toMatchObject({ outputs: [{ datatype: 'FP16', data: [1, -2] }] });
  });
});

describe('answers', () => {
  test('are compressed when that is asked for and worth it, and never when they are no inference', async () => {
    const gzip = { 'accept-encoding': 'gzip, deflate' };
    const many = Array.from({ length: 10_000 }, (_, index) => index);
    const large = await infer({ inputs: inputs(5000, ...many) }, gzip);
    expect(large.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(large.body).toString())).toMatchObject({ outputs: [{ shape: [5000, 2] }] });
    expect((await infer({ inputs: inputs(5000, ...many) })).headers['content-encoding']).toBeUndefined();
    expect(
      (await infer({ inputs: inputs(5000, ...many) }, { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'],
    ).toBeUndefined();
    expect((await infer({ inputs: inputs(1, 1, 2) }, gzip)).headers['content-encoding']).toBeUndefined();
    expect((await ask('GET', '/v2/models/echo', undefined, gzip)).headers['content-encoding']).toBeUndefined();
    expect((await infer({ inputs: inputs(2, 1) }, gzip)).headers['content-encoding']).toBeUndefined();
  });

  test('say when to ask again, over both protocols', async () => {
    const answer = await infer({ inputs: inputs(1, OVERLOAD, 0) });
    expect([answer.status, answer.headers['retry-after'], said(answer)]).toEqual([
      429,
      '3',
      expect.stringContaining('MW-OVERLOADED'),
    ]);
    const error = await call('ModelInfer', rawRequest(OVERLOAD, 0)).then(
      () => undefined,
      (failure: ServiceError) => failure,
    );
    expect([error?.code, error?.metadata.get('retry-after')]).toEqual([status.RESOURCE_EXHAUSTED, ['3']]);
  });

  test('a client that leaves takes its call with it', async () => {
    const before = aborted;
    const outgoing = request({ port, host: '127.0.0.1', method: 'POST', path: '/v2/models/echo/infer' });
    outgoing.on('error', () => undefined);
    outgoing.end(JSON.stringify({ inputs: inputs(1, SLOW, 0) }));
    await expect.poll(() => serving.inFlight()).toBe(1);
    outgoing.destroy();
    await expect.poll(() => aborted).toBe(before + 1);
    const client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
    const unary = (client['ModelInfer'] as unknown as (q: object, done: () => void) => { cancel(): void }).call(
      client,
      rawRequest(SLOW, 0),
      () => undefined,
    );
    await expect.poll(() => serving.inFlight()).toBe(1);
    unary.cancel();
    await expect.poll(() => aborted).toBe(before + 2);
    await expect.poll(() => serving.inFlight()).toBe(0);
    client.close();
  });

  test('who calls, the sticky key, the priority and the deadline reach the serving module', async () => {
    await infer({ inputs: inputs(1, 1, 2), parameters: { priority: 1, timeout: 5000 } }, { 'mw-sticky-key': 'user-7' });
    expect(seen.at(-1)).toMatchObject({ client: '127.0.0.1', stickyKey: 'user-7', priority: 4, timeoutMs: 5 });
    await infer(
      { inputs: inputs(1, 1, 2), parameters: { sticky_key: 'own' } },
      { 'mw-sticky-key': 'user-7', authorization: 'Bearer secret' },
    );
    expect(seen.at(-1)?.stickyKey).toBe('own');
    // No token is asked for here: one that the caller makes up says nothing, and would be a new client each time.
    expect(seen.at(-1)?.client).toBe('127.0.0.1');
    const metadata = new Metadata();
    metadata.set('mw-sticky-key', 'user-8');
    await call(
      'ModelInfer',
      { ...rawRequest(1, 2), parameters: { priority: { uint64_param: 2 } } },
      metadata,
      Date.now() + 3000,
    );
    expect(seen.at(-1)).toMatchObject({ client: '127.0.0.1', stickyKey: 'user-8', priority: 3 });
    expect(seen.at(-1)?.timeoutMs).toBeGreaterThan(1000);
    expect(seen.at(-1)?.timeoutMs).toBeLessThanOrEqual(3000);
    expect((await infer({ inputs: inputs(1, 1, 2) }, { 'mw-sticky-key': 'k'.repeat(201) })).status).toBe(400);
  });
});

describe('repository, statistics and settings', () => {
  test('load and unload, and what is sent along is refused', async () => {
    expect((await post('/v2/repository/models/echo/unload', { parameters: { unload_dependents: true } })).status).toBe(
      200,
    );
    expect(data(await ask('POST', '/v2/repository/index'))).toContainEqual({
      name: 'echo',
      version: '4',
      state: 'UNAVAILABLE',
      reason: expect.stringContaining('unloaded'),
    });
    expect(data(await post('/v2/repository/index', { ready: true }))).not.toContainEqual(
      expect.objectContaining({ name: 'echo' }),
    );
    expect((await ask('GET', '/v2/models/echo/ready')).status).toBe(503);
    expect((await infer({ inputs: inputs(1, 1, 2) })).status).toBe(503);
    for (const parameters of [{ config: '{}' }, { 'file:1/model.onnx': 'AAAA' }]) {
      const refused = await post('/v2/repository/models/echo/load', { parameters });
      expect([refused.status, said(refused)]).toEqual([400, expect.stringContaining('models come from releases')]);
    }
    expect((await post('/v2/repository/models/echo/load', {})).status).toBe(200);
    expect((await infer({ inputs: inputs(1, 1, 2) })).status).toBe(200);
    expect((await post('/v2/repository/models/nobody/unload')).status).toBe(404);
    expect((await post('/v2/repository/index', { ready: 'yes' })).status).toBe(400);
  });

  test('statistics are what the runtime counted', async () => {
    // Loaded twice by now: what the first load counted is kept.
    await infer({ inputs: inputs(2, 1, 2, 3, 4) });
    const { model_stats: found } = data(await ask('GET', '/v2/models/echo/versions/4/stats')) as {
      model_stats: Record<string, unknown>[];
    };
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      name: 'echo',
      version: '4',
      execution_count: expect.any(Number),
      inference_stats: { queue: { ns: expect.any(Number) }, success: { count: expect.any(Number) } },
      batch_stats: [
        { batch_size: 1, compute_infer: { count: 10, ns: 15_000_000 } },
        { batch_size: 4, compute_infer: { count: 4, ns: 12_000_000 } },
      ],
      memory_usage: [{ type: 'CPU', id: 0, byte_size: 4096 }],
    });
    expect((await ask('GET', '/v2/models/nobody/stats')).status).toBe(404);
    expect(await call('ModelStatistics', { name: 'echo' })).toMatchObject({
      model_stats: [{ version: '4', memory_usage: [{ byte_size: '4096' }] }],
    });
    expect(await call('ModelConfig', { name: 'echo' })).toMatchObject({
      config: {
        name: 'echo',
        max_batch_size: 100_000,
        input: [{ name: 'x', data_type: 'TYPE_FP32', dims: ['2'] }],
        instance_group: [{ count: 3, kind: 2 }],
        version_policy: { specific: { versions: ['4'] } },
      },
    });
  });

  test('trace, log and shared memory can be looked at; to change them is refused with a code', async () => {
    expect(data(await ask('GET', '/v2/trace/setting'))).toMatchObject({ trace_level: ['OFF'] });
    expect(data(await ask('GET', '/v2/models/echo/trace/setting'))).toMatchObject({ trace_level: ['OFF'] });
    expect(data(await ask('GET', '/v2/logging'))).toMatchObject({ log_info: true });
    for (const area of ['systemsharedmemory', 'cudasharedmemory']) {
      expect(data(await ask('GET', `/v2/${area}/status`))).toEqual([]);
      expect(said(await post(`/v2/${area}/region/r/register`, { key: '/k', offset: 0, byte_size: 8 }))).toMatch(
        /^MW-UNSUPPORTED/,
      );
      expect((await post(`/v2/${area}/unregister`)).status).toBe(200);
    }
    for (const path of [
      '/v2/trace/setting',
      '/v2/logging',
      '/v2/models/echo/generate',
      '/v2/models/echo/generate_stream',
    ])
      expect([path, said(await post(path, { trace_level: ['TIMESTAMPS'] }))]).toEqual([
        path,
        expect.stringContaining('MW-UNSUPPORTED'),
      ]);
    expect(await call('SystemSharedMemoryStatus', {})).toEqual({ regions: {} });
    expect(await call('LogSettings', {})).toMatchObject({ settings: { log_info: { bool_param: true } } });
    expect(await call('TraceSetting', {})).toMatchObject({ settings: { trace_level: { value: ['OFF'] } } });
    await expect(call('CudaSharedMemoryRegister', { name: 'r' })).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    await expect(
      call('RepositoryModelLoad', { model_name: 'echo', parameters: { config: { string_param: '{}' } } }),
    ).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    await expect(call('RepositoryModelLoad', { model_name: 'nobody' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });
});

const Client = inferenceService();
function call(name: string, body: object, metadata = new Metadata(), deadline?: number): Promise<unknown> {
  const client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    const method = client[name] as unknown as (
      q: object,
      m: Metadata,
      o: object,
      done: (e: Error | null, a: unknown) => void,
    ) => void;
    method.call(client, body, metadata, deadline === undefined ? {} : { deadline }, (error, answer) => {
      client.close();
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}
const rawRequest = (a: number, b: number, id = '') => ({
  model_name: 'echo',
  id,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
  raw_input_contents: [floats(a, b)],
});

test('a client may send a large message without waiting for the server', async () => {
  const session = connect(`http://127.0.0.1:${grpcPort}`);
  const settings = await new Promise<Settings>((resolve) => {
    session.once('remoteSettings', resolve);
  });
  await expect.poll(() => session.state.remoteWindowSize).toBe(8 * 1024 * 1024);
  session.destroy();
  expect(settings).toMatchObject({ initialWindowSize: 8 * 1024 * 1024, maxConcurrentStreams: 1024 });
});

describe('gRPC streams', () => {
  interface StreamAnswer {
    readonly error_message: string;
    readonly infer_response: {
      readonly id: string;
      readonly raw_output_contents: readonly Buffer[];
      readonly parameters: object;
    } | null;
  }

  test('answers come as they are ready, an error does not end the stream, many are in flight', async () => {
    const client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
    const stream = (client['ModelStreamInfer'] as unknown as () => ClientDuplexStream<object, StreamAnswer>).call(
      client,
    );
    const answers: StreamAnswer[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      stream.on('data', (answer: StreamAnswer) => answers.push(answer));
      stream.on('end', resolve);
      stream.on('error', reject);
    });
    stream.write(rawRequest(SLOW, 0, 'slow'));
    await expect.poll(() => serving.inFlight()).toBe(1);
    stream.write({ ...rawRequest(1, 2, 'wrong'), model_name: 'nobody' });
    for (let index = 0; index < 200; index += 1)
      stream.write(rawRequest(index === OVERLOAD ? 0 : index, 5, `q${index}`));
    stream.end();
    await expect.poll(() => answers.length).toBeGreaterThan(200 - 77);
    expect(answers.some((answer) => answer.infer_response?.id === 'slow')).toBe(false);
    while (answers.length < 202) {
      letGo();
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
    await ended;
    expect(answers.filter((answer) => answer.error_message !== '')).toMatchObject([
      { error_message: expect.stringContaining('MW-NOT-FOUND'), infer_response: { id: 'wrong' } },
    ]);
    const q9 = answers.find((answer) => answer.infer_response?.id === 'q9')?.infer_response;
    expect(q9?.raw_output_contents[0]?.equals(floats(9, 5))).toBe(true);
    expect(q9?.parameters).toMatchObject({ triton_final_response: { bool_param: true } });
    client.close();
  });

  test('health of the server and of each endpoint, and its watchers hear of the drain', async () => {
    const check = healthCall('Check');
    expect(await check('')).toBe('SERVING');
    expect(await check('echo')).toBe('SERVING');
    await expect(check('nobody')).rejects.toMatchObject({ code: status.NOT_FOUND });
    const heard: string[] = [];
    const over = new Promise<ServiceError>((resolve) => {
      const stream = watch('echo');
      stream.on('data', (answer: { status: string }) => heard.push(answer.status));
      stream.on('error', resolve);
    });
    await expect.poll(() => heard).toEqual(['SERVING']);
    await serving.unload('echo');
    await expect.poll(() => heard).toEqual(['SERVING', 'NOT_SERVING']);
    await serving.load('echo');
    await expect.poll(() => heard).toEqual(['SERVING', 'NOT_SERVING', 'SERVING']);
    health.ready = false;
    expect((await over).code).toBe(status.UNAVAILABLE);
    expect(heard.at(-1)).toBe('NOT_SERVING');
    expect((await ask('GET', '/v2/health/ready')).status).toBe(503);
    health.ready = true;
  });
});

async function healthClient() {
  const { loadSync } = await import('@grpc/proto-loader');
  const { loadPackageDefinition } = await import('@grpc/grpc-js');
  const file = new URL('../../../proto/health.proto', import.meta.url).pathname;
  const loaded = loadPackageDefinition(loadSync(file, { keepCase: true, enums: String, defaults: true }));
  const Health = (loaded as unknown as { grpc: { health: { v1: { Health: typeof Client } } } }).grpc.health.v1.Health;
  return new Health(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
}
const clients: Awaited<ReturnType<typeof healthClient>>[] = [];
beforeAll(async () => void clients.push(await healthClient()));
afterAll(() => clients.forEach((client) => client.close()));
const healthCall =
  (name: string) =>
  (service: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const [client] = clients;
      const method = client?.[name] as unknown as (
        q: object,
        done: (e: Error | null, a: { status: string }) => void,
      ) => void;
      method.call(client, { service }, (error, answer) => (error === null ? resolve(answer.status) : reject(error)));
    });
function watch(service: string): ClientReadableStream<unknown> {
  const [client] = clients;
  const method = client?.['Watch'] as unknown as (q: object) => ClientReadableStream<unknown>;
  return method.call(client, { service });
}
