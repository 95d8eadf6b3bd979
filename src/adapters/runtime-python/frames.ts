/**
 * What goes over the socket to a model's process (python/mw_runner/frames.py says it too): two little-endian uint32 (bytes of the header, bytes
 * of the body), a JSON header, and the raw tensors, each padded to 8 bytes. No pickle: neither side can make the other run anything.
 */
import { rawBytes, readRaw, writeRaw } from '../../domain/tensor-bytes.ts';
import { elementCount, isDatatype } from '../../domain/tensor-data.ts';
import type { Tensor, TensorData } from '../../domain/tensors.ts';

/** A header is names and shapes; more than this is no header of ours. */
const HEADER_LIMIT = 4 * 1024 * 1024;

interface SentTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

export interface Frame {
  readonly header: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

const padded = (bytes: number): number => (bytes + 7) & ~7;

/** One tensor that goes out: the parts of several calls, laid end to end along axis 0. */
export interface OutTensor {
  readonly name: string;
  readonly datatype: Tensor['datatype'];
  readonly shape: readonly number[];
  readonly parts: readonly TensorData[];
}

/** A whole frame in one block of memory. */
export function encodeFrame(header: Readonly<Record<string, unknown>>, tensors?: readonly OutTensor[]): Buffer {
  const sizes = (tensors ?? []).map(({ datatype, parts }) => rawBytes(datatype, parts));
  const specs = tensors?.map(({ name, datatype, shape }, index) => ({ name, datatype, shape, bytes: sizes[index] }));
  const text = JSON.stringify(specs === undefined ? header : { ...header, tensors: specs });
  const headerBytes = Buffer.byteLength(text);
  const bodyBytes = sizes.reduce((sum, size) => sum + padded(size), 0);
  const frame = Buffer.allocUnsafe(8 + headerBytes + bodyBytes);
  frame.writeUInt32LE(headerBytes, 0);
  frame.writeUInt32LE(bodyBytes, 4);
  frame.write(text, 8);
  let at = 8 + headerBytes;
  tensors?.forEach((tensor, index) => {
    writeRaw(frame, at, tensor.datatype, tensor.parts);
    const size = sizes[index] ?? 0;
    frame.fill(0, at + size, at + padded(size));
    at += padded(size);
  });
  return frame;
}

const whole = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** The model's own code can write to the socket too: what it says of its tensors is believed only where the bytes agree. */
function isSent(value: unknown): value is SentTensor {
  if (typeof value !== 'object' || value === null) return false;
  const { name, shape, bytes } = value as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && whole(bytes) && Array.isArray(shape) && shape.length <= 64 && shape.every(whole);
}

/** The tensors of an answer. Throws for a header that does not fit its body: the process is not ours any more. */
export function decodeTensors({ header, body }: Frame): readonly Tensor[] {
  const specs = header['tensors'];
  if (!Array.isArray(specs)) throw new Error('an answer without tensors');
  let at = 0;
  return specs.map((spec: unknown) => {
    if (!isSent(spec)) throw new Error('an answer with a broken tensor');
    const { name, datatype, shape, bytes } = spec;
    if (!isDatatype(datatype) || at + bytes > body.byteLength)
      throw new Error('an answer that does not fit its header');
    const start = at;
    at += padded(bytes);
    const data = readRaw(datatype, body.subarray(start, start + bytes));
    if (data.length !== elementCount(shape)) throw new Error('an answer that does not fit its shape');
    return { name, datatype, shape, data };
  });
}

/** Cuts a stream into frames. `limit`: bytes of the largest body. */
export function createFrameReader(limit: number, take: (frame: Frame) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = 8;
  const joined = (): Buffer => {
    const first = chunks[0];
    return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, held);
  };
  return (chunk) => {
    chunks.push(chunk);
    held += chunk.byteLength;
    while (held >= wanted) {
      const all = joined();
      const headerBytes = all.readUInt32LE(0);
      const bodyBytes = all.readUInt32LE(4);
      if (headerBytes > HEADER_LIMIT || bodyBytes > limit) throw new Error('a frame beyond the limit');
      const size = 8 + headerBytes + bodyBytes;
      if (held < size) {
        chunks = [all];
        wanted = size;
        return;
      }
      const header = JSON.parse(all.toString('utf8', 8, 8 + headerBytes)) as Frame['header'];
      chunks = held === size ? [] : [all.subarray(size)];
      held -= size;
      wanted = 8;
      take({ header, body: all.subarray(8 + headerBytes, size) });
    }
  };
}
