/**
 * The serving doors under attack, on a real gateway: a caller's mistake is a coded refusal of a few kilobytes, one caller takes bounded
 * memory and time whatever he sends or does not read, and what others ask meanwhile is answered.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import { clientName } from '../../src/api/oip/http-server.ts';
import { GATEWAY, grpcLinear, inferLinear, linearRoute, startPlane } from './plane-harness.ts';
import type { PlaneHarness } from './plane-harness.ts';

let gateway: PlaneHarness;
const MIB = 2 ** 20;
const ALL = [{ releaseId: 'linear-r3', percent: 100 }] as const;
const LIMITS = { timeoutMs: 20_000, queue: 2000, replicas: { min: 1, max: 1 }, idleMs: 0, memoryMib: 512 };

function residentMiB(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** The most that the gateway took while `work` ran, above what it had. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = residentMiB();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMiB())), 25);
  await work().finally(() => clearInterval(watch));
  return Math.max(most, residentMiB()) - before;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

async function post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  const started = performance.now();
  const answer = await fetch(`${gateway.rest}${path}`, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: answer.status, text: await answer.text(), ms: performance.now() - started };
}

const INFER = '/v2/models/linear/infer';
const X = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] };
const infer = (input: object, more: object = {}): string => JSON.stringify({ inputs: [{ ...X, ...input }], ...more });

beforeAll(async () => {
  gateway = await startPlane({ workers: 1 });
  const route = await linearRoute(1, ALL, [3]);
  await gateway.plane.apply({ ...route, limits: LIMITS });
  const few = { ...LIMITS, perClient: { perSecond: 0.001, burst: 3 } };
  await gateway.plane.apply({ ...route, endpoint: 'few', limits: few });
});
afterAll(() => gateway.end());

/** The same process answers as before, and nothing of what was attacked is still counted as under way. */
async function stillWell(): Promise<void> {
  expect(await inferLinear(gateway.rest)).toEqual({ version: 3, values: [6, 9] });
  await expect
    .poll(async () =>
      (await gateway.plane.status()).stats.flatMap(({ releases }) => releases.map((one) => one.inFlight)),
    )
    .toEqual([0, 0]);
  expect((await gateway.plane.status()).pid).toBe(gateway.pid);
}

