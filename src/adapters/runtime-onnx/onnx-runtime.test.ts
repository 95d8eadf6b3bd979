import { expect, test } from 'vitest';
import { runtimeContract, sourceOf } from '../../testing/runtime.contract.ts';
import { createOnnxRuntime } from './onnx-runtime.ts';
import type { OnnxRuntime } from './onnx-runtime.ts';
import { fileURLToPath } from 'node:url';

const fixture = (name: string): string => fileURLToPath(new URL(`../../testing/fixtures/${name}`, import.meta.url));

runtimeContract('onnx, where the rules put it', { create: () => createOnnxRuntime() });
runtimeContract('onnx in threads', {
  create: () => createOnnxRuntime({ placement: 'thread' }),
  crash: (runtime, index, file) =>
    (runtime as OnnxRuntime).killWorker(index, file === undefined ? undefined : fixture(file)),
});
runtimeContract('onnx in processes', {
  create: () => createOnnxRuntime({ placement: 'process' }),
  // A fault in native code: what no thread survives.
  crash(runtime, index, file) {
    const pids = (runtime as OnnxRuntime)
      .placements()
      .flatMap((model) => (file === undefined || model.releaseId === fixture(file) ? model.pids : []));
    const pid = pids[index % pids.length];
    if (pid !== undefined) process.kill(pid, 'SIGSEGV');
    return Promise.resolve();
  },
});
runtimeContract('onnx in WebAssembly', { create: () => createOnnxRuntime({ engine: 'wasm' }) });

test('refuses what comes on top of a full queue, and answers what it took', async () => {
  const runtime = createOnnxRuntime({ placement: 'thread', workers: 1, depth: 1, queueLimit: 5 });
  const model = await runtime.load(
    sourceOf(fileURLToPath(new URL('../../testing/fixtures/linear-1.onnx', import.meta.url))),
  );
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }] as const;
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, () => model.infer(inputs, { deadline: performance.now() + 5000 })),
  );
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.length).toBe(34);
  expect(refused.every((result) => result.status === 'rejected' && result.reason.code === 'MW-OVERLOADED')).toBe(true);
  await runtime.close();
  await expect(model.infer(inputs, { deadline: performance.now() + 5000 })).rejects.toMatchObject({
    code: 'MW-UNAVAILABLE',
  });
});
