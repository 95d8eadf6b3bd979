/** A model that nobody calls costs no process; the calls that come then wait for the one that is started, and get their answers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENDPOINT_LIMITS } from '../../src/domain/serving.ts';
import { startPlane } from './plane-harness.ts';
import type { PlaneHarness } from './plane-harness.ts';
import { findPython, pythonRoute, pythonWorkers } from './python-plane.ts';
import { connection } from './steady-load.ts';

const python = findPython();
let harness: PlaneHarness;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-zero-'));
  harness = await startPlane();
});
afterAll(async () => {
  await harness.end();
  await rm(folder, { recursive: true, force: true });
});

if (python === undefined) {
  test.skip('NOT RUN: scale to zero of a Python model; there is no python3: install it', () => undefined);
} else {
  test('the process goes, comes back for 20 calls at once, and goes again; unloaded by hand it stays away', {
    timeout: 60_000,
  }, async () => {
    const { plane, rest, pid } = harness;
    const limits = { ...ENDPOINT_LIMITS, idleMs: 700, replicas: { min: 1, max: 1 } };
    await plane.apply(await pythonRoute(folder, python, 1, limits));
    const release = async () => (await plane.status()).stats[0]?.releases[0];
    const gone = (): Promise<unknown> =>
      expect.poll(() => pythonWorkers(pid).length, { timeout: 20_000, interval: 50 }).toBe(0);
    expect(pythonWorkers(pid)).toHaveLength(1);
    await gone();
    expect(await release()).toMatchObject({ state: 'cold', coldStarts: 0, calls: 0 });

    const connections = Array.from({ length: 20 }, () => connection(rest, 'python'));
    const started = performance.now();
    const answers = await Promise.all(connections.map((one) => one.call()));
    const held = performance.now() - started;
    expect(answers).toEqual(connections.map(() => ({ version: 1, values: [4, 6] })));
    expect(pythonWorkers(pid)).toHaveLength(1);
    expect(await release()).toMatchObject({ state: 'warm', coldStarts: 1, calls: 20, errors: 0 });
    console.log(`20 calls held ${held.toFixed(0)} ms until the process was there`);

    const repository = (act: string): Promise<Response> =>
      fetch(`${rest}/v2/repository/models/python/${act}`, { method: 'POST' });
    await gone();
    expect((await repository('unload')).status).toBe(200);
    await expect(connections[0]?.call()).rejects.toThrow(/503 .*load it again/);
    expect(pythonWorkers(pid)).toEqual([]);
    expect((await repository('load')).status).toBe(200);
    expect(await connections[0]?.call()).toMatchObject({ version: 1 });
    for (const one of connections) one.close();
  });
}
