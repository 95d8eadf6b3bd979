import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LAST_2, pythonWithMlflow, REQUIREMENTS } from './python-client.ts';
import { startServer } from './server.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

function runFlow(
  python: string,
  script: string,
  url: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [join(import.meta.dirname, script), url], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Runs the script with a server of its own, which must not have failed by its own fault. */
async function flow(
  requirements: readonly string[],
  script: string,
  steps: number,
  skip: (reason: string) => void,
  afterwards: (server: Server, output: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const client = await pythonWithMlflow(requirements);
  if ('missing' in client) {
    console.log(`NOT RUN: ${script} with ${requirements.join(', ')}: ${client.missing}`);
    skip(client.missing);
    return;
  }
  const server = await startServer();
  try {
    const { code, output } = await runFlow(client.python, script, server.url);
    expect(code, output).toBe(0);
    expect(output, output).toContain(`steps ${steps}`);
    expect(server.faults).toEqual([]);
    expect(server.requests.filter((request) => request.status >= 500)).toEqual([]);
    await afterwards(server, output);
  } finally {
    await server.close();
  }
}

it('the newest client runs its whole classic flow', { timeout: 900_000 }, async ({ skip }) => {
  await flow(REQUIREMENTS, 'flow.py', 12, skip, async (server, output) => {
    expect(output).not.toContain('WARNING mlflow.tracing');
    const events = await server.store.events.find({ limit: 1000 });
    const registered = events.filter((event) => event.type === 'model_version.registered');
    expect(registered.map((event) => event.data)).toMatchObject([
      { version: 1, verdict: 'unjudged' },
      { version: 2, verdict: 'unjudged' },
      { version: 3, verdict: 'unjudged' },
    ]);
    const moves = events.filter((event) => event.type === 'alias.moved').map((event) => event.data);
    expect(moves).toEqual([
      { model: 'flights', alias: 'champion', to: 1 },
      { model: 'flights', alias: 'champion', from: 1 },
    ]);
  });
});

it('the newest client does what users do beyond it', { timeout: 900_000 }, async ({ skip }) => {
  await flow(REQUIREMENTS, 'client_flow.py', 11, skip, async (server) => {
    const parts = server.requests.filter(({ url }) => url.includes('/mlflow-artifacts/parts/'));
    expect(parts.map(({ method, status }) => `${method} ${status}`)).toEqual(
      Array.from({ length: 6 }, () => 'PUT 200'),
    );
    const chunks = server.requests.filter(({ url, status }) => url.includes('big.bin') && status === 206);
    expect(chunks).toHaveLength(6);
  });
});

it('the last client of 2.x does the same', { timeout: 900_000 }, async ({ skip }) => {
  await flow(LAST_2, 'client_flow.py', 8, skip);
});
