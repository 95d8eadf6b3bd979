/** Raw little-endian tensor bytes (binary_data over REST, raw_input_contents over gRPC) to storage and back. BYTES: uint32 length + bytes each. */
import { MillwrightError } from '../../domain/errors.ts';
import { DATATYPE_BYTES, elementCount, storageOver } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';

function refuse(message: string, name: string): never {
  throw new MillwrightError('MW-TENSOR', message, { where: `inputs.${name}` });
}

function stringsOf(name: string, bytes: Buffer, count: number): string[] {
  const strings: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) refuse(`the bytes of "${name}" end inside a length`, name);
    const length = bytes.readUInt32LE(at);
    at += 4;
    if (at + length > bytes.length) refuse(`the bytes of "${name}" end inside element ${strings.length}`, name);
    strings.push(bytes.toString('utf8', at, at + length));
    at += length;
  }
  if (strings.length !== count) refuse(`"${name}" has ${strings.length} elements, its shape needs ${count}`, name);
  return strings;
}

export function tensorFromRaw(name: string, datatype: Datatype, shape: readonly number[], bytes: Buffer): Tensor {
  const count = elementCount(shape);
  if (datatype === 'BYTES') return { name, datatype, shape, data: stringsOf(name, bytes, count) };
  const needed = count * DATATYPE_BYTES[datatype];
  if (bytes.length !== needed)
    refuse(`"${name}" has ${bytes.length} bytes, shape [${shape.join(', ')}] of ${datatype} needs ${needed}`, name);
  // A copy: the bytes lie unaligned in the request, and a view would send the whole request to the worker.
  const own = new ArrayBuffer(needed);
  new Uint8Array(own).set(bytes);
  return { name, datatype, shape, data: storageOver(datatype, own) };
}

export function rawOf({ data }: Tensor): Buffer {
  if ('buffer' in data) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const parts: Buffer[] = [];
  for (const text of data) {
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}
