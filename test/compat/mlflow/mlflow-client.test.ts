import { expect, it } from 'vitest';
import { flow } from './client-flow.ts';
import { REQUIREMENTS } from './python-client.ts';

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
