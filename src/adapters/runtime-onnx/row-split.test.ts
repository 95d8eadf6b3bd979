import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../domain/tensors.ts';
import { createBatchCost } from '../../platform/batch-cost.ts';
import { joinAnswers, partRows, runParts, splitJob } from './row-split.ts';

const tensors = (rows: number): readonly Tensor[] => {
  const all = Array.from({ length: rows }, (_, row) => row);
  return [
    { name: 'a', datatype: 'FP32', shape: [rows, 2], data: Float32Array.from([...all, ...all]) },
    { name: 'b', datatype: 'BYTES', shape: [rows, 1], data: all.map((row) => `t${row}`) },
    { name: 'c', datatype: 'INT64', shape: [rows], data: BigInt64Array.from(all, BigInt) },
  ];
};

describe('a request in parts', () => {
  it('is the same again when its parts are joined', () => {
    for (const [rows, part] of [
      [10, 3],
      [10, 10],
      [9, 3],
      [1, 5],
    ] as const) {
      const parts = splitJob({ inputs: tensors(rows) }, part);
      expect(parts).toHaveLength(Math.ceil(rows / part));
      expect(
        joinAnswers(
          parts,
          parts.map(({ inputs }) => inputs),
        ),
      ).toEqual(tensors(rows));
    }
  });

  it('cannot be joined when an output is not row by row', () => {
    const parts = splitJob({ inputs: tensors(4) }, 2);
    const total: Tensor = { name: 'sum', datatype: 'FP32', shape: [1], data: Float32Array.of(1) };
    expect(joinAnswers(parts, [[total], [total]])).toBeUndefined();
  });

  it('is worth it only when it takes long', () => {
    const cost = createBatchCost();
    expect(partRows(1_000_000, cost)).toBe(1_000_000);
    for (const rows of [1, 16, 256, 4096]) for (let index = 0; index < 9; index += 1) cost.learn(rows, rows * 0.1);
    expect(partRows(900, cost)).toBe(900);
    expect(partRows(5000, cost)).toBe(500);
  });

  it('runs a few parts at a time, in order, and stops when one fails', async () => {
    let [open, most] = [0, 0];
    const run = async (part: number): Promise<number> => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 2));
      open -= 1;
      if (part === 13) throw new Error('13');
      return part * 2;
    };
    expect(await runParts([1, 2, 3, 4, 5, 6, 7], 3, run)).toEqual([2, 4, 6, 8, 10, 12, 14]);
    expect(most).toBe(3);
    let ran = 0;
    const counted = (part: number): Promise<number> => {
      ran += 1;
      return run(part);
    };
    await expect(runParts([1, 13, 3, 4, 5, 6, 7, 8, 9], 2, counted)).rejects.toThrow('13');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(ran).toBeLessThan(5);
  });
});
