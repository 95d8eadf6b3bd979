/** Raw little-endian tensor bytes (binary_data over REST, raw_input_contents over gRPC) to storage and back. BYTES: uint32 length + bytes each. */
import { isUtf8 } from 'node:buffer';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import { DATATYPE_BYTES, elementCount, isDatatype, storageOver } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor, TensorData } from '../../domain/tensors.ts';

function refuse(message: string, name: string): never {
  throw new MillwrightError('MW-TENSOR', message, { where: `inputs.${name}` });
}

/** Texts are kept as texts all the way into the models: bytes that are none would come out as others, so they are refused. */
function textOf(name: string, bytes: Buffer, from: number, to: number, index: number): string {
  const text = bytes.toString('utf8', from, to);
  if (text.includes('\uFFFD') && !isUtf8(bytes.subarray(from, to))) {
    throw new MillwrightError('MW-TENSOR', `element ${index} of "${name}" is not UTF-8`, {
      where: `inputs.${name}[${index}]`,
      next: 'send text as UTF-8; encode other bytes, for example as base64',
    });
  }
  return text;
}

function stringsOf(name: string, bytes: Buffer, count: number): string[] {
  const strings: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) refuse(`the bytes of "${name}" end inside a length`, name);
    const length = bytes.readUInt32LE(at);
    at += 4;
    if (at + length > bytes.length) refuse(`the bytes of "${name}" end inside element ${strings.length}`, name);
    strings.push(textOf(name, bytes, at, at + length, strings.length));
    at += length;
  }
  if (strings.length !== count) refuse(`"${name}" has ${strings.length} elements, its shape needs ${count}`, name);
  return strings;
}

export function tensorFromRaw(name: string, datatype: Datatype, shape: readonly number[], bytes: Buffer): Tensor {
  const count = elementCount(shape);
  if (datatype === 'BYTES') return { name, datatype, shape, data: stringsOf(name, bytes, count) };
  const needed = count * DATATYPE_BYTES[datatype];
  if (bytes.length !== needed)
    refuse(`"${name}" has ${bytes.length} bytes, shape [${shape.join(', ')}] of ${datatype} needs ${needed}`, name);
  // A copy: the bytes lie unaligned in the request, and a view would send the whole request to the worker.
  const own = new ArrayBuffer(needed);
  new Uint8Array(own).set(bytes);
  const data = storageOver(datatype, own);
  if (datatype === 'BOOL') checkBooleans(name, data);
  return { name, datatype, shape, data };
}

function checkBooleans(name: string, data: TensorData): void {
  for (let index = 0; index < data.length; index += 1)
    if (Number(data[index]) > 1)
      refuse(`element ${index} of "${name}" is ${data[index]}, not 0 or 1 as a BOOL is`, name);
}

/**
 * The only input from bytes alone. Free dimensions are 1, but one of them takes what the bytes hold; a text is one element without its length.
 * Throws MW-TENSOR when the model has several inputs or the bytes do not come out even.
 */
export function rawRequest(signature: ModelSignature, bytes: Buffer): Tensor {
  const [spec, another] = signature.inputs;
  if (spec === undefined || another !== undefined) {
    throw new MillwrightError(
      'MW-TENSOR',
      `a body without JSON is for models with one input; this one takes ${signature.inputs.map((input) => input.name).join(', ')}`,
      { where: 'Inference-Header-Content-Length', next: 'name the tensors in JSON before their bytes' },
    );
  }
  const { name, datatype } = spec;
  if (!isDatatype(datatype)) return refuse(`"${name}" has the unknown datatype ${datatype}`, name);
  const free = spec.shape.lastIndexOf(-1);
  const fixed = spec.shape.map((size) => (size === -1 ? 1 : size));
  if (datatype === 'BYTES') {
    if (elementCount(fixed) !== 1) refuse(`"${name}" has more than one element; a body without JSON holds one`, name);
    return { name, datatype, shape: fixed, data: [textOf(name, bytes, 0, bytes.length, 0)] };
  }
  const size = elementCount(fixed) * DATATYPE_BYTES[datatype];
  if (free !== -1 && size > 0 && bytes.length % size === 0) fixed[free] = bytes.length / size;
  return tensorFromRaw(name, datatype, fixed, bytes);
}

export function rawOf({ data }: Tensor): Buffer {
  if ('buffer' in data) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const sizes = data.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size + 4, 0));
  let at = 0;
  data.forEach((text, index) => {
    at = bytes.writeUInt32LE(sizes[index] ?? 0, at);
    at += bytes.write(text, at, 'utf8');
  });
  return bytes;
}
