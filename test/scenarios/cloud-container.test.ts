/** `mw serve --container`, as the clouds start it: their port, their routes, their host names, no token. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { until } from './scenario.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const MODEL = fileURLToPath(new URL('../../src/testing/fixtures/tabular.onnx', import.meta.url));
const ROW = { wind: 1, carrier: 'AA', distance: 0.5 };

let child: ChildProcess | undefined;
afterEach(async () => {
  const running = child;
  child = undefined;
  if (running === undefined || running.exitCode !== null) return;
  await new Promise((resolve) => {
    running.once('exit', resolve);
    running.kill('SIGTERM');
  });
});

interface Said {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

function ask(port: number, path: string, body?: string, headers: Readonly<Record<string, string>> = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        port,
        host: '127.0.0.1',
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers: { host: 'model.cloud.internal:8080', ...headers },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

async function serve(port: number, env: Readonly<Record<string, string>>): Promise<void> {
  const args = [MAIN, 'serve', MODEL, '--container', '--grpc-port', '0'];
  child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  await until(
    'the container to answer /ping',
    async () => (await ask(port, '/ping').catch(() => undefined))?.status === 200,
    30_000,
  );
}

test('Vertex AI: port and routes of the environment; any host name, but no page of another origin', async () => {
  const port = await freePort();
  await serve(port, {
    AIP_HTTP_PORT: String(port),
    AIP_PREDICT_ROUTE: '/v1/endpoints/7/deployedModels/9:predict',
    AIP_HEALTH_ROUTE: '/v1/endpoints/7/deployedModels/9',
    AIP_DEPLOYED_MODEL_ID: '9',
  });
  const answer = await ask(
    port,
    '/v1/endpoints/7/deployedModels/9:predict',
    JSON.stringify({ instances: [ROW], parameters: {} }),
  );
  expect(JSON.parse(answer.text)).toMatchObject({ predictions: [{ label: 1 }], deployedModelId: '9' });
  expect((await ask(port, '/v1/endpoints/7/deployedModels/9')).status).toBe(200);
  const page = await ask(port, '/invocations', JSON.stringify({ instances: [ROW] }), {
    origin: 'https://evil.example',
  });
  expect(page.status).toBe(403);
}, 60_000);

test('SageMaker: the bound port, CSV in and out, the caller’s inference id', async () => {
  const port = await freePort();
  await serve(port, { SAGEMAKER_BIND_TO_PORT: String(port) });
  const answer = await ask(port, '/invocations', 'wind,carrier,distance\n1,AA,0.5\n', {
    'content-type': 'text/csv',
    accept: 'text/csv',
    'x-amzn-sagemaker-inference-id': 'order-1',
  });
  expect([answer.status, answer.headers['mw-prediction-id'], answer.text.split('\n')[0]]).toEqual([
    200,
    'order-1',
    'label,probabilities',
  ]);
  expect(answer.text.split('\n')[1]).toMatch(/^1,"\[0\.2/);
}, 60_000);
