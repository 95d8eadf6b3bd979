import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pythonWithMlflow, REQUIREMENTS } from './python-client.ts';
import { startServer } from './server.ts';

const STEPS = 12;

function runFlow(python: string, url: string): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [join(import.meta.dirname, 'flow.py'), url], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

it('an unmodified mlflow client runs its whole classic flow', { timeout: 900_000 }, async ({ skip }) => {
  const client = await pythonWithMlflow();
  if ('missing' in client) {
    console.log(`NOT RUN: the flow of the mlflow client (${REQUIREMENTS.join(', ')}): ${client.missing}`);
    skip(client.missing);
    return;
  }
  const server = await startServer();
  try {
    const { code, output } = await runFlow(client.python, server.url);
    expect(code, output).toBe(0);
    expect(output, output).toContain(`steps ${STEPS}`);
    // No request may fail by our fault.
    expect(server.faults).toEqual([]);
    expect(server.requests.filter((request) => request.status >= 500)).toEqual([]);
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
  } finally {
    await server.close();
  }
});
