/** Tensors as the raw little-endian bytes of the Open Inference Protocol's binary extension. BYTES: uint32 length + UTF-8 for each element. */
import { DATATYPE_BYTES, storageOver } from './tensor-data.ts';
import type { Datatype, TensorData } from './tensors.ts';

/** Bytes of a tensor whose elements lie in several parts, end to end. */
export function rawBytes(datatype: Datatype, parts: readonly TensorData[]): number {
  let count = 0;
  if (datatype === 'BYTES') {
    for (const part of parts) for (const text of part as readonly string[]) count += 4 + Buffer.byteLength(text);
    return count;
  }
  for (const part of parts) count += part.length;
  return count * DATATYPE_BYTES[datatype];
}

/** `into` must have room for `rawBytes` from `start` on. */
export function writeRaw(into: Buffer, start: number, datatype: Datatype, parts: readonly TensorData[]): void {
  let at = start;
  for (const part of parts) {
    if (datatype === 'BYTES') {
      for (const text of part as readonly string[]) {
        const bytes = into.write(text, at + 4);
        into.writeUInt32LE(bytes, at);
        at += 4 + bytes;
      }
      continue;
    }
    const { buffer, byteOffset, byteLength } = part as Uint8Array;
    into.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
}

/** The elements of a whole tensor, in memory of their own. Throws RangeError for bytes that do not come out even. */
export function readRaw(datatype: Datatype, bytes: Buffer): TensorData {
  if (datatype === 'BYTES') {
    const texts: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32LE(at);
      if (at + 4 + length > bytes.length) throw new RangeError('a text ends beyond its tensor');
      texts.push(bytes.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    }
    return texts;
  }
  // A copy: a view would hold on to all that came with it, and may begin at an odd place.
  const own = new Uint8Array(bytes.byteLength);
  own.set(bytes);
  return storageOver(datatype, own.buffer);
}
