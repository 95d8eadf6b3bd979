/** InferTensorContents, the typed form of a tensor's elements in gRPC, to tensors and back. */
import { isUtf8 } from 'node:buffer';
import { MillwrightError } from '../../domain/errors.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';
import { tensorFromJson } from './json-tensor.ts';
import { DELIMITED, WireWriter } from './protobuf-wire.ts';
import type { WireReader } from './protobuf-wire.ts';
import { rawOf, tensorFromRaw } from './raw-tensor.ts';

/** The field of the message that holds a datatype; none for the halves, which are raw only. */
const FIELD: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
  FP16: 0,
  BF16: 0,
};
const NAMES = ['', 'bool', 'int', 'int64', 'uint', 'uint64', 'fp32', 'fp64', 'bytes'];

export const hasTypedForm = (datatype: Datatype): boolean => FIELD[datatype] !== 0;

/** Elements as they came, in the field of the message they came in. `floats` are little-endian bytes. */
export interface Contents {
  field: number;
  readonly values: unknown[];
  readonly floats: Buffer[];
}

/** As many as a tensor may have; an element of one byte in the message takes up to forty in memory. */
const ELEMENTS_LIMIT = 16_777_216;

function refuseMore(elements: number): void {
  if (elements < ELEMENTS_LIMIT) return;
  throw new MillwrightError('MW-BODY-TOO-LARGE', `a tensor has more than ${ELEMENTS_LIMIT} elements`, {
    where: 'contents',
    next: 'send the rows in several requests',
  });
}

function scalars(reader: WireReader, into: unknown[], read: (from: WireReader) => unknown): void {
  if (reader.wire !== DELIMITED) {
    refuseMore(into.length);
    into.push(read(reader));
    return;
  }
  const packed = reader.message();
  while (packed.at < packed.end) {
    refuseMore(into.length - 1);
    into.push(read(packed));
  }
}

/** A text, or undefined where the bytes are none: refused once the tensor's name is known. */
const textOf = (bytes: Buffer): string | undefined => (isUtf8(bytes) ? bytes.toString('utf8') : undefined);

/** Throws MW-INVALID for what is no message, and where elements stand in two fields. */
export function readContents(reader: WireReader): Contents {
  const contents: Contents = { field: 0, values: [], floats: [] };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field > 8) {
      reader.skip();
      continue;
    }
    const before = contents.values.length + contents.floats.length;
    if (field === 1) scalars(reader, contents.values, (from) => from.varint() !== 0);
    else if (field === 2) scalars(reader, contents.values, (from) => from.int64());
    else if (field === 3) scalars(reader, contents.values, (from) => BigInt.asIntN(64, from.big()));
    else if (field === 4) scalars(reader, contents.values, (from) => from.varint());
    else if (field === 5) scalars(reader, contents.values, (from) => from.big());
    else if (field === 8) {
      refuseMore(contents.values.length);
      contents.values.push(textOf(reader.view()));
    } else if (reader.wire === DELIMITED) contents.floats.push(reader.view());
    else {
      refuseMore(contents.floats.length);
      const start = reader.at;
      reader.skip();
      contents.floats.push(reader.bytes.subarray(start, reader.at));
    }
    const grew = contents.values.length + contents.floats.length > before;
    if (!grew) continue;
    if (contents.field !== 0 && contents.field !== field)
      throw new MillwrightError('MW-INVALID', 'a tensor has contents of two types', { where: 'contents' });
    contents.field = field;
  }
  return contents;
}

/** Throws MW-TENSOR. */
export function tensorFromContents(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  contents: Contents | undefined,
): Tensor {
  const field = FIELD[datatype];
  if (field === 0) {
    throw new MillwrightError('MW-TENSOR', `"${name}" is ${datatype}, which has no typed contents`, {
      where: `inputs.${name}`,
      next: 'send its bytes in raw_input_contents',
    });
  }
  if (contents === undefined || contents.field === 0) return tensorFromJson(name, datatype, shape, []);
  if (contents.field !== field) {
    throw new MillwrightError(
      'MW-TENSOR',
      `"${name}" is ${datatype} but has ${NAMES[contents.field]}_contents; ${datatype} goes into ${NAMES[field]}_contents`,
      { where: `inputs.${name}.contents` },
    );
  }
  if (field === 6 || field === 7) {
    const [first, ...more] = contents.floats;
    return tensorFromRaw(name, datatype, shape, more.length === 0 && first ? first : Buffer.concat(contents.floats));
  }
  if (field === 8 && contents.values.includes(undefined)) {
    const index = contents.values.indexOf(undefined);
    throw new MillwrightError('MW-TENSOR', `element ${index} of "${name}" is not UTF-8`, {
      where: `inputs.${name}[${index}]`,
      next: 'send text as UTF-8; encode other bytes, for example as base64',
    });
  }
  return tensorFromJson(name, datatype, shape, contents.values);
}

/** The message's bytes. The datatype has a typed form. */
export function typedContents(tensor: Tensor): Buffer {
  const { data, datatype } = tensor;
  const field = FIELD[datatype];
  if (field === 8) {
    const writer = new WireWriter(data.length * 16);
    for (const value of data) writer.text(field, String(value));
    return writer.take();
  }
  const outer = new WireWriter(data.length * 8 + 16);
  if (field === 6 || field === 7) {
    outer.chunk(field, rawOf(tensor));
    return outer.take();
  }
  const inner = new WireWriter(data.length * 5);
  for (const value of data) {
    // A negative int32 is written as the int64 it stands for.
    if (typeof value === 'number' && value >= 0) inner.varint(value);
    else inner.big(BigInt(value));
  }
  outer.chunk(field, inner.take());
  return outer.take();
}
