/** Brings a request's tensors into the form the model's signature asks for, or says which tensor is wrong and how. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { elementCount, halfToNumber } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor, TensorData } from '../../domain/tensors.ts';

export interface TensorLimits {
  readonly rows: number;
  readonly elements: number;
}

export const TENSOR_LIMITS: TensorLimits = { rows: 100_000, elements: 16_777_216 };

function refuse(message: string, tensor: string): never {
  throw new MillwrightError('MW-TENSOR', message, {
    where: `inputs.${tensor}`,
    next: 'GET /v2/models/<endpoint> shows the inputs the model takes',
  });
}

const INTEGERS: ReadonlySet<string> = new Set([
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
]);
/** Bits a datatype can hold without loss: what fits may be widened. */
const WIDTH: Readonly<Record<string, number>> = {
  INT8: 8,
  INT16: 16,
  INT32: 32,
  INT64: 64,
  UINT8: 8,
  UINT16: 16,
  UINT32: 32,
  UINT64: 64,
};

/** Whole numbers as floats. A client that writes 1000 for 1000.0 declares INT64: JSON has one number type. */
function integersAsFloats(tensor: Tensor, to: 'FP32' | 'FP64'): TensorData {
  const length = tensor.data.length;
  const out = to === 'FP32' ? new Float32Array(length) : new Float64Array(length);
  for (let index = 0; index < length; index += 1) {
    const value = Number(tensor.data[index]);
    out[index] = value;
    if (out[index] !== value)
      refuse(`element ${index} (${value}) of "${tensor.name}" does not fit ${to} without loss`, tensor.name);
  }
  return out;
}

/** Only what loses nothing: FP16, BF16 → FP32 → FP64, integers → wider integers of the same sign, whole numbers → floats. */
function widen(tensor: Tensor, to: string): TensorData {
  const from = tensor.datatype;
  if (from === to) return tensor.data;
  if ((to === 'FP32' || to === 'FP64') && INTEGERS.has(from)) return integersAsFloats(tensor, to);
  if (to === 'FP64' && from === 'FP32') return Float64Array.from(tensor.data, Number);
  if (from === 'FP16' || from === 'BF16') {
    const value = (bits: string | number | bigint): number => halfToNumber(Number(bits), from);
    if (to === 'FP32') return Float32Array.from(tensor.data, value);
    if (to === 'FP64') return Float64Array.from(tensor.data, value);
  }
  const signed = from.startsWith('INT') && to.startsWith('INT');
  const unsigned = from.startsWith('UINT') && INTEGERS.has(to);
  if ((signed || unsigned) && (WIDTH[from] ?? 64) < (WIDTH[to] ?? 0)) {
    if (to === 'INT64') return BigInt64Array.from(tensor.data, BigInt);
    if (to === 'INT32') return Int32Array.from(tensor.data, Number);
    if (to === 'INT16') return Int16Array.from(tensor.data, Number);
    if (to === 'UINT64') return BigUint64Array.from(tensor.data, BigInt);
    if (to === 'UINT32') return Uint32Array.from(tensor.data, Number);
    if (to === 'UINT16') return Uint16Array.from(tensor.data, Number);
  }
  return refuse(`"${tensor.name}" has datatype ${from}, the model takes ${to}`, tensor.name);
}

function fits(shape: readonly number[], wanted: readonly number[]): boolean {
  return shape.length === wanted.length && wanted.every((size, index) => size === -1 || size === shape[index]);
}

/** [n] for a model that takes [-1, 1] and the reverse mean the same rows; anything else is a wrong shape. */
function reshape(tensor: Tensor, spec: TensorSpec): readonly number[] {
  if (fits(tensor.shape, spec.shape)) return tensor.shape;
  const [rows, width] = tensor.shape;
  if (rows !== undefined && tensor.shape.length === 1 && fits([rows, 1], spec.shape)) return [rows, 1];
  if (rows !== undefined && tensor.shape.length === 2 && width === 1 && fits([rows], spec.shape)) return [rows];
  return refuse(
    `"${tensor.name}" has shape [${tensor.shape.join(', ')}], the model takes [${spec.shape.join(', ')}] (-1 = any)`,
    tensor.name,
  );
}

