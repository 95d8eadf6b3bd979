/** Requests of the same model laid end to end along axis 0, and their answers cut apart again. */
import { elementCount, emptyData, rowsOf } from '../../domain/tensor-data.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor, TensorData } from '../../domain/tensors.ts';
import type { RunJob } from './messages.ts';

/** True when every input and output has a free first dimension: only then is a row's answer independent of its neighbours. */
export function isBatchable(signature: ModelSignature): boolean {
  return [...signature.inputs, ...signature.outputs].every((spec) => spec.shape[0] === -1);
}

/** Jobs with equal keys may run as one: same outputs, input names, types and trailing dimensions. Undefined: its inputs differ in rows. */
export function mergeKey(job: RunJob): string | undefined {
  const rows = rowsOf(job.inputs);
  let key = job.outputs?.join(',') ?? '*';
  for (const input of job.inputs) {
    if (input.shape[0] !== rows) return undefined;
    key += `|${input.name}:${input.datatype}:${input.shape.slice(1).join('x')}`;
  }
  return key;
}

function join(parts: readonly Tensor[], length: number): TensorData {
  const first = parts[0];
  if (first === undefined) return [];
  if (first.datatype === 'BYTES') return parts.flatMap((part) => part.data as readonly string[]);
  const all = emptyData(first.datatype, length) as Float64Array;
  let at = 0;
  for (const part of parts) {
    const data = part.data as Float64Array;
    // Most have a row of one column: a call of set() costs more than the element.
    if (data.length === 1) all[at] = data[0] as number;
    else all.set(data, at);
    at += data.length;
  }
  return all;
}

/** `jobs` has at least one entry and all share one merge key. */
export function mergeInputs(jobs: readonly RunJob[]): readonly Tensor[] {
  const first = jobs[0];
  if (first === undefined || jobs.length === 1) return first?.inputs ?? [];
  let rows = 0;
  for (const job of jobs) rows += rowsOf(job.inputs);
  return first.inputs.map((input, index) => {
    const parts = jobs.map((job) => job.inputs[index] ?? input);
    const shape = [rows, ...input.shape.slice(1)];
    return { name: input.name, datatype: input.datatype, shape, data: join(parts, elementCount(shape)) };
  });
}

/** Undefined when an output does not have one entry per row, so that it cannot be cut. */
export function splitOutputs(jobs: readonly RunJob[], outputs: readonly Tensor[]): (readonly Tensor[])[] | undefined {
  if (jobs.length === 1) return [outputs];
  const rows = jobs.map((job) => rowsOf(job.inputs));
  const total = rows.reduce((sum, n) => sum + n, 0);
  if (outputs.some((output) => output.shape[0] !== total)) return undefined;
  const rests = outputs.map((output) => output.shape.slice(1));
  const widths = rests.map(elementCount);
  let start = 0;
  return rows.map((n) => {
    const from = start;
    start += n;
    return outputs.map((output, index) => {
      const width = widths[index] ?? 1;
      const data = output.data.slice(from * width, (from + n) * width);
      return { name: output.name, datatype: output.datatype, shape: [n, ...(rests[index] ?? [])], data };
    });
  });
}