describe('bodies', () => {
  const long = 'y'.repeat(2_000_000);
  const digits = '9'.repeat(3_000_000);
  const wide = (count: number): string => Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',');
  const TABLES = [
    '/invocations',
    '/endpoints/linear/invocations',
    '/v1/models/linear:predict',
    '/models/linear/invoke',
  ];
  test.each<[string, string, () => string | Buffer, Record<string, string>?]>([
    [
      'a number of 3 million digits',
      INFER,
      () => infer({ datatype: 'INT64', data: [1, 0] }).replace(',0]', `,${digits}]`),
    ],
    [
      'an FP32 of 60 digits',
      INFER,
      () => infer({ data: [1, 0] }, { id: 'INT64' }).replace(',0]', `,${'9'.repeat(60)}]`),
    ],
    ['a long text for a number', INFER, () => infer({ data: [1, long] })],
    ['a long name', INFER, () => infer({ name: long })],
    ['a long datatype', INFER, () => infer({ datatype: long })],
    ['a long output', INFER, () => infer({}, { outputs: [{ name: long }] })],
    ['a shape beyond all numbers', INFER, () => infer({ shape: Array.from({ length: 30 }, () => 2 ** 53 - 1) })],
    [
      'a shape of nothing times everything',
      INFER,
      () => infer({ shape: [...Array.from({ length: 30 }, () => 2 ** 53 - 1), 0], data: [] }),
    ],
    [
      'a size of bytes beyond the body',
      INFER,
      () => infer({ data: undefined, parameters: { binary_data_size: 2 ** 52 } }),
      { 'inference-header-content-length': '10' },
    ],
    ['a negative length of JSON', INFER, () => infer({}), { 'inference-header-content-length': '-1' }],
    ['a length of JSON that is none', INFER, () => infer({}), { 'inference-header-content-length': 'NaN' }],
    ['gzip that breaks off', INFER, () => gzipSync(infer({})).subarray(0, 40), { 'content-encoding': 'gzip' }],
    ['a bomb of gzip', INFER, () => gzipSync(Buffer.alloc(200 * MIB)), { 'content-encoding': 'gzip' }],
    [
      'a CSV of nothing but commas',
      '/endpoints/linear/invocations',
      () => ','.repeat(40_000_000),
      { 'content-type': 'text/csv' },
    ],
    [
      'a CSV of 10 million rows',
      '/endpoints/linear/invocations',
      () => `a,b\n${'1,1\n'.repeat(10_000_000)}`,
      { 'content-type': 'text/csv' },
    ],
    ...TABLES.slice(1).flatMap((path): [string, string, () => string][] => [
      [`a number of 3 million digits at ${path}`, path, () => `{"inputs":[[1,${digits}]]}`],
      [`2 million names in one row at ${path}`, path, () => `{"instances":[{${wide(2_000_000)}}]}`],
      [`20 million values at ${path}`, path, () => `{"inputs":[${'1,'.repeat(20_000_000)}1]}`],
      [`a lone surrogate at ${path}`, path, () => '{"inputs":{"\\ud800":[1]}}'],
    ]),
  ])('%s is refused in a few kilobytes and seconds', async (_what, path, body, headers) => {
    const answer = await post(path, body(), headers);
    expect([400, 413]).toContain(answer.status);
    expect(answer.text).toMatch(/MW-(?:TENSOR|INVALID|BODY-TOO-LARGE)/);
    expect(answer.text.length).toBeLessThan(10_000);
    // The control plane takes a gateway that says nothing for 4 s for hung.
    expect(answer.ms).toBeLessThan(5_000);
  });

  test('a hundred bombs at once take the memory of all bodies together, not of each', async () => {
    const bomb = gzipSync(Buffer.alloc(60 * MIB, 0x20));
    const grown = await growth(async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => post(INFER, bomb, { 'content-encoding': 'gzip' })),
      );
      expect(answers.filter(({ status }) => status !== 400 && status !== 429)).toEqual([]);
      expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(50);
    });
    expect(grown).toBeLessThan(1200);
    await stillWell();
  });
});

