import { describe, expect, it } from 'vitest';
import type { TensorSpec } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { handOver, pack, unpack } from './pack.ts';

const SPECS: readonly TensorSpec[] = [
  { name: 'flag', datatype: 'BOOL', shape: [-1] },
  { name: 'carrier', datatype: 'BYTES', shape: [-1, 1] },
  { name: 'temp', datatype: 'FP32', shape: [-1, 1] },
  { name: 'seats', datatype: 'INT64', shape: [-1, 2] },
  { name: 'origin', datatype: 'BYTES', shape: [-1, 1] },
  { name: 'delay', datatype: 'FP64', shape: [-1, 1] },
];

function tensors(rows: number): readonly Tensor[] {
  const all = Array.from({ length: rows }, (_, row) => row);
  return [
    { name: 'flag', datatype: 'BOOL', shape: [rows], data: Uint8Array.from(all, (row) => row % 2) },
    { name: 'carrier', datatype: 'BYTES', shape: [rows, 1], data: all.map((row) => `C${row}`) },
    { name: 'temp', datatype: 'FP32', shape: [rows, 1], data: Float32Array.from(all, (row) => row + 0.5) },
    {
      name: 'seats',
      datatype: 'INT64',
      shape: [rows, 2],
      data: BigInt64Array.from([...all, ...all], (row) => BigInt(row) - 2n ** 60n),
    },
    { name: 'origin', datatype: 'BYTES', shape: [rows, 1], data: all.map((row) => `é${row}`) },
    { name: 'delay', datatype: 'FP64', shape: [rows, 1], data: Float64Array.from(all, (row) => row / 3) },
  ];
}

describe('tensors in one block', () => {
  it.each([1, 3, 16, 17, 5000])('come out as they went in: %i rows', (rows) => {
    const packed = pack(tensors(rows), SPECS);
    if (packed === undefined) throw new Error('not packed');
    const over = structuredClone(packed, { transfer: handOver([{ packed }]) });
    expect(unpack(over, SPECS)).toEqual(tensors(rows));
    expect(packed.block.detached).toBe(rows === 5000);
  });

  it('keeps not-a-number, infinities and a view that begins inside its buffer', () => {
    const specs = SPECS.slice(2, 3);
    const data = new Float32Array([9, Number.NaN, Number.POSITIVE_INFINITY, -0]).subarray(1);
    const packed = pack([{ name: 'temp', datatype: 'FP32', shape: [3, 1], data }], specs);
    if (packed === undefined) throw new Error('not packed');
    expect([...(unpack(packed, specs)[0]?.data ?? [])]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, -0]);
  });

  it('is refused for tensors that are not those of the specs', () => {
    const all = tensors(2);
    expect(pack(all.slice(1), SPECS)).toBeUndefined();
    expect(pack(all.toReversed(), SPECS)).toBeUndefined();
    expect(pack([...all.slice(0, 5), { ...(all[5] as Tensor), datatype: 'FP32' }], SPECS)).toBeUndefined();
    expect(pack([{ ...(all[0] as Tensor), shape: [2, 1] }, ...all.slice(1)], SPECS)).toBeUndefined();
  });
});
