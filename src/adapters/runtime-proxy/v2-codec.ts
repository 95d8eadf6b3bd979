/** Calls in the Open Inference Protocol V2 over REST: tensors as bytes where the other server can, else as JSON. */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import { rawBytes, readRaw, writeRaw } from '../../domain/tensor-bytes.ts';
import { elementCount, emptyData, isDatatype } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor, TensorData } from '../../domain/tensors.ts';
import type { PeerAnswer } from './peer.ts';

const LENGTH = 'inference-header-content-length';

export interface EncodedCall {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Whole numbers of 64 bits and values that are no number have no form in JSON.stringify. */
function jsonData({ data }: Tensor): string {
  if (!('buffer' in data)) return JSON.stringify(data);
  return `[${Array.from(data as Float64Array, (value) => (Number.isNaN(value) ? 'null' : String(value))).join(',')}]`;
}

export function encodeCall(
  inputs: readonly Tensor[],
  outputs: readonly string[] | undefined,
  binary: boolean,
): EncodedCall {
  const asked = outputs?.map((name) => ({ name, parameters: { binary_data: binary } }));
  if (!binary) {
    const tensors = inputs.map(
      (input) =>
        `{"name":${JSON.stringify(input.name)},"datatype":"${input.datatype}","shape":${JSON.stringify(input.shape)},"data":${jsonData(input)}}`,
    );
    const wanted = outputs === undefined ? '' : `,"outputs":${JSON.stringify(outputs.map((name) => ({ name })))}`;
    const body = Buffer.from(`{"inputs":[${tensors.join(',')}]${wanted}}`);
    return { headers: { 'content-type': 'application/json' }, body };
  }
  const sizes = inputs.map(({ datatype, data }) => rawBytes(datatype, [data]));
  const head = Buffer.from(
    JSON.stringify({
      inputs: inputs.map(({ name, datatype, shape }, index) => ({
        name,
        datatype,
        shape,
        parameters: { binary_data_size: sizes[index] },
      })),
      ...(asked === undefined ? { parameters: { binary_data_output: true } } : { outputs: asked }),
    }),
  );
  const body = Buffer.allocUnsafe(head.byteLength + sizes.reduce((sum, size) => sum + size, 0));
  head.copy(body);
  let at = head.byteLength;
  inputs.forEach(({ datatype, data }, index) => {
    writeRaw(body, at, datatype, [data]);
    at += sizes[index] ?? 0;
  });
  return { headers: { 'content-type': 'application/octet-stream', [LENGTH]: String(head.byteLength) }, body };
}

const shape = z.array(z.number().int().nonnegative()).max(16);
const answer = z.looseObject({
  outputs: z
    .array(
      z.looseObject({
        name: z.string(),
        datatype: z.string(),
        shape,
        data: z.array(z.unknown()).optional(),
        parameters: z.looseObject({ binary_data_size: z.number().int().nonnegative().optional() }).optional(),
      }),
    )
    .max(10_000),
});

function jsonValues(datatype: Datatype, values: readonly unknown[], count: number): TensorData {
  const flat = values.flat(16);
  if (flat.length !== count) throw new RangeError('data that does not fit its shape');
  if (datatype === 'BYTES') return flat.map(String);
  const data = emptyData(datatype, count);
  flat.forEach((value, index) => {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = BigInt(Number(value));
    else (data as Float64Array)[index] = value === null ? Number.NaN : Number(value);
  });
  return data;
}

/** The tensors of an answer with status 200. Throws an Error for what is none. */
export function decodeAnswer({ headers, body }: PeerAnswer): readonly Tensor[] {
  const length = headers[LENGTH];
  const jsonBytes = length === undefined ? body.byteLength : Number(length);
  if (!Number.isInteger(jsonBytes) || jsonBytes < 0 || jsonBytes > body.byteLength) throw new Error('a broken length');
  const { outputs } = answer.parse(JSON.parse(body.toString('utf8', 0, jsonBytes)));
  let at = jsonBytes;
  return outputs.map(({ name, datatype, shape: dims, data, parameters }) => {
    if (!isDatatype(datatype)) throw new Error(`the datatype ${datatype}`);
    const count = elementCount(dims);
    const size = parameters?.binary_data_size;
    if (size === undefined) return { name, datatype, shape: dims, data: jsonValues(datatype, data ?? [], count) };
    if (at + size > body.byteLength) throw new Error('fewer bytes than it names');
    const values = readRaw(datatype, body.subarray(at, at + size));
    at += size;
    if (values.length !== count) throw new Error('bytes that do not fit their shape');
    return { name, datatype, shape: dims, data: values };
  });
}

const spec = z.looseObject({ name: z.string(), datatype: z.string(), shape: z.array(z.coerce.number().int()).max(16) });
const metadata = z.looseObject({ inputs: z.array(spec).default([]), outputs: z.array(spec).default([]) });

/** Throws an Error for what is no model metadata. */
export function decodeMetadata(body: Buffer): ModelSignature {
  const { inputs, outputs } = metadata.parse(JSON.parse(body.toString('utf8')));
  const plain = ({ name, datatype, shape: dims }: z.infer<typeof spec>) => ({ name, datatype, shape: dims });
  return { inputs: inputs.map(plain), outputs: outputs.map(plain) };
}

const extensions = z.looseObject({ extensions: z.array(z.string()).default([]) });

/** Whether the server says that it takes tensors as bytes. */
export function takesBinary(body: Buffer): boolean {
  try {
    return extensions.parse(JSON.parse(body.toString('utf8'))).extensions.includes('binary_tensor_data');
  } catch {
    return false;
  }
}

/** The sentence of an error answer, cut. */
function reasonOf(body: Buffer): string {
  try {
    const { error } = JSON.parse(body.toString('utf8', 0, 65_536)) as { error?: unknown };
    if (typeof error === 'string') return error.slice(0, 300);
  } catch {
    // Not JSON: a proxy's page, which says nothing to a caller.
  }
  return 'it gave no reason';
}

/** What the status of another server means to our caller: his mistake stays his, the other server's failure is no mistake of his. */
export function errorOf(name: string, { status, body }: PeerAnswer): MillwrightError {
  const reason = reasonOf(body);
  const because = `${name} answered ${status}: ${reason}`;
  if (status === 404) return new MillwrightError('MW-NOT-FOUND', because, { where: name });
  if (status === 413) return new MillwrightError('MW-BODY-TOO-LARGE', because, { where: name });
  if (status === 429) return new MillwrightError('MW-OVERLOADED', because, { where: name });
  if (status === 504) return new MillwrightError('MW-DEADLINE', because, { where: name });
  if (status === 401 || status === 403 || status < 400 || status >= 500) {
    return new MillwrightError('MW-UNAVAILABLE', because, { where: name, next: 'look at the log of that server' });
  }
  return new MillwrightError('MW-TENSOR', `the model refused the request: ${reason}`, { where: 'inputs' });
}
