import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Handlers } from './bind.ts';
import { createHttp } from './server.ts';

const silent = (): void => undefined;
const quiet = { debug: silent, info: silent, warn: silent, error: silent };
const WINDOW_MS = 200;
let app: FastifyInstance;
let port = 0;

beforeEach(async () => {
  app = await createHttp({
    hosts: [],
    auth: { principal: async () => ({ name: 'tester', role: 'admin' }), log: quiet },
    // None of our own routes is asked here.
    handlers: {} as Handlers,
    stream: { since: async () => [], subscribe: () => () => undefined },
    page: async () => undefined,
    bodyWindowMs: WINDOW_MS,
    extend: async (server) => routes(server),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(() => app.close());

/* oxlint-disable oxc/no-async-endpoint-handlers -- these are Fastify's, which takes their errors */
function routes(server: FastifyInstance): void {
  server.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  server.put('/stream', async (request) => {
    let bytes = 0;
    for await (const chunk of request.body as AsyncIterable<Buffer>) bytes += chunk.length;
    return { bytes };
  });
  server.put('/late', async (request) => {
    // A server that is slow to read must not take it out on the client.
    await sleep(3 * WINDOW_MS);
    let bytes = 0;
    for await (const chunk of request.body as AsyncIterable<Buffer>) bytes += chunk.length;
    return { bytes };
  });
  server.get('/wait', async () => {
    await sleep(3 * WINDOW_MS);
    return { waited: true };
  });
}

interface Client {
  readonly socket: Socket;
  readonly text: () => string;
  readonly closed: Promise<void>;
}

function open(path: string, bytes: number): Client {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(
    `PUT ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\ncontent-length: ${bytes}\r\nconnection: close\r\n\r\n`,
  );
  return { socket, text: () => text, closed };
}

const took = async (work: Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work;
  return performance.now() - start;
};

test('a body of which nothing comes is cut with 408', async () => {
  const client = open('/stream', 1000);
  expect(await took(client.closed)).toBeLessThan(5 * WINDOW_MS);
  expect(client.text()).toMatch(/^HTTP\/1\.1 408 /);
});

test('a body of which a byte comes now and then is cut too', async () => {
  const client = open('/stream', 1000);
  const drip = setInterval(() => client.socket.write('x'), WINDOW_MS / 4);
  expect(await took(client.closed)).toBeLessThan(5 * WINDOW_MS);
  clearInterval(drip);
  expect(client.text()).toMatch(/^HTTP\/1\.1 408 /);
});

test('a body that comes steadily is taken however long it takes', async () => {
  const client = open('/stream', 40 * 500);
  for (let i = 0; i < 40; i += 1) {
    client.socket.write(Buffer.alloc(500, 'x'));
    await sleep(WINDOW_MS / 8);
  }
  await client.closed;
  expect(client.text()).toContain('{"bytes":20000}');
});

test('no limit on the whole request cuts a large body; headers have theirs', () => {
  expect(app.server.requestTimeout).toBe(0);
  expect(app.server.headersTimeout).toBe(20_000);
});

test('a server that is slow to read or to answer cuts nobody', async () => {
  const client = open('/late', 4_000_000);
  client.socket.write(Buffer.alloc(4_000_000, 'x'));
  await client.closed;
  expect(client.text()).toContain('{"bytes":4000000}');
  const answer = await fetch(`http://127.0.0.1:${port}/wait`);
  expect(await answer.json()).toEqual({ waited: true });
});
