/** The protocol's gRPC messages as @grpc/proto-loader hands them over (keepCase, 64-bit as text, defaults filled), to tensors and back. */
import { MillwrightError } from '../../domain/errors.ts';
import { isDatatype } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { InferAnswer, InferCall } from '../../modules/serving/index.ts';
import { callOptions, versionOf } from './call-options.ts';
import { tensorFromJson } from './json-tensor.ts';
import { rawOf, tensorFromRaw } from './raw-tensor.ts';

interface GrpcParameter {
  readonly parameter_choice?: string;
  readonly bool_param?: boolean;
  readonly int64_param?: string;
  readonly string_param?: string;
  readonly double_param?: number;
  readonly uint64_param?: string;
}

interface GrpcContents {
  readonly bool_contents?: readonly boolean[];
  readonly int_contents?: readonly number[];
  readonly int64_contents?: readonly string[];
  readonly uint_contents?: readonly number[];
  readonly uint64_contents?: readonly string[];
  readonly fp32_contents?: readonly number[];
  readonly fp64_contents?: readonly number[];
  readonly bytes_contents?: readonly (Buffer | string)[];
}

interface GrpcInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly (string | number)[];
  readonly contents?: GrpcContents | null;
}

export interface GrpcInferRequest {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, GrpcParameter>>;
  readonly inputs: readonly GrpcInput[];
  readonly outputs?: readonly { readonly name: string }[];
  readonly raw_input_contents?: readonly Buffer[];
}

interface GrpcOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly contents?: GrpcContents;
}

export interface GrpcInferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: Readonly<Record<string, GrpcParameter>>;
  readonly outputs: readonly GrpcOutput[];
  readonly raw_output_contents: readonly Buffer[];
}

function parameterOf(parameter: GrpcParameter): unknown {
  switch (parameter.parameter_choice) {
    case 'bool_param':
      return parameter.bool_param;
    case 'int64_param':
      return Number(parameter.int64_param);
    case 'uint64_param':
      return Number(parameter.uint64_param);
    case 'double_param':
      return parameter.double_param;
    default:
      return parameter.string_param;
  }
}

function contentsOf(
  name: string,
  datatype: Tensor['datatype'],
  contents: GrpcContents | null | undefined,
): readonly unknown[] {
  switch (datatype) {
    case 'BOOL':
      return contents?.bool_contents ?? [];
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return contents?.int_contents ?? [];
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
      return contents?.uint_contents ?? [];
    case 'INT64':
      return (contents?.int64_contents ?? []).map(BigInt);
    case 'UINT64':
      return (contents?.uint64_contents ?? []).map(BigInt);
    case 'FP32':
      return contents?.fp32_contents ?? [];
    case 'FP64':
      return contents?.fp64_contents ?? [];
    case 'BYTES':
      return (contents?.bytes_contents ?? []).map((value) =>
        typeof value === 'string' ? value : value.toString('utf8'),
      );
    default:
      throw new MillwrightError('MW-TENSOR', `"${name}" has a datatype without typed contents`, {
        where: `inputs.${name}`,
      });
  }
}

function hasContents(input: GrpcInput): boolean {
  return Object.values(input.contents ?? {}).some((list) => Array.isArray(list) && list.length > 0);
}

function inputOf(input: GrpcInput, raw: Buffer | undefined): Tensor {
  const { name, datatype } = input;
  if (!isDatatype(datatype))
    throw new MillwrightError('MW-TENSOR', `"${name}" has the unknown datatype "${datatype}"`, {
      where: `inputs.${name}`,
    });
  const shape = input.shape.map(Number);
  return raw === undefined
    ? tensorFromJson(name, datatype, shape, contentsOf(name, datatype, input.contents))
    : tensorFromRaw(name, datatype, shape, raw);
}

/** Throws MW-TENSOR; raw and typed contents may not be mixed. */
export function inferCallOf(request: GrpcInferRequest): InferCall {
  const raw = request.raw_input_contents ?? [];
  if (raw.length > 0) {
    if (raw.length !== request.inputs.length || request.inputs.some(hasContents)) {
      throw new MillwrightError(
        'MW-TENSOR',
        `${raw.length} raw contents for ${request.inputs.length} inputs: every input must be raw, or none`,
        {
          where: 'raw_input_contents',
        },
      );
    }
  }
  const parameters = Object.fromEntries(
    Object.entries(request.parameters ?? {}).map(([key, value]) => [key, parameterOf(value)]),
  );
  const version = versionOf(request.model_version);
  const outputs = (request.outputs ?? []).map((output) => output.name);
  return {
    endpoint: request.model_name,
    inputs: request.inputs.map((input, index) => inputOf(input, raw[index])),
    ...(version === undefined ? {} : { version }),
    ...(request.id === undefined || request.id === '' ? {} : { id: request.id }),
    ...(outputs.length === 0 ? {} : { outputs }),
    ...callOptions(parameters),
  };
}

function typedContents({ datatype, data }: Tensor): GrpcContents {
  const numbers = (): number[] => [...data].map(Number);
  switch (datatype) {
    case 'BOOL':
      return { bool_contents: [...data].map((value) => value !== 0) };
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return { int_contents: numbers() };
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
      return { uint_contents: numbers() };
    case 'INT64':
      return { int64_contents: [...data].map(String) };
    case 'UINT64':
      return { uint64_contents: [...data].map(String) };
    case 'FP32':
      return { fp32_contents: numbers() };
    case 'FP64':
      return { fp64_contents: numbers() };
    case 'BYTES':
      return { bytes_contents: [...data].map((value) => Buffer.from(String(value), 'utf8')) };
  }
}

/** `raw`: in the form the request came in, as clients expect. */
export function inferResponseOf(answer: InferAnswer, raw: boolean): GrpcInferResponse {
  return {
    model_name: answer.endpoint,
    model_version: String(answer.version),
    id: answer.id,
    parameters: {},
    outputs: answer.outputs.map((output) => ({
      name: output.name,
      datatype: output.datatype,
      shape: output.shape,
      ...(raw ? {} : { contents: typedContents(output) }),
    })),
    raw_output_contents: raw ? answer.outputs.map(rawOf) : [],
  };
}
