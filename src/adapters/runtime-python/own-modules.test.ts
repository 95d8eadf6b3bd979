/** The runner is a package beside its program: it must not stand before the model's own modules, nor be in the way of what they start. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createPythonRuntime } from './python-runtime.ts';

const FOLDER = fileURLToPath(new URL('../../../python', import.meta.url));
const FILES: Readonly<Record<string, string>> = {
  'frames.py': 'VALUE = 1.0',
  'probe.py': 'VALUE = 2.0',
  'answer.py': 'def twice(value):\n    return value * 2',
  'predict.py': `
import multiprocessing
import answer, frames, probe
try:
    import prove
    outside = 1.0
except ImportError:
    outside = 0.0
SIGNATURE = {
    "inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 1]}],
    "outputs": [{"name": "y", "datatype": "FP64", "shape": [-1, 4]}],
}
def predict(model, inputs):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        [doubled] = pool.map(answer.twice, [21.0])
    return {"y": [[frames.VALUE, probe.VALUE, outside, doubled]]}
`,
};

function findPython(): string | undefined {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

const python = findPython();
if (python === undefined) {
  test.skip("NOT RUN: a Python model's own modules; there is no python3: install it", () => undefined);
} else
  test('a model imports modules of the names of ours, and starts processes of its own; no bytecode is left', {
    timeout: 30_000,
  }, async () => {
    const root = mkdtempSync(join(tmpdir(), 'mw-python-own-'));
    const kept = existsSync(join(FOLDER, 'mw_runner', '__pycache__'));
    for (const [file, text] of Object.entries(FILES)) writeFileSync(join(root, file), text);
    const runtime = createPythonRuntime({ program: join(FOLDER, 'serve_model.py') });
    try {
      const model = await runtime.load({
        releaseId: 'own',
        path: root,
        runtime: { kind: 'python', interpreter: python, entry: 'predict.py', memoryMib: 512, timeoutMs: 20_000 },
        replicas: { min: 1, max: 1 },
        queueLimit: 10,
      });
      const [y] = await model.infer([{ name: 'x', datatype: 'FP64', shape: [1, 1], data: Float64Array.of(1) }], {
        deadline: performance.now() + 20_000,
      });
      expect([...(y?.data ?? [])]).toEqual([1, 2, 0, 42]);
      expect(existsSync(join(FOLDER, 'mw_runner', '__pycache__'))).toBe(kept);
    } finally {
      await runtime.close();
      rmSync(root, { recursive: true, force: true });
    }
  });
