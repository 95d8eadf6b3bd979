/** MLflow's flavours and kinds of signatures: the processes answer what mlflow.pyfunc answers, and the control plane reads the signature they say. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPythonRuntime } from '../../src/adapters/runtime-python/python-runtime.ts';
import { emptyData } from '../../src/domain/tensor-data.ts';
import type { Datatype, Tensor, TensorData } from '../../src/domain/tensors.ts';
import { readMlmodel } from '../../src/modules/deployments/servable-mlmodel.ts';
import { pythonWithMlflow } from '../compat/mlflow/python-client.ts';

const PYTHON = fileURLToPath(new URL('../../python/serve_model.py', import.meta.url));
const PROGRAM = fileURLToPath(new URL('./python-flavours.py', import.meta.url));
const run = promisify(execFile);
const client = await pythonWithMlflow();

interface Case {
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: Datatype;
    readonly shape: readonly number[];
    readonly data: readonly (string | number | boolean)[];
  }[];
  readonly outputs: Readonly<Record<string, readonly unknown[]>>;
  readonly params: Readonly<Record<string, unknown>> | null;
}

function filled(datatype: Datatype, values: Case['inputs'][number]['data']): TensorData {
  if (datatype === 'BYTES') return values.map(String);
  const data = emptyData(datatype, values.length) as Float64Array;
  values.forEach((value, index) => {
    data[index] = Number(value);
  });
  return data;
}

const tensorsOf = ({ inputs }: Case): readonly Tensor[] =>
  inputs.map(({ data, ...tensor }) => ({ ...tensor, data: filled(tensor.datatype, data) }));
const listOf = (data: TensorData): unknown[] =>
  Array.from(data as readonly unknown[], (v) => (typeof v === 'bigint' ? Number(v) : v));

if (!('python' in client)) {
  test.skip(`NOT RUN: MLflow's flavours served: ${client.missing}; install it: pip install mlflow scikit-learn lightgbm`, () =>
    undefined);
} else
  describe("MLflow's flavours", { timeout: 120_000 }, () => {
    const { python } = client;
    const runtime = createPythonRuntime({ program: PYTHON });
    let folder = '';
    let cases: Readonly<Record<string, Case>> = {};
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'mw-flavours-'));
      const { stdout } = await run(python, [PROGRAM, folder], { cwd: folder });
      cases = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as typeof cases;
    }, 240_000);
    afterAll(async () => {
      await runtime.close();
      await rm(folder, { recursive: true, force: true });
    });

    test.each(['array', 'bare', 'boosting', 'mixed', 'named'])('%s', async (name) => {
      const one = cases[name];
      if (one === undefined) throw new Error(`no case ${name}`);
      const path = join(folder, name);
      const model = await runtime.load({
        releaseId: name,
        path,
        runtime: { kind: 'python', interpreter: python, entry: 'mlflow', memoryMib: 2048, timeoutMs: 20_000 },
        replicas: { min: 1, max: 1 },
        queueLimit: 100,
      });
      const read = readMlmodel(readFileSync(join(path, 'MLmodel'), 'utf8')).signature;
      expect(model.signature).toEqual(read ?? { inputs: [], outputs: [] });
      const outputs = await model.infer(tensorsOf(one), {
        deadline: performance.now() + 20_000,
        ...(one.params === null ? {} : { params: one.params }),
      });
      expect(Object.fromEntries(outputs.map((output) => [output.name, listOf(output.data)]))).toEqual(one.outputs);
      for (const spec of model.signature.outputs) {
        expect(outputs.find((output) => output.name === spec.name)?.datatype).toBe(spec.datatype);
      }
      await model.unload();
    });

    test('calls with different parameters that wait together are never one batch', async () => {
      const one = cases['mixed'];
      if (one === undefined) throw new Error('no case mixed');
      const model = await runtime.load({
        releaseId: 'parameters',
        path: join(folder, 'mixed'),
        runtime: { kind: 'python', interpreter: python, entry: 'mlflow', memoryMib: 2048, timeoutMs: 20_000 },
        replicas: { min: 1, max: 1 },
        queueLimit: 100,
      });
      const factors = Array.from({ length: 24 }, (_, index) => (index % 4 === 3 ? undefined : index % 4));
      const answers = await Promise.all(
        factors.map((factor) =>
          model.infer(tensorsOf(one), {
            deadline: performance.now() + 20_000,
            ...(factor === undefined ? {} : { params: { factor } }),
          }),
        ),
      );
      const scaled = answers.map((outputs) => listOf(outputs.find(({ name }) => name === 'scaled')?.data ?? []));
      expect(scaled).toEqual(factors.map((factor = 1) => [1.5 * factor, 2.5 * factor]));
      await model.unload();
    });
  });
