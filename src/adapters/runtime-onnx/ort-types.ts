/** Between the engine's names of types and the protocol's. */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import type { Datatype } from '../../domain/tensors.ts';

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
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};

export const TO_ORT: Readonly<Record<Datatype, OrtTensor.Type>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
};

/** Undefined for a type that no tabular model uses (float16, complex …). */
export function datatypeOf(ortType: string): Datatype | undefined {
  return TO_DATATYPE[ortType];
}

function specOf(value: InferenceSession.ValueMetadata): TensorSpec {
  if (!value.isTensor) {
    throw new Error(
      `"${value.name}" is a sequence or a map, not a tensor; export without ZipMap (options={"zipmap": False})`,
    );
  }
  const datatype = datatypeOf(value.type);
  if (datatype === undefined) throw new Error(`"${value.name}" has the unsupported type ${value.type}`);
  return {
    name: value.name,
    datatype,
    shape: value.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : -1)),
  };
}

export function signatureOf(session: InferenceSession): ModelSignature {
  return { inputs: session.inputMetadata.map(specOf), outputs: session.outputMetadata.map(specOf) };
}
