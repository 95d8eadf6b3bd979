/** An infer request over REST to tensors: JSON, or JSON followed by raw tensors (binary_data extension). */
import { MillwrightError } from '../../domain/errors.ts';
import { isDatatype } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { InferCall } from '../../modules/serving/index.ts';
import { callOptions } from './call-options.ts';
import { checkDepth, isObject, parseJson } from './json-body.ts';
import { tensorFromJson } from './json-tensor.ts';
import { tensorFromRaw } from './raw-tensor.ts';

const DEPTH_LIMIT = 64;

export interface ParsedInfer {
  readonly call: Omit<InferCall, 'endpoint' | 'version'>;
  /** Is this output wanted as raw bytes? */
  readonly binary: (output: string) => boolean;
  /** The id as the client gave it: echoed even when empty ids are filled. */
  readonly givenId?: string;
}

function bad(message: string, where: string): never {
  throw new MillwrightError('MW-INVALID', message, { where, next: 'see the Open Inference Protocol V2' });
}

function shapeOf(value: unknown, where: string): readonly number[] {
  if (!Array.isArray(value)) return bad('shape must be a list of whole numbers', where);
  return value.map((size: unknown) => {
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
      return bad('shape must be a list of whole numbers from 0', where);
    return size;
  });
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

function inputOf(value: unknown, index: number, raw: RawReader): Tensor {
  const where = `inputs[${index}]`;
  if (!isObject(value)) return bad('an input must be an object', where);
  const { name, datatype, data, parameters } = value;
  if (typeof name !== 'string' || name === '') return bad('an input needs a name', `${where}.name`);
  if (typeof datatype !== 'string' || !isDatatype(datatype)) {
    const hint = datatype === 'FP16' || datatype === 'BF16' ? '; send FP32' : '';
    throw new MillwrightError('MW-TENSOR', `"${name}" has the unknown datatype ${JSON.stringify(datatype)}${hint}`, {
      where: `${where}.datatype`,
    });
  }
  const shape = shapeOf(value['shape'], `${where}.shape`);
  const size = isObject(parameters) ? parameters['binary_data_size'] : undefined;
  if (size !== undefined) {
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
      return bad('binary_data_size must be a whole number', `${where}.parameters`);
    return tensorFromRaw(name, datatype, shape, raw.take(size, `${where}.parameters.binary_data_size`));
  }
  if (Array.isArray(data)) return tensorFromJson(name, datatype, shape, data);
  return bad(`"${name}" has neither data nor binary_data_size`, where);
}

interface Wanted {
  readonly names?: readonly string[];
  readonly binary: (output: string) => boolean;
}

function outputsOf(value: unknown, all: boolean): Wanted {
  if (value === undefined) return { binary: () => all };
  if (!Array.isArray(value)) return bad('outputs must be a list', 'outputs');
  const binary = new Map<string, boolean>();
  value.forEach((item: unknown, index) => {
    if (!isObject(item) || typeof item['name'] !== 'string') return bad('an output needs a name', `outputs[${index}]`);
    const parameters = item['parameters'];
    const own = isObject(parameters) ? parameters['binary_data'] : undefined;
    if (isObject(parameters) && Number(parameters['classification'] ?? 0) > 0)
      bad('classification is not supported', `outputs[${index}].parameters`);
    binary.set(item['name'], typeof own === 'boolean' ? own : all);
  });
  return { ...(binary.size === 0 ? {} : { names: [...binary.keys()] }), binary: (output) => binary.get(output) ?? all };
}

/** `headerLength`: the Inference-Header-Content-Length header; only it says that raw tensors follow (content types are not reliable). */
export function parseInfer(body: Buffer, headerLength: string | undefined): ParsedInfer {
  const length = headerLength === undefined ? body.length : Number(headerLength);
  if (!Number.isInteger(length) || length <= 0 || length > body.length) {
    bad(
      `"${headerLength}" is not the length of the JSON in a body of ${body.length} bytes`,
      'Inference-Header-Content-Length',
    );
  }
  const json = body.subarray(0, length);
  checkDepth(json, DEPTH_LIMIT);
  const text = json.toString('utf8');
  // Only tensors of 64-bit integers can hold what a double would round; looking for such numbers costs as much as half the parsing.
  const root = parseJson(text, text.includes('INT64'));
  if (!isObject(root)) return bad('the request must be a JSON object', 'body');
  const { id, inputs, outputs, parameters } = root;
  if (id !== undefined && typeof id !== 'string') return bad('id must be a text', 'id');
  if (!Array.isArray(inputs) || inputs.length === 0)
    return bad('inputs must be a list with at least one tensor', 'inputs');
  if (parameters !== undefined && !isObject(parameters)) return bad('parameters must be an object', 'parameters');
  const raw = new RawReader(body, length);
  const tensors = inputs.map((input: unknown, index) => inputOf(input, index, raw));
  if (raw.at !== body.length) bad(`${body.length - raw.at} bytes follow the last tensor`, 'body');
  const wanted = outputsOf(outputs, parameters?.['binary_data_output'] === true);
  return {
    call: {
      inputs: tensors,
      ...(id === undefined ? {} : { id }),
      ...(wanted.names === undefined ? {} : { outputs: wanted.names }),
      ...callOptions(parameters),
    },
    binary: wanted.binary,
  };
}
