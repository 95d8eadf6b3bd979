/**
 * Tensors as one block of memory for the way between threads. A tabular request has a tensor a column, and structured clone pays for
 * each of them: 19 tensors of one row cost 33 us of CPU, their block 4 us.
 */
import { DATATYPE_BYTES, elementCount, isDatatype, storageOver } from '../../domain/tensor-data.ts';
import type { TensorSpec } from '../../domain/registry.ts';
import type { Tensor, TensorData } from '../../domain/tensors.ts';

/** Both ends know the specs, so that names and types need not travel. */
export interface Packed {
  /** The dimensions of all tensors, one after the other. */
  readonly dims: readonly number[];
  /** Elements of all tensors that are not texts, each beginning at a multiple of 8 bytes. */
  readonly block: ArrayBuffer;
  /** Elements of all tensors that are texts. */
  readonly texts: readonly string[];
}

/** Up to here a loop over the elements is cheaper than two views and a copy. */
const FEW = 16;
/** A block from this size on is handed over; a smaller one is copied, which is faster. */
const HAND_OVER_BYTES = 65_536;

const aligned = (bytes: number): number => (bytes + 7) & ~7;

function fits(tensors: readonly Tensor[], specs: readonly TensorSpec[]): boolean {
  if (tensors.length !== specs.length) return false;
  for (let index = 0; index < specs.length; index += 1) {
    const [tensor, spec] = [tensors[index], specs[index]];
    if (tensor === undefined || spec === undefined) return false;
    if (tensor.name !== spec.name || tensor.datatype !== spec.datatype || tensor.shape.length !== spec.shape.length)
      return false;
  }
  return true;
}

/** Undefined when the tensors are not exactly those of the specs, in their order: then they travel as they are. */
export function pack(tensors: readonly Tensor[], specs: readonly TensorSpec[]): Packed | undefined {
  if (!fits(tensors, specs)) return undefined;
  const dims: number[] = [];
  const texts: string[] = [];
  let size = 0;
  for (const { shape, datatype, data } of tensors) {
    for (const dim of shape) dims.push(dim);
    size += aligned(DATATYPE_BYTES[datatype] * data.length);
  }
  const block = new ArrayBuffer(size);
  const floats = new Float32Array(block, 0, size >> 2);
  let at = 0;
  for (const { datatype, data } of tensors) {
    if (Array.isArray(data)) for (const text of data as readonly string[]) texts.push(text);
    else if (data instanceof Float32Array && data.length <= FEW) {
      const start = at >> 2;
      for (let index = 0; index < data.length; index += 1) floats[start + index] = data[index] ?? 0;
    } else {
      const from = data as Exclude<TensorData, readonly string[]>;
      new Uint8Array(block, at).set(new Uint8Array(from.buffer, from.byteOffset, from.byteLength));
    }
    at += aligned(DATATYPE_BYTES[datatype] * data.length);
  }
  return { dims, block, texts };
}

/** The tensors again, as views over the block. */
export function unpack(packed: Packed, specs: readonly TensorSpec[]): readonly Tensor[] {
  let [dim, at, text] = [0, 0, 0];
  return specs.map(({ name, datatype, shape: { length: rank } }) => {
    if (!isDatatype(datatype)) throw new Error(`"${name}" has the unsupported type ${datatype}`);
    const shape = packed.dims.slice(dim, dim + rank);
    dim += rank;
    const count = elementCount(shape);
    if (datatype === 'BYTES') {
      const data = packed.texts.slice(text, text + count);
      text += count;
      return { name, datatype, shape, data };
    }
    const data = storageOver(datatype, packed.block, at, count);
    at += aligned(DATATYPE_BYTES[datatype] * count);
    return { name, datatype, shape, data };
  });
}

/** The blocks to name in postMessage's transfer list. */
export function handOver(parts: readonly ({ readonly packed: Packed } | object)[]): ArrayBuffer[] {
  return parts.flatMap((part) =>
    'packed' in part && part.packed.block.byteLength >= HAND_OVER_BYTES ? [part.packed.block] : [],
  );
}
