/** Calls of one model laid end to end along axis 0, and their answers cut apart again. */
import { elementCount, rowsOf } from '../../domain/tensor-data.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { OutTensor } from './frames.ts';
import type { PythonCall } from './messages.ts';

/** Only a signature says that a row's answer is independent of its neighbours: free first dimensions on both sides. */
export function isBatchable({ inputs, outputs }: ModelSignature): boolean {
  return inputs.length > 0 && outputs.length > 0 && [...inputs, ...outputs].every((spec) => spec.shape[0] === -1);
}

/** Calls of equal groups may run as one: same outputs asked for, same inputs with the same types and trailing dimensions. */
export function groupOf(call: PythonCall): string {
  let key = `${call.outputs?.join('\u0000') ?? '*'}|${call.params === undefined ? '' : JSON.stringify(call.params)}`;
  for (const { name, datatype, shape } of call.inputs) {
    key += `|${name}:${datatype}`;
    for (let axis = 1; axis < shape.length; axis += 1) key += `x${shape[axis]}`;
  }
  return key;
}

/** `calls` has at least one entry and all share one group. */
export function joined(calls: readonly PythonCall[]): readonly OutTensor[] {
  const [first] = calls;
  if (first === undefined) return [];
  if (calls.length === 1) return first.inputs.map((tensor) => ({ ...tensor, parts: [tensor.data] }));
  const rows = calls.reduce((sum, call) => sum + rowsOf(call.inputs), 0);
  return first.inputs.map(({ name, datatype, shape }, index) => ({
    name,
    datatype,
    shape: [rows, ...shape.slice(1)],
    parts: calls.map((call) => call.inputs[index]?.data ?? []),
  }));
}

/** Undefined when an output does not have one entry per row, so that it cannot be cut. */
export function cut(calls: readonly PythonCall[], outputs: readonly Tensor[]): (readonly Tensor[])[] | undefined {
  if (calls.length === 1) return [outputs];
  const rows = calls.map((call) => rowsOf(call.inputs));
  const total = rows.reduce((sum, n) => sum + n, 0);
  if (outputs.some((output) => output.shape[0] !== total)) return undefined;
  let start = 0;
  return rows.map((n) => {
    const from = start;
    start += n;
    return outputs.map(({ name, datatype, shape, data }) => {
      const width = elementCount(shape.slice(1));
      return { name, datatype, shape: [n, ...shape.slice(1)], data: data.slice(from * width, (from + n) * width) };
    });
  });
}
