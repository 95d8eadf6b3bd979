/** The state model of the serving bench, made once on this machine: 100 boosted trees on 20 floats, a heavy forest, an MLflow folder. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonWithMlflow } from '../../test/compat/mlflow/python-client.ts';

const MAKER = ['mlflow==3.17.2', 'scikit-learn', 'skl2onnx', 'onnx', 'onnxruntime', 'numpy'];

export interface StateModels {
  readonly boosting: string;
  /** A forest of 1,000 deep trees: the model is the limit, not the HTTP server. */
  readonly heavy: string;
  readonly mlflow: string;
  /** An interpreter with mlflow and onnxruntime. */
  readonly python: string;
}

/** Throws where Python packages cannot be had. */
export async function stateModels(): Promise<StateModels> {
  const found = await pythonWithMlflow(MAKER);
  if ('missing' in found) throw new Error(`the state model cannot be made: ${found.missing}`);
  const folder = join(tmpdir(), 'millwright-bench-model-1');
  const script = fileURLToPath(new URL('./peers/make_model.py', import.meta.url));
  if (!existsSync(join(folder, 'mlflow-model', 'MLmodel'))) await promisify(execFile)(found.python, [script, folder]);
  return {
    boosting: join(folder, 'boosting.onnx'),
    heavy: join(folder, 'heavy.onnx'),
    mlflow: join(folder, 'mlflow-model'),
    python: found.python,
  };
}

/** One V2 request of `rows` rows of 20 floats. */
export function boostingBody(rows: number, name = 'X'): string {
  const data = Array.from({ length: rows * 20 }, (_, index) => Math.round(Math.sin(index + 1) * 1e4) / 1e4);
  return JSON.stringify({ inputs: [{ name, datatype: 'FP32', shape: [rows, 20], data }] });
}
