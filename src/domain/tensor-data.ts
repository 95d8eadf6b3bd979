/** What a datatype of the Open Inference Protocol V2 is made of: sizes, storage, shapes. */
import type { Datatype, Tensor, TensorData } from './tensors.ts';

/** Bytes of one element; 0 = of any length. */
export const DATATYPE_BYTES: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
};

export function isDatatype(text: string): text is Datatype {
  return Object.hasOwn(DATATYPE_BYTES, text);
}

type NumberData = Exclude<TensorData, readonly string[] | BigInt64Array | BigUint64Array>;

/** The array a datatype is stored in, over `buffer` or zeroed. BYTES has none: it is a list of strings. */
function numberStorage(datatype: Exclude<Datatype, 'BYTES' | 'INT64' | 'UINT64'>, length: number): NumberData {
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return new Uint8Array(length);
    case 'UINT16':
    case 'FP16':
    case 'BF16':
      return new Uint16Array(length);
    case 'UINT32':
      return new Uint32Array(length);
    case 'INT8':
      return new Int8Array(length);
    case 'INT16':
      return new Int16Array(length);
    case 'INT32':
      return new Int32Array(length);
    case 'FP32':
      return new Float32Array(length);
    case 'FP64':
      return new Float64Array(length);
  }
}

/** A tensor's little-endian bytes as its storage. `offset` in bytes, a multiple of the element's size; `length` in elements; default: the whole buffer. */
export function storageOver(
  datatype: Exclude<Datatype, 'BYTES'>,
  buffer: ArrayBuffer,
  offset?: number,
  length?: number,
): TensorData {
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return new Uint8Array(buffer, offset, length);
    case 'UINT16':
    case 'FP16':
    case 'BF16':
      return new Uint16Array(buffer, offset, length);
    case 'UINT32':
      return new Uint32Array(buffer, offset, length);
    case 'UINT64':
      return new BigUint64Array(buffer, offset, length);
    case 'INT8':
      return new Int8Array(buffer, offset, length);
    case 'INT16':
      return new Int16Array(buffer, offset, length);
    case 'INT32':
      return new Int32Array(buffer, offset, length);
    case 'INT64':
      return new BigInt64Array(buffer, offset, length);
    case 'FP32':
      return new Float32Array(buffer, offset, length);
    case 'FP64':
      return new Float64Array(buffer, offset, length);
  }
}

/** Zeros, false or empty strings. */
export function emptyData(datatype: Datatype, length: number): TensorData {
  if (datatype === 'BYTES') return Array.from({ length }, () => '');
  if (datatype === 'INT64') return new BigInt64Array(length);
  if (datatype === 'UINT64') return new BigUint64Array(length);
  return numberStorage(datatype, length);
}

/** The value of an IEEE 754 half (FP16) or of the upper half of a single (BF16). Exact: every half is a single. */
export function halfToNumber(bits: number, datatype: 'FP16' | 'BF16'): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponentBits, fractionBits, bias] = datatype === 'FP16' ? [5, 10, 15] : [8, 7, 127];
  const exponent = (bits & 0x7fff) >> fractionBits;
  const fraction = (bits & ((1 << fractionBits) - 1)) / (1 << fractionBits);
  if (exponent === (1 << exponentBits) - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The product of the dimensions: 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Rows of a request: the first dimension of its first tensor. */
export function rowsOf(tensors: readonly Tensor[]): number {
  const shape = tensors[0]?.shape;
  return shape === undefined || shape.length === 0 ? 1 : (shape[0] ?? 1);
}
