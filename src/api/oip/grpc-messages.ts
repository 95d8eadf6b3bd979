/** ModelInferRequest and ModelInferResponse, from and to their bytes (proto/inference.proto). */
import { MillwrightError } from '../../domain/errors.ts';
import { isDatatype } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { InferAnswer, InferCall } from '../../modules/serving/index.ts';
import { callOptions, versionOf } from './call-options.ts';
import { hasTypedForm, readContents, tensorFromContents, typedContents } from './grpc-contents.ts';
import type { Contents } from './grpc-contents.ts';
import { DELIMITED, VARINT, WireReader, WireWriter } from './protobuf-wire.ts';
import { rawOf, tensorFromRaw } from './raw-tensor.ts';

/** Two bytes of a message can be an empty tensor, which takes memory a hundred times as large: 64 MiB of them would end the process. */
const PARTS_LIMIT = 100_000;
/** As over REST. */
const DIMENSIONS_LIMIT = 64;

function refuseMany(count: number, limit: number, what: string): void {
  if (count < limit) return;
  throw new MillwrightError('MW-BODY-TOO-LARGE', `the message has more than ${limit} ${what}`, {
    where: what,
    next: 'send the rows in several requests',
  });
}

interface WireInput {
  name: string;
  datatype: string;
  readonly shape: number[];
  contents: Contents | undefined;
  region: boolean;
}

/** A request as it lies in the bytes: nothing is copied, nothing is checked but the form. */
export interface WireInferRequest {
  model: string;
  version: string;
  id: string;
  parameters: Record<string, unknown> | undefined;
  readonly inputs: WireInput[];
  readonly outputs: string[];
  readonly raw: Buffer[];
}

/** A field of a parameter: bool, int64, string, double, uint64. */
function parameterOf(reader: WireReader): unknown {
  let value: unknown;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value = reader.varint() !== 0;
    else if (field === 2) value = reader.int64();
    else if (field === 3) value = reader.text();
    else if (field === 4) value = reader.double();
    else if (field === 5) value = Number(reader.big());
    else reader.skip();
  }
  return value;
}

/** One entry of a map<string, InferParameter>. */
function entryOf(reader: WireReader): readonly [string, unknown] {
  let name = '';
  let value: unknown;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 2) value = parameterOf(reader.message());
    else reader.skip();
  }
  return [name, value];
}

function readShape(reader: WireReader, shape: number[]): void {
  if (reader.wire !== DELIMITED) {
    refuseMany(shape.length, DIMENSIONS_LIMIT, 'dimensions');
    shape.push(reader.int64());
    return;
  }
  const packed = reader.message();
  while (packed.at < packed.end) {
    refuseMany(shape.length, DIMENSIONS_LIMIT, 'dimensions');
    shape.push(packed.int64());
  }
}

function inputOf(reader: WireReader): WireInput {
  const input: WireInput = { name: '', datatype: '', shape: [], contents: undefined, region: false };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) input.name = reader.text();
    else if (field === 2) input.datatype = reader.text();
    else if (field === 3) readShape(reader, input.shape);
    else if (field === 4) input.region ||= entryOf(reader.message())[0] === 'shared_memory_region';
    else if (field === 5) input.contents = readContents(reader.message());
    else reader.skip();
  }
  return input;
}

/** Throws MW-UNSUPPORTED for what would change the output's form. */
function outputOf(reader: WireReader): string {
  let name = '';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 2) {
      const [parameter] = entryOf(reader.message());
      if (parameter !== 'shared_memory_region' && parameter !== 'classification') continue;
      throw new MillwrightError('MW-UNSUPPORTED', `the parameter ${parameter} of an output is not supported`, {
        where: `outputs.${name}`,
        next: 'ask for the output itself',
      });
    } else reader.skip();
  }
  return name;
}

/** Throws MW-INVALID when the bytes are no such message. */
export function readInferRequest(bytes: Buffer): WireInferRequest {
  const reader = new WireReader(bytes);
  const request: WireInferRequest = {
    model: '',
    version: '',
    id: '',
    parameters: undefined,
    inputs: [],
    outputs: [],
    raw: [],
  };
  let parameters = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) request.model = reader.text();
    else if (field === 2) request.version = reader.text();
    else if (field === 3) request.id = reader.text();
    else if (field === 4) {
      refuseMany(parameters, PARTS_LIMIT, 'parameters');
      parameters += 1;
      const [name, value] = entryOf(reader.message());
      request.parameters ??= Object.create(null) as Record<string, unknown>;
      request.parameters[name] = value;
    } else if (field === 5) {
      refuseMany(request.inputs.length, PARTS_LIMIT, 'inputs');
      request.inputs.push(inputOf(reader.message()));
    } else if (field === 6) {
      refuseMany(request.outputs.length, PARTS_LIMIT, 'outputs');
      request.outputs.push(outputOf(reader.message()));
    } else if (field === 7) {
      refuseMany(request.raw.length, PARTS_LIMIT, 'raw_input_contents');
      request.raw.push(reader.view());
    } else reader.skip();
  }
  return request;
}