function checkOne(tensor: Tensor, spec: TensorSpec, datatype: Datatype, limits: TensorLimits): Tensor {
  if (tensor.shape.some((size) => !Number.isInteger(size) || size < 0))
    refuse(`"${tensor.name}" has a negative or broken shape`, tensor.name);
  const shape = reshape(tensor, spec);
  const count = elementCount(shape);
  if (count > limits.elements)
    refuse(`"${tensor.name}" has ${count} elements; the limit is ${limits.elements}`, tensor.name);
  if ((shape[0] ?? 1) > limits.rows)
    refuse(`"${tensor.name}" has ${shape[0]} rows; the limit is ${limits.rows}`, tensor.name);
  if (count !== tensor.data.length) {
    refuse(
      `"${tensor.name}" has ${tensor.data.length} elements, its shape [${tensor.shape.join(', ')}] needs ${count}`,
      tensor.name,
    );
  }
  if (count === 0) refuse(`"${tensor.name}" is empty`, tensor.name);
  if (tensor.datatype === datatype && shape === tensor.shape) return tensor;
  return { name: tensor.name, datatype, shape, data: widen(tensor, spec.datatype) };
}

/** A tensor that the signature does not know is told before one that is missing: it is the same one under another name. */
function refuseUnknown(signature: ModelSignature, byName: ReadonlyMap<string, Tensor>): void {
  const known = new Set(signature.inputs.map((spec) => spec.name));
  for (const name of byName.keys()) {
    if (known.has(name)) continue;
    refuse(`the model has no input "${name}"; it takes ${[...known].join(', ')}`, name);
  }
}

/**
 * The tensors in the order of the signature, without the optional ones that are absent. Throws MW-TENSOR naming the tensor.
 * `isDatatype` is checked when the model is loaded.
 */
export function conform(
  signature: ModelSignature,
  tensors: readonly Tensor[],
  datatypes: readonly Datatype[],
  limits: TensorLimits = TENSOR_LIMITS,
): readonly Tensor[] {
  const byName = new Map<string, Tensor>();
  for (const tensor of tensors) {
    if (byName.has(tensor.name)) refuse(`"${tensor.name}" is given twice`, tensor.name);
    byName.set(tensor.name, tensor);
  }
  // A model without a signature takes what it is given.
  if (signature.inputs.length === 0) return tensors.map((tensor) => checkOne(tensor, tensor, tensor.datatype, limits));
  let rows: number | undefined;
  const conforming: Tensor[] = [];
  for (const [index, spec] of signature.inputs.entries()) {
    const tensor = byName.get(spec.name);
    if (tensor === undefined) {
      if (spec.optional === true) continue;
      refuseUnknown(signature, byName);
      return refuse(`the input "${spec.name}" is missing`, spec.name);
    }
    const checked = checkOne(tensor, spec, datatypes[index] ?? tensor.datatype, limits);
    if (spec.shape[0] === -1) {
      rows ??= checked.shape[0];
      if (rows !== checked.shape[0])
        refuse(`"${spec.name}" has ${checked.shape[0]} rows, the inputs before it ${rows}`, spec.name);
    }
    conforming.push(checked);
  }
  if (conforming.length < byName.size) refuseUnknown(signature, byName);
  return conforming;
}

/** Names of outputs a caller asked for must exist. */
export function checkOutputs(signature: ModelSignature, outputs: readonly string[] | undefined): void {
  if (signature.outputs.length === 0) return;
  const unknown = outputs?.find((name) => !signature.outputs.some((spec) => spec.name === name));
  if (unknown === undefined) return;
  throw new MillwrightError('MW-TENSOR', `the model has no output "${unknown}"`, {
    where: `outputs.${unknown}`,
    next: `ask for one of: ${signature.outputs.map((spec) => spec.name).join(', ')}`,
  });
}
