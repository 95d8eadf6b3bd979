/** Requests of the same model laid end to end along axis 0, and their answers cut apart again. Runs inside a worker. */
import { elementCount, emptyData, rowsOf } from '../../domain/tensor-data.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor, TensorData } from '../../domain/tensors.ts';
import type { WorkerJob } from './messages.ts';

/** True when every input and output has a free first dimension: only then is a row's answer independent of its neighbours. */
export function isBatchable(signature: ModelSignature): boolean {
  return [...signature.inputs, ...signature.outputs].every((spec) => spec.shape[0] === -1);
}

/** Jobs with equal keys may run as one: same model, outputs, input names, types and trailing dimensions. */
export function mergeKey(job: WorkerJob): string {
  let key = `${job.model}|${job.outputs?.join(',') ?? '*'}`;
  for (const input of job.inputs) key += `|${input.name}:${input.datatype}:${input.shape.slice(1).join('x')}`;
  return key;
}

function join(parts: readonly Tensor[], length: number): TensorData {
  const first = parts[0];
  if (first === undefined) return [];
  if (first.datatype === 'BYTES') return parts.flatMap((part) => part.data as readonly string[]);
  const all = emptyData(first.datatype, length) as Float64Array;
  let at = 0;
  for (const part of parts) {
    all.set(part.data as Float64Array, at);
    at += part.data.length;
  }
  return all;
}

/** `jobs` has at least one entry and all share one merge key. */
export function mergeInputs(jobs: readonly WorkerJob[]): readonly Tensor[] {
  const first = jobs[0];
  if (first === undefined || jobs.length === 1) return first?.inputs ?? [];
  return first.inputs.map((input, index) => {
    const parts = jobs.map((job) => job.inputs[index] ?? input);
    const rows = parts.reduce((sum, part) => sum + (part.shape[0] ?? 1), 0);
    const shape = [rows, ...input.shape.slice(1)];
    return { name: input.name, datatype: input.datatype, shape, data: join(parts, elementCount(shape)) };
  });
}

/** Undefined when an output does not have one entry per row, so that it cannot be cut. */
export function splitOutputs(
  jobs: readonly WorkerJob[],
  outputs: readonly Tensor[],
): (readonly Tensor[])[] | undefined {
  if (jobs.length === 1) return [outputs];
  const rows = jobs.map((job) => rowsOf(job.inputs));
  const total = rows.reduce((sum, n) => sum + n, 0);
  if (outputs.some((output) => output.shape[0] !== total)) return undefined;
  let start = 0;
  return rows.map((n) => {
    const from = start;
    start += n;
    return outputs.map((output) => {
      const width = elementCount(output.shape.slice(1));
      const data = output.data.slice(from * width, (from + n) * width);
      return { name: output.name, datatype: output.datatype, shape: [n, ...output.shape.slice(1)], data };
    });
  });
}
