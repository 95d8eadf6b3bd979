/** Models of another server: a real gateway stands for it, and the runtime must treat them as if they were here. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProxyRuntime } from '../../src/adapters/runtime-proxy/proxy-runtime.ts';
import type { LoadedModel, ModelSource } from '../../src/ports/model-runtime.ts';
import { runtimeContract } from '../../src/testing/runtime.contract.ts';
import { fixtureModel, startPlane } from './plane-harness.ts';
import type { PlaneHarness } from './plane-harness.ts';

const FILES = ['linear-1', 'linear-2', 'linear-3', 'tabular', 'identity', 'nan'];

let plane: PlaneHarness;
beforeAll(async () => {
  plane = await startPlane();
  const golden = join(plane.home, 'nan.golden.json');
  const tensor = (name: string, value: number | null) => ({
    name,
    datatype: 'FP32',
    shape: [1, 2],
    data: [value, value],
  });
  writeFileSync(golden, JSON.stringify({ inputs: [tensor('x', 1)], outputs: [tensor('y', null)] }));
  for (const name of FILES) {
    const model = await fixtureModel(`${name}.onnx`, `${name}-r1`, 1);
    await plane.plane.apply({
      endpoint: name,
      epoch: 1,
      weights: [{ releaseId: `${name}-r1`, percent: 100 }],
      models: [name === 'nan' ? { ...model, golden } : model],
    });
  }
}, 60_000);
afterAll(async () => {
  await plane.end();
});

const source = (url: string, model: string): ModelSource => ({
  releaseId: `proxy-of-${model}`,
  path: '',
  runtime: { kind: 'proxy', url, model },
  replicas: { min: 1, max: 1 },
  queueLimit: 2048,
});

runtimeContract('proxy', {
  create: () => createProxyRuntime(),
  source: (file) => source(plane.rest, file === 'broken.onnx' ? 'cannot-parse' : file.replace('.onnx', '')),
});

const x = { name: 'x', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) } as const;
const soon = (ms = 5000): { deadline: number } => ({ deadline: performance.now() + ms });

type Behaviour = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that speaks V2 in JSON only, and answers a call as it is told. */
async function peer(infer: Behaviour): Promise<{ url: string; server: Server; seen: string[] }> {
  const seen: string[] = [];
  const spec = (name: string) => [{ name, datatype: 'FP32', shape: [-1, 2] }];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += String(chunk)));
    request.on('end', () => {
      seen.push(`${request.method} ${request.url}`);
      if (request.method === 'POST') infer(request, response, body);
      else if (request.url === '/v2') response.end('{"name":"other","version":"1","extensions":[]}');
      else response.end(JSON.stringify({ name: 'm', inputs: spec('x'), outputs: spec('y') }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, seen };
}

describe('a model of a server that fails', () => {
  const runtime = createProxyRuntime({ connections: 4, answerBytes: 1_000_000 });
  const servers: Server[] = [];
  afterAll(async () => {
    await runtime.close();
    for (const server of servers) server.close();
  });
  async function behind(infer: Behaviour): Promise<{ model: LoadedModel; server: Server; seen: string[] }> {
    const { url, server, seen } = await peer(infer);
    servers.push(server);
    return { model: await runtime.load(source(url, 'm')), server, seen };
  }
  const says =
    (status: number, body: string): Behaviour =>
    (_request, response) => {
      response.statusCode = status;
      response.end(body);
    };

  test('takes and gives JSON where the server has no binary tensors', async () => {
    const { model } = await behind((_request, response, body) => {
      const [input] = (JSON.parse(body) as { inputs: { data: number[] }[] }).inputs;
      const data = input?.data.map((value) => value * 10);
      response.end(JSON.stringify({ outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [data] }] }));
    });
    expect(await model.infer([x], soon())).toEqual([{ ...x, name: 'y', data: Float32Array.of(10, 20) }]);
  });

  test.each([
    [400, '{"error":"x is wrong"}', 'MW-TENSOR'],
    [404, '{"error":"no such model"}', 'MW-NOT-FOUND'],
    [413, '', 'MW-BODY-TOO-LARGE'],
    [429, '{"error":"later"}', 'MW-OVERLOADED'],
    [500, '{"error":"boom"}', 'MW-UNAVAILABLE'],
    [503, '<html>', 'MW-UNAVAILABLE'],
    [401, '', 'MW-UNAVAILABLE'],
    [302, '', 'MW-UNAVAILABLE'],
    [200, 'not json', 'MW-UNAVAILABLE'],
    [200, '{"outputs":[{"name":"y","datatype":"FP32","shape":[9],"data":[1]}]}', 'MW-UNAVAILABLE'],
    [200, 'x'.repeat(1_100_000), 'MW-UNAVAILABLE'],
  ])('status %i with %.30s is %s', async (status, body, code) => {
    const { model } = await behind(says(status, body));
    await expect(model.infer([x], soon())).rejects.toMatchObject({ code });
  });

  test('does not follow it elsewhere', async () => {
    let followed = 0;
    const other = await peer((_request, response) => {
      followed += 1;
      response.end('{}');
    });
    servers.push(other.server);
    const { model } = await behind((_request, response) => {
      response.writeHead(307, { location: `${other.url}/v2/models/m/infer` }).end();
    });
    await expect(model.infer([x], soon())).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    expect(followed).toBe(0);
  });

  test('that never answers is MW-DEADLINE, and no more than so many are asked at once', async () => {
    let most = 0;
    let now = 0;
    const { model } = await behind((_request, response) => {
      now += 1;
      most = Math.max(most, now);
      response.on('close', () => (now -= 1));
    });
    const from = performance.now();
    const asked = Array.from({ length: 12 }, () => model.infer([x], soon(400)));
    for (const result of await Promise.allSettled(asked)) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: expect.stringMatching(/DEADLINE|OVERLOADED/) },
      });
    }
    expect(performance.now() - from).toBeLessThan(2500);
    expect(most).toBeLessThanOrEqual(4);
  });

  test('that is gone is MW-UNAVAILABLE with what to do; that closes its idle connections is asked again', async () => {
    const answer = says(200, '{"outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[1,2]}]}');
    const { model, server, seen } = await behind(answer);
    await model.infer([x], soon());
    server.closeAllConnections();
    expect((await model.infer([x], soon()))[0]?.data).toEqual(Float32Array.of(1, 2));
    expect(seen.filter((line) => line.startsWith('POST'))).toHaveLength(2);
    server.close();
    server.closeAllConnections();
    await expect(model.infer([x], soon())).rejects.toMatchObject({
      code: 'MW-UNAVAILABLE',
      next: expect.stringContaining('/v2/health/ready'),
    });
  });

  test.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'http://user:secret@127.0.0.1/', 'nonsense'])(
    'is not looked for at %s',
    async (url) => {
      await expect(runtime.load(source(url, 'm'))).rejects.toMatchObject({ code: 'MW-MODEL-LOAD' });
    },
  );
});
