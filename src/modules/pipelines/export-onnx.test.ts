import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../../python/export_onnx.py');
const MAKE = join(import.meta.dirname, '../../../test/fixtures/export/make_model.py');
/** An interpreter with scikit-learn, skl2onnx, onnxruntime and pandas; the demo's environment is one. */
const PYTHON = process.env['MW_TEST_PYTHON'] ?? 'python3';
const complete = spawnSync(PYTHON, ['-c', 'import sklearn, skl2onnx, onnxruntime, pandas, pyarrow']).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mw-export-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function python(...args: readonly string[]) {
  const done = spawnSync(PYTHON, args, { cwd: folder, encoding: 'utf8' });
  return { code: done.status, out: done.stdout, last: done.stderr.trimEnd().split('\n').at(-1) ?? '' };
}

describe('the export program', () => {
  it('says what is wrong in its last line', () => {
    writeFileSync(join(folder, 'no-model.joblib'), 'import this is no pickle');
    writeFileSync(join(folder, 'sample.csv'), 'a,b\n1,2\n');
    expect(python(PROGRAM, 'one')).toMatchObject({ code: 1, last: expect.stringContaining('four files are needed') });
    const absent = python(PROGRAM, 'none.joblib', 'sample.csv', 'm.onnx', 'p.json');
    expect(absent).toMatchObject({
      code: 1,
      last: 'export_onnx: none.joblib is not there: the step before must write it',
    });
    // -S and -I: an interpreter without installed packages.
    const bare = python('-S', '-I', PROGRAM, 'no-model.joblib', 'sample.csv', 'm.onnx', 'p.json');
    expect(bare).toMatchObject({
      code: 1,
      last: expect.stringMatching(/^export_onnx: add .*skl2onnx.* to requirements$/),
    });
  });

  it.runIf(complete)(
    'converts a pipeline over text and numbers, with missing and unseen values, to the same answers',
    () => {
      expect(python(MAKE).code).toBe(0);
      expect(python(PROGRAM, 'model.joblib', 'sample.parquet', 'model.onnx', 'parity.json')).toMatchObject({ code: 0 });
      const report: unknown = JSON.parse(readFileSync(join(folder, 'parity.json'), 'utf8'));
      expect(report).toMatchObject({
        rows: 300,
        label_flips: 0,
        opset: 18,
        inputs: [
          { name: 'carrier', type: 'tensor(string)' },
          { name: 'temp', type: 'tensor(float)' },
          { name: 'distance', type: 'tensor(float)' },
        ],
        outputs: [
          { name: 'label', type: 'tensor(int64)' },
          { name: 'probabilities', type: 'tensor(float)' },
        ],
      });
      expect((report as { max_abs_diff: number }).max_abs_diff).toBeLessThan(1e-5);
      // Rows over the whole sample with the exported model's answers, as the data plane reads them.
      const { golden } = report as { golden: { inputs: unknown[]; outputs: unknown[] } };
      const tensor = (name: string, datatype: string, shape: number[]) => ({ name, datatype, shape });
      expect(golden).toMatchObject({
        tolerance: 1e-4,
        inputs: [
          tensor('carrier', 'BYTES', [32, 1]),
          tensor('temp', 'FP32', [32, 1]),
          tensor('distance', 'FP32', [32, 1]),
        ],
        outputs: [tensor('label', 'INT64', [32]), tensor('probabilities', 'FP32', [32, 2])],
      });
      expect(JSON.stringify(golden), 'a missing number is null, an unseen word is itself').toMatch(/null.*|never seen/);
      const first = readFileSync(join(folder, 'model.onnx'));
      python(PROGRAM, 'model.joblib', 'sample.parquet', 'again.onnx', 'p.json');
      expect(readFileSync(join(folder, 'again.onnx')).equals(first)).toBe(true);
      const other = python(PROGRAM, 'no-model.joblib', 'sample.parquet', 'm.onnx', 'p.json');
      expect(other).toMatchObject({ code: 1, last: expect.stringContaining('not a joblib or pickle file') });
    },
    120_000,
  );
});
