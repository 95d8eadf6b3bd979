/** The contract suite on a plain Python without numpy: a predict.py for each of its fixtures. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, test } from 'vitest';
import { runtimeContract } from '../../testing/runtime.contract.ts';
import { createPythonRuntime } from './python-runtime.ts';
import type { PythonRuntime } from './python-runtime.ts';

const PROGRAM = fileURLToPath(new URL('../../../python/serve_model.py', import.meta.url));
const PRELUDE = `
def spec(name, datatype, *shape):
    return {"name": name, "datatype": datatype, "shape": list(shape)}
X = [spec("x", "FP32", -1, 2)]
`;
const linear = (k: number): string => `${PRELUDE}
SIGNATURE = {"inputs": X, "outputs": [spec("y", "FP32", -1, 2)]}
def predict(model, inputs):
    return {"y": [[value * ${k} + ${k} for value in row] for row in inputs["x"]]}
`;

/** linear-k answers k * x + k, see make-models.py. */
const FILES: Readonly<Record<string, string>> = {
  'linear-1.onnx': linear(1),
  'linear-2.onnx': linear(2),
  'linear-3.onnx': linear(3),
  'broken.onnx': 'raise RuntimeError("cannot parse the weights")',
  'nan.onnx': `${PRELUDE}
SIGNATURE = {"inputs": X, "outputs": [spec("y", "FP32", -1, 2)]}
def predict(model, inputs):
    return [[float("nan") for _ in row] for row in inputs["x"]]
`,
  'identity.onnx': `${PRELUDE}
KINDS = {"f": "FP32", "d": "FP64", "i": "INT64", "b": "BOOL", "s": "BYTES"}
SIGNATURE = {
    "inputs": [spec(name, kind, -1, 1) for name, kind in KINDS.items()],
    "outputs": [spec(name + "_out", kind, -1, 1) for name, kind in KINDS.items()],
}
def predict(model, inputs):
    return {name + "_out": value for name, value in inputs.items()}
`,
  'tabular.onnx': `${PRELUDE}
SIGNATURE = {
    "inputs": [spec("carrier", "BYTES", -1, 1), spec("distance", "FP32", -1, 1), spec("wind", "FP32", -1, 1)],
    "outputs": [spec("label", "INT64", -1), spec("probabilities", "FP32", -1, 2)],
}
def predict(model, inputs):
    rows = len(inputs["wind"])
    return {"label": [1] * rows, "probabilities": [[0.25, 0.75]] * rows}
`,
};

function findPython(): string | undefined {
  for (const name of ['python3', 'python']) {
    try {
      return execFileSync(name, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
    } catch {
      // The next name.
    }
  }
  return undefined;
}

const python = findPython();
if (python === undefined) {
  test.skip('NOT RUN: the contract of Python models; there is no python3: install it', () => undefined);
} else {
  const root = mkdtempSync(join(tmpdir(), 'mw-python-contract-'));
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(join(root, file));
    writeFileSync(join(root, file, 'predict.py'), text);
  }
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  runtimeContract('python', {
    create: () => createPythonRuntime({ program: PROGRAM }),
    source: (file) => ({
      releaseId: file,
      path: join(root, file),
      runtime: { kind: 'python', interpreter: python, entry: 'predict.py', memoryMib: 512, timeoutMs: 10_000 },
      replicas: { min: 2, max: 2 },
      queueLimit: 2048,
    }),
    crash: async (runtime, index, file) => {
      const pid = (runtime as PythonRuntime).pids(file)[index];
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await Promise.resolve();
    },
  });
}
