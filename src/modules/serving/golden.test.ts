/** A release must repeat the answers that its model gave when it was made. */
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { createOnnxRuntime } from '../../adapters/runtime-onnx/onnx-runtime.ts';
import { call, fakeModel, fakeRoute, openFakePlane } from '../../../test/fixtures/serving/fake-plane.ts';
import { readGolden } from './golden.ts';

const tensor = (name: string, data: readonly unknown[], shape = [data.length, 1], datatype = 'FP32') => ({
  name,
  datatype,
  shape,
  data,
});
const golden = (outputs: readonly unknown[], tolerance: unknown = 1e-4): string =>
  JSON.stringify({ inputs: [tensor('x', [1, 2, 3])], outputs, tolerance });

const routeWith = (version: number) =>
  fakeRoute(1, [version], { models: [{ ...fakeModel(version), golden: '/golden.json' }] });

describe('golden rows', () => {
  test('repeated within the tolerance: the release serves, and says how quick it was', async () => {
    const { serving } = openFakePlane({ readText: () => Promise.resolve(golden([tensor('y', [2, 4.0001, 6])])) });
    await serving.apply(routeWith(2));
    expect((await call(serving, 4)).outputs[0]?.data[0]).toBe(8);
    const [release] = serving.stats()[0]?.releases ?? [];
    expect(release).toMatchObject({ goldenRows: 3, calls: 1 });
    expect(release?.warmUpP99Ms).toBeGreaterThan(0);
  });

  test('one that differs is named with row, output, expected and observed, and the old route stays', async () => {
    const { serving, unloads } = openFakePlane({
      readText: () => Promise.resolve(golden([tensor('y', [2, 4, 7])])),
    });
    await serving.apply(fakeRoute(0, [1]));
    await expect(serving.apply(routeWith(2))).rejects.toMatchObject({
      code: 'MW-MODEL-LOAD',
      message: expect.stringMatching(/row 2, output "y": expected 7, observed 6 \(tolerance 0\.0001\)/),
      where: 'e-r2',
    });
    expect(unloads).toEqual(['2']);
    expect((await call(serving)).version).toBe(1);
  });

  test.each([
    ['an output that is not there', golden([tensor('z', [1, 2, 3])]), 'no output "z"'],
    ['another width', golden([tensor('y', [1, 2, 3, 4, 5, 6], [3, 2])]), 'has the shape [3, 1], expected [3, 2]'],
    ['no JSON', '{', 'not JSON'],
    ['no tensors', '{"inputs":[],"outputs":[]}', 'no inputs'],
    ['other rows', golden([tensor('y', [1, 2])]), '"y" has not 3 rows'],
    ['a broken tolerance', golden([tensor('y', [2, 4, 6])], 'much'), 'the tolerance is no number'],
    ['too few elements', golden([tensor('y', [2, 4], [3, 1])]), '"y" has not 3 elements'],
    ['an endless shape', golden([tensor('y', [], [1e9, 1e9])]), '"y" is too large'],
    [
      'inputs that the model does not take',
      JSON.stringify({ inputs: [tensor('w', [1])], outputs: [tensor('y', [1])] }),
      'the model has no input "w"',
    ],
  ])('%s is MW-MODEL-LOAD', async (_name, text, message) => {
    const { serving } = openFakePlane({ readText: () => Promise.resolve(text) });
    await expect(serving.apply(routeWith(2))).rejects.toMatchObject({
      code: 'MW-MODEL-LOAD',
      message: expect.stringContaining(message),
    });
  });

  test('words, large whole numbers, truths and missing numbers are read as they were', () => {
    const read = readGolden(
      JSON.stringify({
        inputs: [tensor('town', ['Brno', ''], [2, 1], 'BYTES'), tensor('wind', [null, 1.5])],
        outputs: [tensor('id', ['9007199254740993', 5], [2], 'INT64'), tensor('snow', [true, false], [2], 'BOOL')],
      }),
    );
    expect(read).toMatchObject({
      rows: 2,
      tolerance: 1e-4,
      inputs: [{ data: ['Brno', ''] }, { data: Float32Array.of(Number.NaN, 1.5) }],
      outputs: [{ data: BigInt64Array.of(9_007_199_254_740_993n, 5n) }, { data: Uint8Array.of(1, 0) }],
    });
  });
});

describe('on the real runtime', () => {
  const runtime = createOnnxRuntime({ workers: 1 });
  afterAll(() => runtime.close());
  const path = fileURLToPath(new URL('../../testing/fixtures/linear-2.onnx', import.meta.url));

  test('the linear model repeats its rows, and another model’s rows are refused', async () => {
    const rows = (version: number): string => {
      const x = [1, 2, 3, 4];
      const y = x.map((value) => version * (value + 1));
      return JSON.stringify({ inputs: [tensor('x', x, [2, 2])], outputs: [tensor('y', y, [2, 2])] });
    };
    let text = rows(2);
    const { serving } = openFakePlane({ runtime, readText: () => Promise.resolve(text) });
    const model = { ...fakeModel(2), path, golden: '/golden.json' };
    await serving.apply(fakeRoute(1, [2], { models: [model] }));
    expect(serving.stats()[0]?.releases[0]).toMatchObject({ goldenRows: 2 });
    text = rows(3);
    const other = { ...model, releaseId: 'e-r3', version: 3 };
    await expect(serving.apply(fakeRoute(2, [3], { models: [other] }))).rejects.toMatchObject({
      code: 'MW-MODEL-LOAD',
      message: expect.stringContaining('row 0, output "y": expected 6, observed 4'),
    });
  });
});
