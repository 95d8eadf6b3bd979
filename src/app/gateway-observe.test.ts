import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGrpcObserver } from '../api/oip/grpc-observe.ts';
import { createGrpcServer, inferenceService, listenGrpc } from '../api/oip/grpc.ts';
import { createHttpServer } from '../api/oip/http-server.ts';
import { MillwrightError } from '../domain/errors.ts';
import type { Serving } from '../modules/serving/index.ts';
import { createAccessLog } from './gateway-observe-access.ts';
import type { AccessEntry } from './gateway-observe-access.ts';
import { createObservers } from './gateway-observe.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mw-observe-'));
  file = join(folder, 'access.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lines = (path = file): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const entry = (more: Partial<AccessEntry> = {}): AccessEntry => ({
  time: Date.UTC(2026, 10, 23),
  protocol: 'http',
  method: 'POST',
  route: '/v2/models/{model}/infer',
  status: 200,
  ms: 1.23456,
  bytes: 17,
  address: '127.0.0.1',
  authorization: undefined,
  endpoint: 'flights',
  version: '3',
  predictionId: 'p_1',
  ...more,
});

describe('access log', () => {
  const errors: string[] = [];
  const options = { onError: (message: string) => errors.push(message), flushMs: 60_000 };

  test('one JSON line a call; a token is there as its hash only', async () => {
    const log = createAccessLog({ ...options, to: file });
    log.add(entry());
    log.add(entry({ authorization: 'Bearer secret-token', predictionId: 'x"\n{' }));
    await log.close();
    expect(lines()[0]).toEqual({
      time: '2026-11-23T00:00:00.000Z',
      protocol: 'http',
      method: 'POST',
      route: '/v2/models/{model}/infer',
      status: 200,
      ms: 1.235,
      bytes: 17,
      address: '127.0.0.1',
      endpoint: 'flights',
      version: '3',
      id: 'p_1',
    });
    expect(lines()[1]).toMatchObject({ token: expect.stringMatching(/^[\w-]{22}$/) as string, id: 'x"\n{' });
    expect(lines()[1]).not.toHaveProperty('address');
    expect(readFileSync(file, 'utf8')).not.toContain('secret');
    expect(log.counts).toEqual({ written: 2, dropped: 0 });
  });

  test('drops before it waits, and counts what it drops', async () => {
    const log = createAccessLog({ ...options, to: file, bufferLines: 10 });
    for (let index = 0; index < 15; index += 1) log.add(entry());
    await log.close();
    expect(log.counts).toEqual({ written: 10, dropped: 5 });
    expect(lines()).toHaveLength(10);
  });

  test('a share of the calls, and every one that the service failed', async () => {
    const log = createAccessLog({ ...options, to: file, sample: 0 });
    for (const status of [200, 404, 500, 503]) log.add(entry({ status }));
    await log.close();
    expect(lines().map(({ status }) => status)).toEqual([500, 503]);
  });

  test('a file above the size makes room, and old ones go', async () => {
    const log = createAccessLog({ ...options, to: file, rotateBytes: 1000, keep: 2, flushMs: 5 });
    for (let index = 0; index < 12; index += 1) {
      for (let again = 0; again < 4; again += 1) log.add(entry({ version: String(index) }));
      await expect.poll(() => log.counts.written).toBe((index + 1) * 4);
    }
    await log.close();
    expect(readdirSync(folder).sort()).toEqual(['access.log', 'access.log.1', 'access.log.2']);
    expect(lines().at(-1)).toMatchObject({ version: '11' });
    expect(Number(lines(`${file}.1`).at(-1)?.['version'])).toBeLessThan(12);
  });

  test('a file that cannot be written costs its lines, is told once, and nothing else happens', async () => {
    errors.length = 0;
    const log = createAccessLog({ ...options, to: join(folder, 'absent', 'x.log'), flushMs: 5 });
    log.add(entry());
    await expect.poll(() => log.counts.dropped).toBe(1);
    log.add(entry());
    await log.close();
    expect(log.counts).toEqual({ written: 0, dropped: 2 });
    expect(errors).toHaveLength(1);
  });
});

test('calls over HTTP and gRPC are seen: durations by template, lines with endpoint, version and id', async () => {
  const observers = await createObservers({ accessLog: file, version: '0', families: () => [], log: () => undefined });
  const http = createHttpServer(
    [
      {
        owns: () => true,
        handle(call) {
          if (call.path[3] === 'bad') throw new MillwrightError('MW-TENSOR', 'no');
          return { status: 200, headers: { 'mw-prediction-id': 'p_9', 'mw-model-version': '4' }, body: 'žž' };
        },
        failed: () => ({ status: 400, body: '{}' }),
      },
    ],
    { hosts: [], bodyLimit: 1000, observe: observers.observe },
  );
  await new Promise<void>((resolve) => http.server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`;
  await fetch(`${url}/v2/models/flights/infer?token=hidden`, {
    method: 'POST',
    body: '{}',
    headers: { authorization: 'Bearer t0p' },
  });
  await fetch(`${url}/v2/models/bad/bad`);
  await http.drain(1000);

  const answer = { id: 'p_7', endpoint: 'flights', version: 4, releaseId: 'r', outputs: [] };
  const serving = {
    infer: ({ endpoint }: { endpoint: string }) =>
      endpoint === 'flights' ? Promise.resolve(answer) : Promise.reject(new MillwrightError('MW-NOT-FOUND', 'none')),
  };
  const grpc = createGrpcServer({
    serving: serving as unknown as Serving,
    version: '0',
    ready: () => true,
    interceptors: [createGrpcObserver(observers.observeRpc)],
  });
  const port = await listenGrpc(grpc, '127.0.0.1', 0);
  const client = new (inferenceService())(`127.0.0.1:${port}`, credentials.createInsecure());
  const ask = (method: string, request: object): Promise<ServiceError | null> =>
    new Promise((resolve) => {
      const metadata = new Metadata();
      metadata.set('authorization', 'Bearer t0p');
      client[method]?.(request, metadata, (error: ServiceError | null) => resolve(error));
    });
  expect(await ask('ModelInfer', { model_name: 'flights', inputs: [] })).toBeNull();
  expect(await ask('ModelInfer', { model_name: 'absent', inputs: [] })).toMatchObject({ code: 5 });
  expect(await ask('ServerLive', {})).toBeNull();
  client.close();
  grpc.forceShutdown();
  await observers.close();

  const series = (kind: 'http' | 'rpc'): unknown =>
    [...observers.metrics[kind].series()].map(({ labels, counts }) => [
      Object.values(labels).join(' '),
      counts.reduce((a, b) => a + b),
    ]);
  expect(series('http')).toEqual([
    ['POST /v2/models/{model}/infer 200', 1],
    ['GET other 400', 1],
  ]);
  expect(series('rpc')).toEqual([
    ['grpc inference.GRPCInferenceService ModelInfer 0', 1],
    ['grpc inference.GRPCInferenceService ModelInfer 5', 1],
    ['grpc inference.GRPCInferenceService ServerLive 0', 1],
  ]);
  const seen = lines();
  expect(seen[0]).toMatchObject({ status: 200, bytes: 4, endpoint: 'flights', version: '4', id: 'p_9' });
  expect(seen[2]).toMatchObject({ protocol: 'grpc', status: 0, endpoint: 'flights', version: '4', id: 'p_7' });
  expect(seen[0]?.['token']).toBe(seen[2]?.['token']);
  expect(readFileSync(file, 'utf8')).not.toMatch(/hidden|t0p/);
  expect(observers.metrics.observers().loop.max).toBeGreaterThanOrEqual(0);
});
