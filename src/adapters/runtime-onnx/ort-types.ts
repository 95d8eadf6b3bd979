/** Between the engine's names of types and the protocol's. */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';

/** The engine's names by the numbers of ONNX's TensorProto.DataType (onnx/onnx.proto). */
const ORT_NAMES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
};

const TO_DATATYPE: Readonly<Record<string, Datatype>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};

const TO_ORT: Readonly<Record<Datatype, OrtTensor.Type>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  // The engine's binding has no bfloat16: a model with it is refused at load.
  BF16: 'uint16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
};

/** A tensor on its way into the engine: what its binding reads of one. */
export interface Feed {
  readonly type: OrtTensor.Type;
  readonly data: OrtTensor.DataType;
  readonly dims: readonly number[];
  readonly location: 'cpu';
}

export type Fetched = Readonly<
  Record<string, { readonly type: string; readonly data: OrtTensor.DataType; readonly dims: readonly number[] }>
>;

/** What the binding says of an input or output. */
export interface RawMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type: number;
  /** -1 = free. */
  readonly shape: readonly number[];
}

/** Halves go in as their bits: the binding takes no Float16Array ("not enough space: expected 4, got 0"), though it gives one back. */
export function feedOf({ datatype, data, shape }: Tensor): Feed {
  return { type: TO_ORT[datatype], data: data as OrtTensor.DataType, dims: shape, location: 'cpu' };
}

/** Throws for a type that the protocol cannot carry. */
export function tensorOf(name: string, { type, data, dims }: Fetched[string]): Tensor {
  const datatype = TO_DATATYPE[type];
  if (datatype === undefined) throw new Error(`output "${name}" has the unsupported type ${type}`);
  const own =
    datatype === 'FP16' && !(data instanceof Uint16Array) && ArrayBuffer.isView(data)
      ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
      : data;
  return { name, datatype, shape: dims, data: own };
}

/** A free dimension without a name is -1, and in WebAssembly -1 without its sign. */
const UNSIGNED_FREE = 2 ** 31;

function specOf(name: string, isTensor: boolean, type: string, shape: readonly (number | string)[]): TensorSpec {
  if (!isTensor) {
    throw new Error(
      `"${name}" is a sequence or a map, not a tensor; export without ZipMap (options={"zipmap": False})`,
    );
  }
  const datatype = TO_DATATYPE[type];
  if (datatype === undefined) {
    const hint = type === 'bfloat16' ? '; convert the model to float32 or float16' : '';
    throw new Error(`"${name}" has the unsupported type ${type}${hint}`);
  }
  return {
    name,
    datatype,
    shape: shape.map((size) => (typeof size === 'number' && size >= 0 && size < UNSIGNED_FREE ? size : -1)),
  };
}

export function signatureOf(session: InferenceSession): ModelSignature {
  const specs = (list: readonly InferenceSession.ValueMetadata[]): TensorSpec[] =>
    list.map((value) =>
      value.isTensor ? specOf(value.name, true, value.type, value.shape) : specOf(value.name, false, '', []),
    );
  return { inputs: specs(session.inputMetadata), outputs: specs(session.outputMetadata) };
}

export function signatureOfRaw(list: readonly RawMetadata[]): TensorSpec[] {
  return list.map(({ name, isTensor, type, shape }) =>
    specOf(name, isTensor, ORT_NAMES[type] ?? `number ${type}`, isTensor ? shape : []),
  );
}
