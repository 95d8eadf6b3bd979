/** Runs a Python script of a real client against a server of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { pythonWithMlflow } from './python-client.ts';
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
export async function flow(
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
