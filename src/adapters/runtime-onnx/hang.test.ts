/** A model that does not come back: its requests are answered, its thread is replaced, and the others go on. */
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { sourceOf } from '../../testing/runtime.contract.ts';
import { createOnnxRuntime } from './onnx-runtime.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../testing/fixtures/${name}`, import.meta.url));
const rows = (value: number) => [
  { name: 'x', datatype: 'FP32' as const, shape: [1, 2], data: Float32Array.of(value, 1) },
];
const soon = (ms: number): number => performance.now() + ms;

test('a request that hangs is a MW-DEADLINE; its worker is replaced and those behind it are answered', {
  timeout: 30_000,
}, async () => {
  const runtime = createOnnxRuntime({ placement: 'thread', workers: 1, batchRows: 1, graceMs: 200 });
  const loop = await runtime.load(sourceOf(fixture('loop.onnx')));
  const linear = await runtime.load(sourceOf(fixture('linear-2.onnx')));
  expect((await loop.infer(rows(3), { deadline: soon(5000) }))[0]?.data).toEqual(Float32Array.of(6, 4));

  const start = performance.now();
  const hung = loop.infer(rows(1e12), { deadline: soon(300) });
  // One of them is with the hung thread already, the others wait in the queue.
  const behind = [1, 2, 3].map((value) => loop.infer(rows(value), { deadline: soon(10_000) }));
  const late = expect(loop.infer(rows(1), { deadline: soon(400) })).rejects.toMatchObject({ code: 'MW-DEADLINE' });
  // Another model has threads of its own.
  expect((await linear.infer(rows(1), { deadline: soon(400) }))[0]?.data[0]).toBe(4);
  await expect(hung).rejects.toMatchObject({ code: 'MW-DEADLINE' });
  expect(performance.now() - start).toBeLessThan(800);
  expect((await Promise.all(behind)).map((outputs) => outputs[0]?.data[0])).toEqual([2, 4, 6]);
  await late;
  // The new thread is as good as the old one.
  expect((await loop.infer(rows(2), { deadline: soon(5000) }))[0]?.data).toEqual(Float32Array.of(4, 3));
  expect(performance.now() - start).toBeLessThan(6000);
  // Patience is for threads that only need a moment.
  await vi.waitFor(() => expect(runtime.stuck()).toBe(1), 3000);
  expect(
    await Promise.race([runtime.close().then(() => 'closed'), new Promise((r) => setTimeout(r, 5000, 'open'))]),
  ).toBe('closed');
});
