/** An infer request over REST to tensors: JSON, JSON followed by raw tensors, or the bytes of one tensor alone (binary_tensor_data extension). */
import { MillwrightError } from '../../domain/errors.ts';
import { DATATYPE_BYTES, isDatatype } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { InferCall } from '../../modules/serving/index.ts';
import { callOptions } from './call-options.ts';
import { isObject, parseBody } from './json-body.ts';
import { tensorFromJson } from './json-tensor.ts';
import { rawRequest, tensorFromRaw } from './raw-tensor.ts';

const DEPTH_LIMIT = 64;
const DATATYPES = Object.keys(DATATYPE_BYTES);

/** Everything of a call but where it goes. */
type InferContent = Omit<InferCall, 'endpoint' | 'version' | 'client' | 'signal'>;

export interface ParsedInfer {
  readonly call: InferContent;
  /** Is this output wanted as raw bytes? */
  readonly binary: (output: string) => boolean;
}

function bad(message: string, where: string): never {
  throw new MillwrightError('MW-INVALID', message, { where, next: 'see the Open Inference Protocol V2' });
}

function shapeOf(value: unknown, where: string): readonly number[] {
  if (!Array.isArray(value) || value.length > DEPTH_LIMIT) return bad('shape must be a list of whole numbers', where);
  const shape: readonly unknown[] = value;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
      bad('shape must be a list of whole numbers from 0', where);
  }
  return value;
}

class RawReader {
  readonly bytes: Buffer;
  at: number;
  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }
  take(size: number, where: string): Buffer {
    const end = this.at + size;
    if (end > this.bytes.length) bad(`binary_data_size ${size} is more than the body holds`, where);
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }
}

/** Throws MW-UNSUPPORTED: what is not in the body cannot be read. */
function refuseRegion(parameters: Readonly<Record<string, unknown>>, where: string): void {
  if (parameters['shared_memory_region'] === undefined) return;
  throw new MillwrightError('MW-UNSUPPORTED', 'tensors in shared memory are not supported', {
    where: `${where}.parameters.shared_memory_region`,
    next: 'send the tensor in the body: binary data costs little more',
  });
}

function inputOf(value: unknown, index: number, raw: RawReader): Tensor {
  if (!isObject(value)) return bad('an input must be an object', `inputs[${index}]`);
  const { name, datatype, data, parameters, shape: given } = value;
  if (typeof name !== 'string' || name === '') return bad('an input needs a name', `inputs[${index}].name`);
  if (typeof datatype !== 'string' || !isDatatype(datatype)) {
    throw new MillwrightError('MW-TENSOR', `"${name}" has the unknown datatype ${JSON.stringify(datatype) ?? 'none'}`, {
      where: `inputs[${index}].datatype`,
      next: `use one of ${DATATYPES.join(', ')}`,
    });
  }
  const shape = shapeOf(given, `inputs[${index}].shape`);
  if (isObject(parameters)) {
    const where = `inputs[${index}]`;
    refuseRegion(parameters, where);
    const size = parameters['binary_data_size'];
    if (size !== undefined) {
      if (data !== undefined) bad(`"${name}" has both data and binary_data_size`, where);
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
        return bad('binary_data_size must be a whole number', `${where}.parameters`);
      return tensorFromRaw(name, datatype, shape, raw.take(size, `${where}.parameters.binary_data_size`));
    }
  }
  if (Array.isArray(data)) return tensorFromJson(name, datatype, shape, data);
  return bad(`"${name}" has neither data nor binary_data_size`, `inputs[${index}]`);
}

interface Wanted {
  readonly names?: readonly string[];
  readonly binary: (output: string) => boolean;
}

const NEVER: Wanted = { binary: () => false };
const ALWAYS: Wanted = { binary: () => true };

function outputsOf(value: unknown, all: boolean): Wanted {
  if (value === undefined) return all ? ALWAYS : NEVER;
  if (!Array.isArray(value)) return bad('outputs must be a list', 'outputs');
  const binary = new Map<string, boolean>();
  value.forEach((item: unknown, index) => {
    if (!isObject(item) || typeof item['name'] !== 'string') return bad('an output needs a name', `outputs[${index}]`);
    const parameters = item['parameters'];
    if (!isObject(parameters)) return binary.set(item['name'], all);
    refuseRegion(parameters, `outputs[${index}]`);
    if (Number(parameters['classification'] ?? 0) > 0) {
      throw new MillwrightError('MW-UNSUPPORTED', 'the classification extension is not supported', {
        where: `outputs[${index}].parameters.classification`,
        next: 'ask for the output itself and sort it',
      });
    }
    const own = parameters['binary_data'];
    return binary.set(item['name'], typeof own === 'boolean' ? own : all);
  });
  if (binary.size === 0) return all ? ALWAYS : NEVER;
  return { names: [...binary.keys()], binary: (output) => binary.get(output) ?? all };
}

/** The bytes of the model's only input, without any JSON (header length 0): one row unless the bytes say more; all outputs are binary. */
function parseRaw(body: Buffer): ParsedInfer {
  return { call: { inputs: (signature) => [rawRequest(signature, body)] }, binary: ALWAYS.binary };
}

/**
 * `headerLength`: the Inference-Header-Content-Length header; only it says that raw tensors follow (content types are not reliable).
 * It counts the JSON before compression. Throws MW-INVALID, MW-TENSOR, MW-BODY-TOO-DEEP, MW-UNSUPPORTED, each with the place.
 */
export function parseInfer(body: Buffer, headerLength: string | undefined): ParsedInfer {
  let json = body;
  if (headerLength !== undefined) {
    const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : -1;
    if (length === 0) return parseRaw(body);
    if (length < 0 || length > body.length) {
      bad(
        `"${headerLength.slice(0, 40)}" is not the length of the JSON in a body of ${body.length} bytes`,
        'Inference-Header-Content-Length',
      );
    }
    json = body.subarray(0, length);
  }
  const root = parseBody(json, DEPTH_LIMIT);
  if (!isObject(root)) return bad('the request must be a JSON object', 'body');
  const { id, inputs, outputs, parameters } = root;
  if (id !== undefined && typeof id !== 'string') return bad('id must be a text', 'id');
  if (!Array.isArray(inputs) || inputs.length === 0)
    return bad('inputs must be a list with at least one tensor', 'inputs');
  if (parameters !== undefined && !isObject(parameters)) return bad('parameters must be an object', 'parameters');
  const raw = new RawReader(body, json.length);
  const tensors: Tensor[] = [];
  for (let index = 0; index < inputs.length; index += 1) tensors.push(inputOf(inputs[index], index, raw));
  if (raw.at !== body.length) bad(`${body.length - raw.at} bytes follow the last tensor`, 'body');
  const wanted = outputsOf(outputs, parameters?.['binary_data_output'] === true);
  const call: { -readonly [K in keyof InferContent]: InferContent[K] } = {
    inputs: tensors,
    ...callOptions(parameters),
  };
  if (id !== undefined) call.id = id;
  if (wanted.names !== undefined) call.outputs = wanted.names;
  return { call, binary: wanted.binary };
}
