/** The contract suite of ports/model-runtime.ts. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENDPOINT_LIMITS } from '../domain/serving.ts';
import type { Tensor } from '../domain/tensors.ts';
import type { ModelRuntime, ModelSource } from '../ports/model-runtime.ts';

export interface RuntimeSubject {
  create(): ModelRuntime;
  /** What stands for a fixture in a runtime that does not read ONNX files; it behaves and names its tensors as that one does. */
  readonly source?: (file: string) => ModelSource;
  /** Ends one worker of the model (any, when it is not named) as a fault would; absent where the runtime has none. */
  readonly crash?: (runtime: ModelRuntime, index: number, file?: string) => Promise<void>;
}

const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));
const soon = (): number => performance.now() + 10_000;
const x = (...values: number[]): Tensor => ({
  name: 'x',
  datatype: 'FP32',
  shape: [values.length / 2, 2],
  data: Float32Array.from(values),
});

/** An ONNX file as a source with the defaults. */
export const sourceOf = (path: string): ModelSource => ({
  releaseId: path,
  path,
  runtime: { kind: 'onnx' },
  replicas: ENDPOINT_LIMITS.replicas,
  queueLimit: ENDPOINT_LIMITS.queue,
});

/** Run in a test file of the adapter: `runtimeContract('onnx', { create: () => createOnnxRuntime() })`. */
export function runtimeContract(name: string, subject: RuntimeSubject): void {
  describe(`ModelRuntime contract: ${name}`, () => {
    let runtime: ModelRuntime;
    beforeAll(() => {
      runtime = subject.create();
    });
    afterAll(async () => {
      await runtime.close();
    });
    const source = subject.source ?? ((file: string): ModelSource => sourceOf(join(FIXTURES, file)));
    const load = (file: string): ReturnType<ModelRuntime['load']> => runtime.load(source(file));

    test('says the signature of a model: names, datatypes, free dimensions as -1', async () => {
      const model = await load('tabular.onnx');
      expect(model.signature).toEqual({
        inputs: [
          { name: 'carrier', datatype: 'BYTES', shape: [-1, 1] },
          { name: 'distance', datatype: 'FP32', shape: [-1, 1] },
          { name: 'wind', datatype: 'FP32', shape: [-1, 1] },
        ],
        outputs: [
          { name: 'label', datatype: 'INT64', shape: [-1] },
          { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
        ],
      });
      await model.unload();
    });

    test('carries every datatype through unchanged, 64-bit integers and text included', async () => {
      const model = await load('identity.onnx');
      const inputs: Tensor[] = [
        { name: 'f', datatype: 'FP32', shape: [2, 1], data: Float32Array.of(1.5, Number.NaN) },
        { name: 'd', datatype: 'FP64', shape: [2, 1], data: Float64Array.of(Math.PI, -0.1) },
        { name: 'i', datatype: 'INT64', shape: [2, 1], data: BigInt64Array.of(2n ** 62n + 1n, -5n) },
        { name: 'b', datatype: 'BOOL', shape: [2, 1], data: Uint8Array.of(1, 0) },
        { name: 's', datatype: 'BYTES', shape: [2, 1], data: ['žluť 🛫', ''] },
      ];
      const outputs = await model.infer(inputs, { deadline: soon() });
      expect(outputs).toEqual(inputs.map((input) => ({ ...input, name: `${input.name}_out` })));
      await model.unload();
    });

    test('gives only the outputs that are asked for', async () => {
      const model = await load('tabular.onnx');
      const row: Tensor[] = [
        { name: 'carrier', datatype: 'BYTES', shape: [1, 1], data: ['AA'] },
        { name: 'distance', datatype: 'FP32', shape: [1, 1], data: Float32Array.of(1) },
        { name: 'wind', datatype: 'FP32', shape: [1, 1], data: Float32Array.of(2) },
      ];
      const outputs = await model.infer(row, { outputs: ['probabilities'], deadline: soon() });
      expect(outputs.map((output) => [output.name, output.shape])).toEqual([['probabilities', [1, 2]]]);
      await model.unload();
    });

    test('answers each of many concurrent requests with its own rows, of any batch size', async () => {
      const model = await load('linear-2.onnx');
      const asked = Array.from({ length: 200 }, (_, index) =>
        Array.from({ length: ((index % 5) + 1) * 2 }, (__, at) => index * 100 + at),
      );
      const answers = await Promise.all(asked.map((values) => model.infer([x(...values)], { deadline: soon() })));
      answers.forEach((outputs, index) => {
        expect([...(outputs[0]?.data ?? [])]).toEqual(asked[index]?.map((value) => value * 2 + 2));
        expect(outputs[0]?.shape).toEqual([(asked[index]?.length ?? 0) / 2, 2]);
      });
      await model.unload();
    });

    test('a wrong request fails alone: its neighbours in the same batch are answered', async () => {
      const model = await load('linear-1.onnx');
      const wrong: Tensor = { name: 'x', datatype: 'FP32', shape: [1, 3], data: Float32Array.of(1, 2, 3) };
      const results = await Promise.allSettled(
        Array.from({ length: 30 }, (_, index) =>
          model.infer([index % 10 === 3 ? wrong : x(index, 0)], { deadline: soon() }),
        ),
      );
      results.forEach((result, index) => {
        if (index % 10 === 3) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'MW-TENSOR' } });
        else expect(result.status === 'fulfilled' && result.value[0]?.data[0]).toBe(index + 1);
      });
      await model.unload();
    });

    test('refuses a file that is no model, with the reason, and goes on', async () => {
      await expect(load('broken.onnx')).rejects.toMatchObject({
        code: 'MW-MODEL-LOAD',
        message: expect.stringMatching(/[Pp]rotobuf|parse/),
      });
      await expect(load('absent.onnx')).rejects.toMatchObject({ code: 'MW-MODEL-LOAD' });
      const model = await load('linear-1.onnx');
      expect((await model.infer([x(1, 2)], { deadline: soon() }))[0]?.data).toEqual(Float32Array.of(2, 3));
      await model.unload();
    });

    test('several models side by side, and unloading one leaves the others', async () => {
      const [one, three] = await Promise.all([load('linear-1.onnx'), load('linear-3.onnx')]);
      await one.unload();
      expect((await three.infer([x(1, 2)], { deadline: soon() }))[0]?.data).toEqual(Float32Array.of(6, 9));
      await expect(one.infer([x(1, 2)], { deadline: soon() })).rejects.toMatchObject({
        code: expect.stringMatching(/^MW-/),
      });
      await three.unload();
    });

    test('passes values through that are not numbers', async () => {
      const model = await load('nan.onnx');
      expect((await model.infer([x(1, 2)], { deadline: soon() }))[0]?.data).toEqual(
        Float32Array.of(Number.NaN, Number.NaN),
      );
      await model.unload();
    });

    test('a request past its deadline is not run', async () => {
      const model = await load('linear-1.onnx');
      await expect(model.infer([x(1, 2)], { deadline: performance.now() - 1 })).rejects.toMatchObject({
        code: 'MW-DEADLINE',
      });
      await model.unload();
    });

    test('a caller that left is told so, whether its request waited or ran; the others are answered', async () => {
      const model = await load('linear-2.onnx');
      const left = new AbortController();
      const gone = Array.from({ length: 20 }, (_, at) =>
        model.infer([x(at, 0)], { deadline: soon(), signal: left.signal }).catch((error: unknown) => error),
      );
      const stay = Array.from({ length: 20 }, (_, at) => model.infer([x(at, 0)], { deadline: soon() }));
      left.abort();
      for (const outcome of await Promise.all(gone)) {
        // What was quicker than its caller is an answer, everything else says why it is none.
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'MW-CANCELLED' });
      }
      expect((await Promise.all(stay)).map((outputs) => outputs[0]?.data[0])).toEqual(
        Array.from({ length: 20 }, (_, at) => at * 2 + 2),
      );
      await expect(model.infer([x(1, 2)], { deadline: soon(), signal: left.signal })).rejects.toMatchObject({
        code: 'MW-CANCELLED',
      });
      await model.unload();
    });

    test('every priority is answered', async () => {
      const model = await load('linear-1.onnx');
      const priorities = Array.from({ length: 60 }, (_, at) => (at % 7) - 3);
      const answers = await Promise.all(
        priorities.map((priority, at) => model.infer([x(at, 0)], { deadline: soon(), priority })),
      );
      expect(answers.map((outputs) => outputs[0]?.data[0])).toEqual(priorities.map((_, at) => at + 1));
      await model.unload();
    });

    test('counts what it did: batches, rows, times, and the cost it learned', async () => {
      const model = await load('linear-1.onnx');
      const before = model.stats();
      await Promise.all(Array.from({ length: 50 }, (_, at) => model.infer([x(at, 0, at, 1)], { deadline: soon() })));
      const after = model.stats();
      expect(after.batchedRows - before.batchedRows).toBe(100);
      const batches = after.batches - before.batches;
      expect(batches).toBeGreaterThan(0);
      expect(batches).toBeLessThanOrEqual(50);
      expect(after.computeMs).toBeGreaterThan(before.computeMs);
      expect(after.queueMs).toBeGreaterThanOrEqual(before.queueMs);
      expect(after.waiting).toBe(0);
      expect(after.shed).toBe(0);
      expect(after.replicas).toBeGreaterThan(0);
      const counted = after.batchSizes.counts.reduce((sum, count) => sum + count, 0);
      expect(counted).toBe(after.batches);
      expect(after.batchSizes.bounds).toHaveLength(after.batchSizes.counts.length);
      expect(after.cost?.fixedMs ?? -1).toBeGreaterThanOrEqual(0);
      expect(after.cost?.perRowMs ?? -1).toBeGreaterThanOrEqual(0);
      await model.unload();
    });

    test('what is too much for the queue is refused with the time after which to come back', async () => {
      const one = await runtime.load({ ...source('linear-1.onnx'), queueLimit: 4, replicas: { min: 1, max: 1 } });
      const results = await Promise.allSettled(
        Array.from({ length: 200 }, (_, at) => one.infer([x(at, 0)], { deadline: soon() })),
      );
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.length).toBeLessThan(200);
      for (const { reason } of refused as { readonly reason: { code: string; retryAfterMs?: number } }[]) {
        expect(reason.code).toBe('MW-OVERLOADED');
        expect(reason.retryAfterMs).toBeGreaterThan(0);
      }
      expect(one.stats().shed).toBe(refused.length);
      expect((await one.infer([x(3, 0)], { deadline: soon() }))[0]?.data[0]).toBe(4);
      await one.unload();
    });

    const { crash } = subject;
    test.skipIf(crash === undefined)('a crashed worker costs no request and is replaced', async () => {
      const model = await load('linear-3.onnx');
      for (const index of [0, 1]) {
        const answers = Promise.all(
          Array.from({ length: 60 }, (_, at) => model.infer([x(at, at)], { deadline: soon() })),
        );
        await crash?.(runtime, index);
        expect((await answers).map((outputs) => outputs[0]?.data[0])).toEqual(
          Array.from({ length: 60 }, (_, at) => at * 3 + 3),
        );
      }
      await model.unload();
    });

    test.skipIf(crash === undefined)(
      'a model whose workers die again and again is quarantined; the others go on',
      async () => {
        const other = await load('linear-2.onnx');
        const model = await load('linear-3.onnx');
        let code = '';
        for (let turn = 0; turn < 40 && code !== 'MW-QUARANTINED'; turn += 1) {
          await crash?.(runtime, 0, 'linear-3.onnx');
          await new Promise((resolve) => setTimeout(resolve, 100));
          code = await model.infer([x(1, 1)], { deadline: performance.now() + 2000 }).then(
            () => '',
            (error: unknown) => (error as { code: string }).code,
          );
        }
        expect(code).toBe('MW-QUARANTINED');
        expect((await other.infer([x(1, 1)], { deadline: soon() }))[0]?.data[0]).toBe(4);
        await model.unload();
        // Loaded anew it has a clean record.
        const again = await load('linear-3.onnx');
        expect((await again.infer([x(1, 1)], { deadline: soon() }))[0]?.data[0]).toBe(6);
        await again.unload();
        await other.unload();
      },
    );
  });
}
