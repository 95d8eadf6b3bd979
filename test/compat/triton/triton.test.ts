/** The unmodified tritonclient (http, http.aio, grpc, grpc.aio) against a real data plane. NOT RUN where Python or the package index is missing. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { deployFixtures, startPlane } from '../../scenarios/plane-harness.ts';
import { pythonWithMlflow } from '../mlflow/python-client.ts';

const run = promisify(execFile);
const own = process.env['MW_TEST_TRITON_PYTHON'];
const found = own === undefined ? await pythonWithMlflow(['tritonclient[all]==2.73.0', 'numpy']) : { python: own };
if ('missing' in found) {
  process.stderr.write(
    `NOT RUN: tritonclient compatibility (1 test): ${found.missing}; install it: pip install "tritonclient[all]==2.73.0", and set MW_TEST_TRITON_PYTHON\n`,
  );
}

const code = (name: string) => expect.stringContaining(name);

describe.skipIf('missing' in found)('tritonclient', () => {
  test('http, http.aio, grpc and grpc.aio: the same numbers, ids and errors in every form', {
    timeout: 180_000,
  }, async () => {
    const harness = await startPlane({ workers: 1 });
    try {
      await deployFixtures(harness.plane, [
        ['tab', 'tabular.onnx'],
        ['identity', 'identity.onnx'],
        ['half', 'half.onnx'],
        ['wide', 'wide.onnx'],
      ]);
      const python = 'python' in found ? found.python : '';
      const { stdout } = await run(
        python,
        [fileURLToPath(new URL('./client.py', import.meta.url)), harness.rest.replace('http://', ''), harness.grpc],
        { maxBuffer: 16 * 1024 * 1024 },
      );
      const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
      const numbers = seen['http.binary'];
      for (const key of [
        'http.json',
        'http.version',
        'http.gzip',
        'http.deflate',
        'http.async',
        'http.priority',
        'aio.binary',
        'aio.json',
        'aio.gzip',
        'grpc.raw',
        'grpc.gzip',
        'grpc.priority',
        'grpc.stream.numbers',
        'grpc.aio',
      ])
        expect([key, seen[key]]).toEqual([key, numbers]);
      for (const key of [
        'http.gzip.8MiB',
        'http.40MiB',
        'http.half',
        'http.raw',
        'http.loaded',
        'aio.8MiB',
        'aio.many',
        'grpc.half',
        'grpc.8MiB',
        'grpc.40MiB',
        'grpc.after',
        'grpc.loaded',
      ])
        expect([key, seen[key]]).toEqual([key, true]);
      const every = { f: '1.5', d: '0.1234567890123456', i: '-9007199254740993', b: 'True', s: 'žluť' };
      expect(seen).toMatchObject({
        'http.metadata': 'millwright',
        'http.extensions': expect.arrayContaining(['binary_tensor_data', 'statistics', 'schedule_policy']),
        'http.inputs': ['carrier', 'distance', 'wind'],
        'http.index': [{ name: 'tab', version: '3', state: 'READY' }],
        'http.id': 'from-triton',
        'http.every.binary': every,
        'http.every.json': every,
        'http.bytes': ['400', code('element 0 of "s" is not UTF-8')],
        'http.nul': ['400', code('has a NUL character')],
        'http.unknown': ['404', code('MW-NOT-FOUND')],
        'http.missing': ['400', code('"wind" is missing')],
        'http.config.unknown': ['404', code('MW-NOT-FOUND')],
        'http.config': [100_000, 'TYPE_STRING', 'KIND_CPU'],
        'http.stats': [true, true, true, true],
        'http.trace': ['OFF'],
        'http.log': true,
        'http.regions': [[], []],
        'http.register': ['400', code('MW-UNSUPPORTED')],
        'http.trace.update': ['400', code('MW-UNSUPPORTED')],
        'http.load.config': ['400', code('models come from releases')],
        'http.load.files': expect.anything(),
        'http.unloaded': [false, ['UNAVAILABLE']],
        'http.unloaded.infer': ['503', code('MW-UNAVAILABLE')],
        'aio.metadata': 'millwright',
        'aio.unknown': ['404', code('MW-NOT-FOUND')],
        'grpc.metadata': 'millwright',
        'grpc.index': [['tab', '3', 'READY']],
        'grpc.shape': [
          [-1, 1],
          [-1, 1],
          [-1, 1],
        ],
        'grpc.id': 'grpc-1',
        'grpc.every': every,
        'grpc.rows': ['StatusCode.INVALID_ARGUMENT', code('the limit is 100000')],
        'grpc.unknown': ['StatusCode.NOT_FOUND', code('MW-NOT-FOUND')],
        'grpc.late': ['StatusCode.DEADLINE_EXCEEDED', expect.anything()],
        'grpc.config': [100_000, 13, [3], 2],
        'grpc.stats': [true, true, true],
        'grpc.trace': ['OFF'],
        'grpc.log': true,
        'grpc.regions': 0,
        'grpc.register': ['StatusCode.UNIMPLEMENTED', code('MW-UNSUPPORTED')],
        'grpc.load.config': ['StatusCode.UNIMPLEMENTED', code('models come from releases')],
        'grpc.unloaded': false,
        'grpc.stream': [true, [code('MW-NOT-FOUND')]],
        'grpc.aio.stream': ['a0', 'a1', 'a2', 'a3', 'a4'],
      });
    } finally {
      await harness.end();
    }
  });
});
