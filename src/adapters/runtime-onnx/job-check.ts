/** What a request's tensors are to the model: wrong, alone, or one of many that run together. */
import { elementCount, rowsOf } from '../../domain/tensor-data.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { mergeKey } from './merge.ts';
import type { RunJob } from './messages.ts';

function refuse(message: string, name: string): never {
  throw new MillwrightError('MW-TENSOR', message, {
    where: `inputs.${name}`,
    next: 'compare the request with GET /v2/models/<endpoint>',
  });
}

/** True when all but the number of rows is as the model says it. Throws MW-TENSOR for what cannot be right. */
function matches(tensor: Tensor, spec: TensorSpec): boolean {
  if (tensor.datatype !== spec.datatype)
    refuse(`"${tensor.name}" has datatype ${tensor.datatype}, the model takes ${spec.datatype}`, tensor.name);
  const { shape } = tensor;
  if (elementCount(shape) !== tensor.data.length)
    refuse(
      `"${tensor.name}" has ${tensor.data.length} elements, its shape [${shape.join(', ')}] needs ${elementCount(shape)}`,
      tensor.name,
    );
  let whole = shape.length === spec.shape.length;
  for (let index = 0; whole && index < shape.length; index += 1) {
    const wanted = spec.shape[index];
    if (wanted === -1) {
      if (index > 0) whole = false;
    } else if (wanted !== shape[index]) {
      refuse(
        `"${tensor.name}" has shape [${shape.join(', ')}], the model takes [${spec.shape.join(', ')}] (-1 = any)`,
        tensor.name,
      );
    }
  }
  return whole;
}

export interface CheckedJob {
  /** Jobs of one group run together; undefined = alone. */
  readonly group: string | undefined;
  readonly rows: number;
  /** Characters of its texts. */
  readonly text: number;
}

/** No name of an output begins so. */
const ALL = '\u0000';

/** The engine would say the same, later, and for some of it only on its standard error. */
export function checkJob(job: RunJob, { inputs: specs }: ModelSignature, batchable: boolean): CheckedJob {
  const { inputs } = job;
  const rows = rowsOf(inputs);
  let [plain, text] = [inputs.length === specs.length, 0];
  for (let index = 0; index < specs.length; index += 1) {
    const spec = specs[index];
    if (spec === undefined) continue;
    const tensor = inputs[index]?.name === spec.name ? inputs[index] : inputs.find(({ name }) => name === spec.name);
    if (tensor === undefined) return refuse(`the input "${spec.name}" is missing`, spec.name);
    if (!matches(tensor, spec) || tensor !== inputs[index] || tensor.shape[0] !== rows) plain = false;
    if (tensor.datatype !== 'BYTES') continue;
    for (let at = 0; at < tensor.data.length; at += 1) {
      const value = String(tensor.data[at]);
      text += value.length;
      // The engine's texts end there: the model would see another text than the caller sent.
      if (value.includes('\u0000')) refuse(`element ${at} of "${spec.name}" has a NUL character`, spec.name);
    }
  }
  if (inputs.length > specs.length) {
    const extra = inputs.find(({ name }) => !specs.some((spec) => spec.name === name));
    if (extra !== undefined) refuse(`the model has no input "${extra.name}"`, extra.name);
  }
  if (!batchable) return { group: undefined, rows, text };
  return { group: plain ? (job.outputs?.join('\u0000,') ?? ALL) : mergeKey(job), rows, text };
}