describe('connections', () => {
  const send = (bytes: string): Promise<string> =>
    new Promise((resolve) => {
      let got = '';
      const socket = connect(Number(new URL(gateway.rest).port), '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (data) => (got += data.toString('latin1')));
      socket.on('error', () => resolve(got));
      socket.on('close', () => resolve(got));
      setTimeout(() => socket.destroy(), 700).unref();
    });
  const head = (more: string, host = 'Host: 127.0.0.1\r\n'): string => `POST ${INFER} HTTP/1.1\r\n${host}${more}\r\n`;
  test.each([
    [
      'both lengths',
      `${head('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\nGET /v2 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    ],
    ['two lengths', `${head('Content-Length: 5\r\nContent-Length: 6\r\n')}abcdef`],
    ['a negative length', head('Content-Length: -1\r\n')],
    ['a length of a terabyte', `${head('Content-Length: 1000000000000\r\n')}abc`],
    ['an unknown transfer', `${head('Transfer-Encoding: xchunked\r\n')}0\r\n\r\n`],
    ['a chunk beyond all numbers', `${head('Transfer-Encoding: chunked\r\n')}ffffffffffffffffff\r\n`],
    ['another server in the first line', `GET http://evil.example/v2 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`],
    ['no host', head('', '')],
    ['a user in the host', head('', 'Host: 127.0.0.1@evil.example\r\n')],
    ['a page of nowhere', head('Origin: null\r\n')],
    ['a page of a name like ours', head('Origin: http://127.0.0.1.evil.example\r\n')],
    ['a model of line ends', 'GET /v2/models/a%0d%0aX-Evil:1/client.ts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    ['a model above', 'GET /v2/models/%2e%2e/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
  ])('%s is refused once, and nothing behind it is answered', async (_what, bytes) => {
    const got = await send(bytes);
    expect(got).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(got.split('HTTP/1.1 ')).toHaveLength(2);
    expect(got).not.toMatch(/\r\nx-evil/i);
  });

  test('callers who leave, and those who ask and do not read, leave nothing behind', async () => {
    const rows = Buffer.alloc(100_000 * 8).fill(1);
    const body = Buffer.concat([
      Buffer.from(infer({ shape: [100_000, 2], data: undefined, parameters: { binary_data_size: rows.length } })),
      rows,
    ]);
    const length = String(body.length - rows.length);
    const request = Buffer.concat([
      Buffer.from(head(`Content-Length: ${body.length}\r\nInference-Header-Content-Length: ${length}\r\n`)),
      body,
    ]);
    const sockets = Array.from({ length: 60 }, (_, index) => {
      const socket = connect(Number(new URL(gateway.rest).port), '127.0.0.1', () => socket.write(request));
      socket.on('error', () => undefined);
      socket.pause();
      if (index % 2 === 0) setTimeout(() => socket.destroy(), 5 * index);
      return socket;
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await stillWell();
    for (const socket of sockets) socket.destroy();
    await stillWell();
  });
});

describe('who calls', () => {
  test('a made-up token, address or header is no other client', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 8; index += 1) {
      const headers = {
        authorization: `Bearer made-up-${index}`,
        'x-forwarded-for': `10.0.0.${index}`,
        forwarded: `for=10.0.0.${index}`,
        'mw-sticky-key': String(index),
      };
      statuses.push((await post(INFER.replace('linear', 'few'), infer({}, { id: `c${index}` }), headers)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
  });

  test('a token is one client however it is written, and a network of IPv6 is one', () => {
    expect(clientName('bearer abcdef', '::1')).toBe(clientName('BEARER   abcdef', '10.0.0.1'));
    expect(clientName('Bearer abcdef', '')).not.toContain('abcdef');
    expect(clientName(undefined, '2001:db8:1:2::1')).toBe(clientName(undefined, '2001:db8:1:2:ffff:1:2:3'));
    expect(clientName(undefined, '2001:db8:1:2::1')).not.toBe(clientName(undefined, '2001:db8:1:3::1'));
    expect(clientName(undefined, '::ffff:10.0.0.7')).toBe('10.0.0.7');
    expect(clientName(undefined, '[::1]')).toBe(clientName(undefined, '::1'));
  });
});

describe('gRPC', () => {
  const PATH = '/inference.GRPCInferenceService/ModelInfer';
  const open = () => {
    const session = connectHttp2(`http://${gateway.grpc}`);
    session.on('error', () => undefined);
    return session;
  };
  const framed = (message: Buffer, size = message.length): Buffer => {
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(size, 1);
    return Buffer.concat([frame, message]);
  };
  const request = (session: ReturnType<typeof open>, path = PATH) => {
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request(headers);
    stream.on('error', () => undefined);
    return stream;
  };
  /** grpc-status; -1 when the stream ended without. */
  const ask = (session: ReturnType<typeof open>, message: Buffer): Promise<number> =>
    new Promise((resolve) => {
      const stream = request(session);
      let status = -1;
      const see = (headers: Record<string, unknown>): void => {
        if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status']);
      };
      stream.on('response', see);
      stream.on('trailers', see);
      stream.on('close', () => resolve(status));
      stream.resume();
      stream.end(framed(message));
    });

  test('messages that never end take bounded memory, and whole ones are answered meanwhile', async () => {
    const session = open();
    const chunk = Buffer.alloc(MIB);
    const grown = await growth(async () => {
      for (let index = 0; index < 40; index += 1) {
        const stream = request(session);
        stream.write(framed(Buffer.alloc(0), 60 * MIB));
        for (let part = 0; part < 25; part += 1) stream.write(chunk);
      }
      await new Promise((resolve) => setTimeout(resolve, 4000));
      const other = grpcLinear(gateway.grpc);
      expect((await other.call()).values).toEqual([6, 9]);
      other.close();
    });
    session.destroy();
    expect(grown).toBeLessThan(700);
    await stillWell();
  });

  test.each([
    ['tensors', 0x2a],
    ['outputs', 0x32],
    ['raw contents', 0x3a],
    ['parameters', 0x22],
  ])('10 million empty %s in one message are refused', async (_what, tag) => {
    const session = open();
    const started = performance.now();
    expect(await ask(session, Buffer.alloc(20_000_000, Buffer.from([tag, 0])))).toBe(8);
    expect(performance.now() - started).toBeLessThan(5_000);
    session.destroy();
  });

  test('whatever bytes come, the status says that the caller is wrong', async () => {
    const session = open();
    const field = fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 30 }))
      .map(([number, wire, bytes]) =>
        Buffer.from([number * 8 + wire, ...(wire === 2 ? [bytes.length] : []), ...bytes]),
      );
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.array(field, { maxLength: 6 }).map((parts) => Buffer.concat(parts)),
    );
    await fc.assert(
      fc.asyncProperty(message, async (bytes) => {
        // INVALID_ARGUMENT, NOT_FOUND (no such endpoint), UNIMPLEMENTED.
        expect([3, 5, 12]).toContain(await ask(session, bytes));
      }),
      { numRuns: 200 },
    );
    session.destroy();
  });

  test('a stream that is written and never read, and a storm of resets, leave nothing behind', async () => {
    const session = open();
    const stream = request(session, PATH.replace('ModelInfer', 'ModelStreamInfer'));
    stream.pause();
    const small = framed(Buffer.concat([Buffer.from([0x0a, 6]), Buffer.from('linear')]));
    const grown = await growth(async () => {
      stream.write(Buffer.concat(Array.from({ length: 100_000 }, () => small)));
      for (let index = 0; index < 500; index += 1) {
        const one = request(session);
        one.write(small);
        one.close(8);
      }
      await new Promise((resolve) => setTimeout(resolve, 1500));
    });
    expect(grown).toBeLessThan(300);
    session.destroy();
    await stillWell();
  });
});

describe('files of the plane that are broken', () => {
  async function start(file: string, text: string) {
    const home = mkdtempSync(join(tmpdir(), 'mw-doors-'));
    mkdirSync(join(home, 'plane'));
    const routes = JSON.stringify([await linearRoute(1, ALL, [3])]);
    writeFileSync(join(home, 'plane', 'routes.json'), routes);
    writeFileSync(join(home, 'plane', file), text === 'half' ? routes.slice(0, 99) : text);
    const ports = { host: '127.0.0.1', restPort: 0, grpcPort: 0 };
    const plane = createDataPlaneProcess({
      home,
      command: GATEWAY,
      ...ports,
      workers: 1,
      requireToken: file === 'tokens.json',
    });
    try {
      const { status } = await plane.start();
      return (await inferLinear(status.rest)).version;
    } catch (error) {
      return error;
    } finally {
      await plane.stop();
      rmSync(home, { recursive: true });
    }
  }

  test.each([
    ['routes.json', ''],
    ['routes.json', '{}'],
    ['routes.json', 'half'],
    ['routes.json', '[{"endpoint":"x"}]'],
    ['tokens.json', '{"a":1}'],
  ])('%s with %j: the start says which file and what to do', async (file, text) => {
    expect(await start(file, text)).toMatchObject({
      code: 'MW-STATE',
      where: expect.stringContaining(file),
      next: 'delete it; the control plane writes it again',
    });
  });

  test.each(['', 'null', '5', '{"pid":0}', '{"pid":-1,"socket":"/x"}', '{"pid":"1"}'])(
    'plane.json with %j is as if there were none',
    async (text) => expect(await start('plane.json', text)).toBe(3),
  );
});
