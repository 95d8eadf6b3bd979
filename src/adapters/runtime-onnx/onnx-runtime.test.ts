import { expect, test } from 'vitest';
import { runtimeContract } from '../../testing/runtime.contract.ts';
import { createOnnxRuntime } from './onnx-runtime.ts';
import type { OnnxRuntime } from './onnx-runtime.ts';
import { fileURLToPath } from 'node:url';

runtimeContract('onnx', {
  create: () => createOnnxRuntime({ workers: 2 }),
  crash: (runtime, index) => (runtime as OnnxRuntime).killWorker(index),
});

test('refuses what comes on top of a full queue, and answers what it took', async () => {
  const runtime = createOnnxRuntime({ workers: 1, depth: 1, queueLimit: 5 });
  const model = await runtime.load(fileURLToPath(new URL('../../testing/fixtures/linear-1.onnx', import.meta.url)));
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }] as const;
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, () => model.infer(inputs, undefined, performance.now() + 5000)),
  );
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.length).toBe(34);
  expect(refused.every((result) => result.status === 'rejected' && result.reason.code === 'MW-OVERLOADED')).toBe(true);
  await runtime.close();
  await expect(model.infer(inputs, undefined, performance.now() + 5000)).rejects.toMatchObject({
    code: 'MW-UNAVAILABLE',
  });
});
