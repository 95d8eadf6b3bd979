import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient, isPublicAddress } from './http-client.ts';
import type { HttpClientOptions } from './http-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const client = (options: Partial<HttpClientOptions> = {}) =>
  createHttpClient({ timeoutMs: 2_000, maxResponseBytes: 1_000, allowPrivate: true, ...options });

describe('requests', () => {
  it('carry method, headers and body, and bring the answer, whatever its status', async () => {
    const port = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response
          .writeHead(418, { 'x-a': 'b' })
          .end(`${request.method} ${request.url} ${request.headers['x-sig']} ${body}`);
      });
    });
    const answer = await client().send({
      method: 'POST',
      url: `http://127.0.0.1:${port}/hook?x=1`,
      headers: { 'x-sig': 's' },
      body: 'é',
    });
    expect(answer.status).toBe(418);
    expect(answer.headers['x-a']).toBe('b');
    expect(Buffer.from(answer.body).toString()).toBe('POST /hook?x=1 s é');
  });

  it('do not follow redirects', async () => {
    let calls = 0;
    const port = await serve((_request, response) => {
      calls += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect((await client().send({ method: 'GET', url: `http://127.0.0.1:${port}/` })).status).toBe(302);
    expect(calls).toBe(1);
  });

  it('end in time, also when the answer has begun', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/half') response.write('some');
    });
    for (const path of ['/none', '/half']) {
      await expect(
        client({ timeoutMs: 100 }).send({ method: 'GET', url: `http://127.0.0.1:${port}${path}` }),
      ).rejects.toMatchObject({
        code: 'MW-UNAVAILABLE',
        message: expect.stringContaining('100 ms'),
      });
    }
  });

  it('are given up with the caller', async () => {
    const port = await serve(() => undefined);
    const controller = new AbortController();
    const sending = client().send({ method: 'GET', url: `http://127.0.0.1:${port}/`, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(sending).rejects.toThrow('enough');
  });

  it('refuse an answer that is too large and a port where nobody is', async () => {
    const port = await serve((_request, response) => response.end('x'.repeat(1_001)));
    const url = `http://127.0.0.1:${port}/`;
    await expect(client().send({ method: 'GET', url })).rejects.toMatchObject({
      message: expect.stringContaining('1000 bytes'),
    });
    expect((await client({ maxResponseBytes: 1_001 }).send({ method: 'GET', url })).body).toHaveLength(1_001);
    await expect(client().send({ method: 'GET', url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({
      code: 'MW-UNAVAILABLE',
    });
  });
});

describe('the guard', () => {
  it.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:10.0.0.1]/',
    'http://0.0.0.0/',
  ])('refuses %s before any connection', async (url) => {
    await expect(client({ allowPrivate: false }).send({ method: 'GET', url })).rejects.toMatchObject({
      code: 'MW-FORBIDDEN',
    });
  });

  it.each(['ftp://x/', 'file:///etc/passwd', 'x', '', 'http://user:pw@x/'])('refuses the URL %j', async (url) => {
    await expect(client().send({ method: 'GET', url })).rejects.toMatchObject({ code: 'MW-INVALID' });
  });

  it('refuses a name as soon as one of its addresses is private', async () => {
    const resolve = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
    await expect(
      client({ allowPrivate: false, resolve }).send({ method: 'GET', url: 'http://name.example/' }),
    ).rejects.toMatchObject({
      code: 'MW-FORBIDDEN',
      message: expect.stringContaining('10.0.0.1'),
    });
  });

  it('asks for the name once and connects to the address it judged', async () => {
    const port = await serve((request, response) => response.end(request.headers.host));
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return [{ address: '127.0.0.1', family: 4 }];
    };
    const answer = await client({ resolve }).send({ method: 'GET', url: `http://name.invalid:${port}/` });
    expect(Buffer.from(answer.body).toString()).toBe(`name.invalid:${port}`);
    expect(asked).toBe(1);
  });

  it.each([
    ['8.8.8.8', true],
    ['172.15.255.255', true],
    ['172.16.0.0', false],
    ['172.31.255.255', false],
    ['100.64.0.1', false],
    ['192.168.1.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['2606:4700::1111', true],
    ['::ffff:8.8.8.8', true],
    ['::ffff:127.0.0.1', false],
    ['::127.0.0.1', false],
    ['fe80::1%eth0', false],
    ['fd00::1', false],
    ['64:ff9b::a00:1', false],
    ['2002:a00:1::', false],
    ['name', false],
  ])('%s is public: %s', (address, expected) => {
    expect(isPublicAddress(address)).toBe(expected);
  });
});
