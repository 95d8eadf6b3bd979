/** An answer over REST: JSON, or JSON followed by the raw tensors; compressed where that is asked for and worth it. */
import { promisify } from 'node:util';
import { constants, deflate, gzip } from 'node:zlib';
import type { Tensor } from '../../domain/tensors.ts';
import type { InferAnswer } from '../../modules/serving/index.ts';
import type { HttpAnswer } from './http-server.ts';
import { dataToJson } from './json-tensor.ts';
import { rawOf } from './raw-tensor.ts';

const pack = { gzip: promisify(gzip), deflate: promisify(deflate) };
/** A smaller answer takes longer to compress than to send. */
const WORTH_BYTES = 16_384;

/** What every answer carries so that a caller can send the outcome later. */
export function predictionHeaders(answer: InferAnswer): Record<string, string> {
  return { 'mw-prediction-id': answer.id, 'mw-model-version': String(answer.version) };
}

/** JSON of a name; the same few names come again and again. */
const NAMES_KEPT = 10_000;
const names = new Map<string, string>();
function quoted(name: string): string {
  let text = names.get(name);
  if (text === undefined) {
    text = JSON.stringify(name);
    if (names.size >= NAMES_KEPT) names.clear();
    names.set(name, text);
  }
  return text;
}

const opening = ({ name, datatype, shape }: Tensor): string =>
  `{"name":${quoted(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],`;

/** `binary`: is this output wanted as raw bytes? */
export function encodeAnswer(answer: InferAnswer, binary: (output: string) => boolean): HttpAnswer {
  let raw: Buffer[] | undefined;
  // An id is made of characters that JSON takes as they are: see the serving module.
  let text = `{"model_name":${quoted(answer.endpoint)},"model_version":"${answer.version}","id":"${answer.id}","outputs":[`;
  const { outputs } = answer;
  for (let index = 0; index < outputs.length; index += 1) {
    const output = outputs[index];
    if (output === undefined) continue;
    if (index > 0) text += ',';
    text += opening(output);
    if (binary(output.name)) {
      const bytes = rawOf(output);
      raw = raw ?? [];
      raw.push(bytes);
      text += `"parameters":{"binary_data_size":${bytes.length}}}`;
    } else text += `"data":${dataToJson(output)}}`;
  }
  text += ']}';
  const headers = predictionHeaders(answer);
  if (raw === undefined) return { status: 200, headers, body: text };
  const head = Buffer.from(text, 'utf8');
  return {
    status: 200,
    type: 'application/octet-stream',
    headers: { ...headers, 'inference-header-content-length': head.length },
    body: Buffer.concat([head, ...raw]),
  };
}

/** The first of gzip and deflate that is accepted with a weight above 0. */
function accepted(header: string): 'gzip' | 'deflate' | undefined {
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', weight = ''] = part.split(';').map((piece) => piece.trim());
    if ((name === 'gzip' || name === 'deflate') && !/^q=0(?:\.0*)?$/.test(weight)) return name;
  }
  return undefined;
}

/** Only for answers of inference: clients ask for it with every call, but some do not look at the encoding of any other answer. */
export function compressed(answer: HttpAnswer, acceptEncoding: string | undefined): HttpAnswer | Promise<HttpAnswer> {
  if (acceptEncoding === undefined || answer.body.length < WORTH_BYTES) return answer;
  const encoding = accepted(acceptEncoding);
  if (encoding === undefined) return answer;
  return pack[encoding](answer.body, { level: constants.Z_BEST_SPEED }).then((body) => ({
    ...answer,
    headers: { ...answer.headers, 'content-encoding': encoding, vary: 'accept-encoding' },
    body,
  }));
}
