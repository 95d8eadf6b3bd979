/** KServe's unmodified clients (REST and gRPC) against a real data plane. NOT RUN where Python or the package index is missing. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { deployFixtures, startPlane } from '../../scenarios/plane-harness.ts';
import { pythonWithMlflow } from '../mlflow/python-client.ts';

const run = promisify(execFile);
const PACKAGE = 'kserve==0.21.0';
const own = process.env['MW_TEST_KSERVE_PYTHON'];
const found = own === undefined ? await pythonWithMlflow([PACKAGE]) : { python: own };
if ('missing' in found) {
  process.stderr.write(
    `NOT RUN: kserve client compatibility (1 test): ${found.missing}; install it: pip install ${PACKAGE}, and set MW_TEST_KSERVE_PYTHON\n`,
  );
}

const code = (name: string) => expect.stringContaining(name);

describe.skipIf('missing' in found)('the clients of the kserve package', () => {
  test('health, JSON, binary, typed and raw contents, halves, 8 MiB, and errors they can read', {
    timeout: 120_000,
  }, async () => {
    const harness = await startPlane({ workers: 1 });
    try {
      await deployFixtures(harness.plane, [
        ['tab', 'tabular.onnx'],
        ['half', 'half.onnx'],
        ['wide', 'wide.onnx'],
      ]);
      const python = 'python' in found ? found.python : '';
      const client = fileURLToPath(new URL('./client.py', import.meta.url));
      const { stdout } = await run(python, [client, harness.rest, harness.grpc]);
      const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
      const numbers = seen['rest.json'];
      expect(numbers).toEqual([expect.any(Array), expect.any(Array), expect.any(Array)]);
      for (const key of ['rest.binary', 'rest.binary.out', 'grpc.typed', 'grpc.raw'])
        expect([key, seen[key]]).toEqual([key, numbers]);
      expect(seen).toMatchObject({
        'rest.live': true,
        'rest.ready': true,
        'rest.model': true,
        'rest.nobody': false,
        'rest.id': ['from-kserve', 'tab'],
        'rest.half': [[3, -4]],
        'rest.unknown': [404, code('MW-NOT-FOUND')],
        'rest.missing': [400, code('"distance" is missing')],
        'grpc.live': true,
        'grpc.ready': true,
        'grpc.model': true,
        'grpc.id': 'from-kserve',
        'grpc.8MiB.raw': true,
        'grpc.8MiB.typed': true,
        'grpc.missing': ['INVALID_ARGUMENT', code('"distance" is missing')],
      });
    } finally {
      await harness.end();
    }
  });
});
