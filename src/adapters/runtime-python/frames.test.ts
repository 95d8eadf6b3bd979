/** What a model's process says is believed only where its bytes agree: the model's own code can write to the same socket. */
import { expect, test } from 'vitest';
import { decodeTensors } from './frames.ts';

const frame = (tensor: object) => ({ header: { tensors: [tensor] }, body: Buffer.alloc(8) });

test.each([
  { name: 'y', datatype: 'FP32', shape: [1e9], bytes: 8 },
  { name: 'y', datatype: 'FP32', shape: [2], bytes: -8 },
  { name: 'y', datatype: 'FP32', shape: [2], bytes: 'x' },
  { name: 'y', datatype: 'FP32', shape: 'x', bytes: 8 },
  { name: 'y', datatype: 'FP32', shape: [-2], bytes: 8 },
  { name: 7, datatype: 'FP32', shape: [2], bytes: 8 },
  { name: 'y', datatype: '__proto__', shape: [2], bytes: 8 },
  { name: 'y', datatype: 'FP32', shape: [2], bytes: 16 },
])('a model’s process that answers with %j is not believed', (tensor) => {
  expect(() => decodeTensors(frame(tensor))).toThrow(/answer/);
});

test('one that fits is', () => {
  expect(decodeTensors(frame({ name: 'y', datatype: 'FP32', shape: [2], bytes: 8 }))).toMatchObject([{ shape: [2] }]);
});
