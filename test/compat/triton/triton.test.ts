/** The unmodified tritonclient (http, http.aio, grpc) against a real data plane. NOT RUN where Python or the package index is missing. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { fixtureModel, startPlane } from '../../scenarios/plane-harness.ts';

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'mw-triton-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The interpreter of an environment with tritonclient, or why there is none. */
function environment(): { readonly python: string } | { readonly missing: string } {
  const own = process.env['MW_TEST_TRITON_PYTHON'];
  if (own !== undefined) return { python: own };
  try {
    execFileSync('python3', ['-m', 'venv', join(folder, 'venv')], { stdio: 'pipe' });
    const python = join(folder, 'venv', 'bin', 'python');
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'tritonclient[all]==2.73.0'], {
      stdio: 'pipe',
      timeout: 240_000,
    });
    return { python };
  } catch (error) {
    return { missing: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}

const found = environment();
if ('missing' in found) process.stderr.write(`NOT RUN: tritonclient compatibility (1 test): ${found.missing}\n`);

describe.skipIf('missing' in found)('tritonclient', () => {
  test('http, http.aio and grpc give the same numbers, ids and errors', { timeout: 60_000 }, async () => {
    const harness = await startPlane({ workers: 1 });
    try {
      const model = await fixtureModel('tabular.onnx', 'tab-r1', 3);
      await harness.plane.apply({
        endpoint: 'tab',
        epoch: 1,
        weights: [{ releaseId: 'tab-r1', percent: 100 }],
        models: [model],
      });
      const python = 'python' in found ? found.python : '';
      const { stdout } = await run(python, [
        fileURLToPath(new URL('./client.py', import.meta.url)),
        harness.rest.replace('http://', ''),
        harness.grpc,
      ]);
      const seen = JSON.parse(stdout) as Record<string, unknown>;
      const probabilities = seen['http.binary'];
      for (const key of ['http.json', 'http.version', 'http.async', 'aio.binary', 'aio.json', 'grpc.raw'])
        expect([key, seen[key]]).toEqual([key, probabilities]);
      expect(seen).toMatchObject({
        'http.metadata': 'millwright',
        'http.inputs': ['carrier', 'distance', 'wind'],
        'http.index': [{ name: 'tab', version: '3', state: 'READY' }],
        'http.id': 'from-triton',
        'http.unknown': ['404', expect.stringContaining('MW-NOT-FOUND')],
        'http.missing': ['400', expect.stringContaining('"wind" is missing')],
        'grpc.metadata': 'millwright',
        'grpc.shape': [
          [-1, 1],
          [-1, 1],
          [-1, 1],
        ],
        'grpc.id': 'grpc-1',
        'grpc.rows': ['StatusCode.INVALID_ARGUMENT', expect.stringContaining('the limit is 100000')],
        'grpc.unknown': ['StatusCode.NOT_FOUND', expect.stringContaining('MW-NOT-FOUND')],
      });
    } finally {
      await harness.end();
    }
  });
});