function tensorOf(input: WireInput, raw: Buffer | undefined): Tensor {
  const { name, datatype, shape } = input;
  const where = `inputs.${name}`;
  if (!isDatatype(datatype))
    throw new MillwrightError('MW-TENSOR', `"${name}" has the unknown datatype "${datatype}"`, { where });
  if (input.region) {
    throw new MillwrightError('MW-UNSUPPORTED', 'tensors in shared memory are not supported', {
      where,
      next: 'send the tensor in raw_input_contents',
    });
  }
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0))
    throw new MillwrightError('MW-TENSOR', `the shape of "${name}" must be whole numbers from 0`, { where });
  return raw === undefined
    ? tensorFromContents(name, datatype, shape, input.contents)
    : tensorFromRaw(name, datatype, shape, raw);
}

/** Fields that are found late are added late: most calls have none. */
export type GrowingCall = { -readonly [K in keyof InferCall]: InferCall[K] };

/** Throws MW-TENSOR, MW-INVALID, MW-UNSUPPORTED; raw and typed contents may not be mixed. */
export function inferCallOf(request: WireInferRequest): GrowingCall {
  const { inputs, raw, outputs, id } = request;
  if (raw.length > 0 && (raw.length !== inputs.length || inputs.some((input) => (input.contents?.field ?? 0) !== 0))) {
    throw new MillwrightError(
      'MW-TENSOR',
      `${raw.length} raw contents for ${inputs.length} inputs: every input must be raw, or none`,
      { where: 'raw_input_contents' },
    );
  }
  const call: GrowingCall = {
    endpoint: request.model,
    inputs: inputs.map((input, index) => tensorOf(input, raw[index])),
    ...callOptions(request.parameters),
  };
  const version = versionOf(request.version);
  if (version !== undefined) call.version = version;
  if (id !== '') call.id = id;
  if (outputs.length > 0) call.outputs = outputs;
  return call;
}

function writeTensor(writer: WireWriter, { name, datatype, shape }: Tensor, contents: Buffer | undefined): void {
  writer.text(1, name);
  writer.text(2, datatype);
  const dims = new WireWriter(shape.length * 10);
  for (const size of shape) dims.varint(size);
  writer.chunk(3, dims.take());
  if (contents !== undefined) writer.chunk(5, contents);
}

/** `raw`: in the form the request came in, as clients expect. Halves have no typed form: with them all is raw. */
export function writeInferResponse(answer: InferAnswer, raw: boolean, last = false): Buffer {
  const { outputs } = answer;
  const asRaw = raw || !outputs.every((output) => hasTypedForm(output.datatype));
  const bytes = asRaw ? outputs.map(rawOf) : [];
  let size = 256;
  for (const part of bytes) size += part.length + 128;
  const writer = new WireWriter(size);
  writer.text(1, answer.endpoint);
  writer.text(2, String(answer.version));
  writer.text(3, answer.id);
  if (last) writer.chunk(4, FINAL);
  for (const output of outputs) {
    const contents = asRaw ? undefined : typedContents(output);
    const tensor = new WireWriter((contents?.length ?? 0) + 128);
    writeTensor(tensor, output, contents);
    writer.chunk(5, tensor.take());
  }
  for (const part of bytes) writer.chunk(6, part);
  return writer.take();
}

/** `triton_final_response: true`: what clients of a stream wait for. */
const FINAL = ((): Buffer => {
  const value = new WireWriter(8);
  value.tag(1, VARINT);
  value.varint(1);
  const entry = new WireWriter(32);
  entry.text(1, 'triton_final_response');
  entry.chunk(2, value.take());
  return entry.take();
})();

/** ModelStreamInferResponse with an answer. */
export function writeStreamAnswer(answer: InferAnswer, raw: boolean): Buffer {
  const response = writeInferResponse(answer, raw, true);
  const writer = new WireWriter(response.length + 16);
  writer.chunk(2, response);
  return writer.take();
}

/** ModelStreamInferResponse with an error: the id says of which request. */
export function writeStreamError(message: string, id: string): Buffer {
  const response = new WireWriter(id.length + 64);
  if (id !== '') response.text(3, id);
  response.chunk(4, FINAL);
  const writer = new WireWriter(message.length + id.length + 128);
  writer.text(1, message);
  writer.chunk(2, response.take());
  return writer.take();
}
