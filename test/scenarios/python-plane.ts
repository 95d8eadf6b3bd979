/** A Python model on a real gateway: `y = 2 * x + 2`, without a package. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EndpointLimits } from '../../src/domain/serving.ts';
import { writeFileList } from '../../src/platform/file-list.ts';
import type { PlaneRoute } from '../../src/ports/data-plane.ts';

export function findPython(): string | undefined {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** The endpoint `python`; its files are written into `folder`. */
export async function pythonRoute(
  folder: string,
  interpreter: string,
  version: number,
  limits: EndpointLimits,
): Promise<PlaneRoute> {
  const path = join(folder, 'python');
  await mkdir(path);
  const code = `
SIGNATURE = {name: [{"name": kind, "datatype": "FP32", "shape": [-1, 2]}] for name, kind in (("inputs", "x"), ("outputs", "y"))}
def predict(model, inputs):
    return {"y": [[value * 2 + 2 for value in row] for row in inputs["x"]]}
`;
  await writeFile(join(path, 'predict.py'), code);
  const list = writeFileList([{ digest: sha256(code), path: 'predict.py' }]);
  await writeFile(`${path}.files`, list);
  const runtime = { kind: 'python', interpreter, entry: 'predict.py', memoryMib: 512, timeoutMs: 10_000 } as const;
  return {
    endpoint: 'python',
    epoch: 1,
    weights: [{ releaseId: 'python-r1', percent: 100 }],
    models: [{ releaseId: 'python-r1', model: 'm', version, modelDigest: sha256(list), path, runtime }],
    limits,
  };
}

/** Processes of Python models that the gateway started. */
export function pythonWorkers(gateway: number): readonly number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [pid, parent, ...args] = line.trim().split(/\s+/);
    return Number(parent) === gateway && args.join(' ').includes('serve_model.py') ? [Number(pid)] : [];
  });
}
