/**
 * A column's values as one Parquet data page (and a dictionary page for texts that repeat), straight from plain memory.
 * Encodings: https://parquet.apache.org/docs/file-format/data-pages/encodings/ (PLAIN, RLE of levels and dictionary indices).
 */
import { halfToNumber } from '../../platform/half-float.ts';
import type { LogCell, LogColumn, LogNumbers, LogValues } from '../../ports/prediction-log.ts';
import { varint } from './thrift.ts';

export interface ColumnPages {
  /** PLAIN values of the dictionary; absent: the page is PLAIN itself. */
  readonly dictionary?: { readonly bytes: Buffer; readonly values: number };
  /** Definition levels, then values. */
  readonly page: Buffer;
  readonly nulls: number;
  /** Of the values that are no null, in PLAIN encoding; absent when there are none or they are not worth it. */
  readonly min?: Uint8Array;
  readonly max?: Uint8Array;
}

/** Longer bounds would only swell the footer. */
const BOUND_BYTES = 64;

function run(value: number, count: number, width: number): Buffer {
  const out: number[] = [];
  varint(out, count * 2);
  for (let at = 0; at < width; at += 8) out.push((value >> at) & 0xff);
  return Buffer.from(out);
}

/** Runs and bit-packed groups of 8 (the "RLE hybrid"): one run when all are alike, else bit-packed. `width` in bits, 1 to 16. */
function hybrid(values: Uint8Array | Uint16Array, count: number, width: number): Buffer {
  const first = values[0] ?? 0;
  let alike = true;
  for (let index = 1; index < count && alike; index += 1) alike = values[index] === first;
  if (alike) return run(first, count, width);
  const head: number[] = [];
  const groups = Math.ceil(count / 8);
  varint(head, groups * 2 + 1);
  const out = Buffer.alloc(head.length + groups * width);
  out.set(head);
  let at = head.length;
  let held = 0;
  let bits = 0;
  for (let index = 0; index < count; index += 1) {
    held |= (values[index] ?? 0) << bits;
    bits += width;
    while (bits >= 8) {
      out[at] = held & 0xff;
      at += 1;
      held >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) out[at] = held & 0xff;
  return out;
}

/** `present` undefined: no value is null. */
function levels(present: Uint8Array | undefined, rows: number): Buffer {
  const body = present === undefined ? run(1, rows, 1) : hybrid(present, rows, 1);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

const bytesOf = (array: ArrayBufferView): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** Values without the nulls, and which rows have one. */
interface Dense<T> {
  readonly values: T;
  readonly present: Uint8Array | undefined;
  readonly nulls: number;
}

function dense<T extends Float64Array | BigInt64Array | Int32Array | Uint8Array>(
  all: T,
  isNull: (row: number) => boolean,
  rows: number,
): Dense<T> {
  let nulls = 0;
  for (let row = 0; row < rows; row += 1) if (isNull(row)) nulls += 1;
  if (nulls === 0) return { values: all, present: undefined, nulls };
  const present = new Uint8Array(rows);
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    if (isNull(row)) continue;
    present[row] = 1;
    all.copyWithin(at, row, row + 1);
    at += 1;
  }
  return { values: all.subarray(0, rows - nulls) as T, present, nulls };
}

function numberAt(numbers: LogNumbers, at: number, half: 'FP16' | 'BF16' | undefined): number {
  const value = Number(numbers[at]);
  return half === undefined ? value : halfToNumber(value, half);
}

function doubles(values: LogValues, rows: number): Dense<Float64Array> {
  const all = new Float64Array(rows).fill(Number.NaN);
  if (values.kind === 'numbers') {
    const { numbers, width, part, half } = values;
    if (numbers instanceof Float64Array && width === 1) all.set(numbers);
    else for (let row = 0; row < rows; row += 1) all[row] = numberAt(numbers, row * width + part, half);
  } else if (values.kind !== 'nulls') {
    for (let row = 0; row < rows; row += 1) {
      const cell = cellAt(values, row);
      if (cell !== null) all[row] = Number(cell);
    }
  }
  return dense(all, (row) => Number.isNaN(all[row]), rows);
}

function cellAt(values: LogValues, row: number): LogCell {
  if (values.kind === 'cells') return values.cells[row] ?? null;
  if (values.kind === 'coded') return values.of[values.codes[row * values.width + values.part] ?? 0] ?? null;
  if (values.kind === 'numbers') return values.numbers[row * values.width + values.part] ?? null;
  return null;
}

function int64s(values: LogValues, rows: number): Dense<BigInt64Array> {
  const all = new BigInt64Array(rows);
  if (values.kind === 'numbers') {
    const { numbers, width, part } = values;
    if ((numbers instanceof BigInt64Array || numbers instanceof BigUint64Array) && width === 1) all.set(numbers);
    else if (numbers instanceof BigInt64Array || numbers instanceof BigUint64Array)
      for (let row = 0; row < rows; row += 1) all[row] = numbers[row * width + part] ?? 0n;
    else {
      // Two halves of 32 bits: a BigInt a row would cost ten times as much.
      const halves = new Int32Array(all.buffer);
      for (let row = 0; row < rows; row += 1) {
        const value = Number(numbers[row * width + part]);
        halves[row * 2] = value | 0;
        halves[row * 2 + 1] = Math.floor(value / 2 ** 32);
        if (value >= 2 ** 31 || value < -(2 ** 31)) halves[row * 2] = value % 2 ** 32;
      }
    }
    return { values: all, present: undefined, nulls: 0 };
  }
  for (let row = 0; row < rows; row += 1) {
    const cell = cellAt(values, row);
    if (cell !== null && cell !== '') all[row] = BigInt(cell);
  }
  return dense(all, (row) => cellAt(values, row) === null, rows);
}

function int32s(values: LogValues, rows: number): Dense<Int32Array> {
  const all = new Int32Array(rows);
  if (values.kind === 'numbers' && values.numbers instanceof Int32Array && values.width === 1) all.set(values.numbers);
  else for (let row = 0; row < rows; row += 1) all[row] = Number(cellAt(values, row) ?? 0);
  if (values.kind === 'numbers') return { values: all, present: undefined, nulls: 0 };
  return dense(all, (row) => cellAt(values, row) === null, rows);
}

/** Times are what windows are cut by: their bounds are cheap to find and let readers leave files closed. */
function bounds(array: Float64Array | BigInt64Array | Int32Array): { min?: Uint8Array; max?: Uint8Array } {
  if (array.length === 0) return {};
  let [low, high] = [0, 0];
  for (let index = 1; index < array.length; index += 1) {
    const value = array[index] ?? 0;
    if (value < (array[low] ?? 0)) low = index;
    else if (value > (array[high] ?? 0)) high = index;
  }
  return { min: bytesOf(array.slice(low, low + 1)), max: bytesOf(array.slice(high, high + 1)) };
}

function numeric(found: Dense<Float64Array | BigInt64Array | Int32Array>, rows: number): ColumnPages {
  return {
    page: Buffer.concat([levels(found.present, rows), bytesOf(found.values)]),
    nulls: found.nulls,
    ...bounds(found.values),
  };
}

function booleans(values: LogValues, rows: number): ColumnPages {
  const all = new Uint8Array(rows);
  for (let row = 0; row < rows; row += 1) all[row] = Number(cellAt(values, row) ?? 0) === 0 ? 0 : 1;
  const found = dense(all, (row) => cellAt(values, row) === null, rows);
  const packed = Buffer.alloc(Math.ceil(found.values.length / 8));
  found.values.forEach((value, index) => {
    packed[index >> 3] = (packed[index >> 3] ?? 0) | (value << (index & 7));
  });
  return { page: Buffer.concat([levels(found.present, rows), packed]), nulls: found.nulls };
}

function plainTexts(texts: readonly string[]): Buffer {
  let size = 0;
  for (const text of texts) size += 4 + text.length * 3;
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  for (const text of texts) {
    const length = out.write(text, at + 4, 'utf8');
    out.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return out.subarray(0, at);
}

function textBounds(texts: Iterable<string>): { min?: Uint8Array; max?: Uint8Array } {
  let [min, max]: [string | undefined, string | undefined] = [undefined, undefined];
  for (const text of texts) {
    if (min === undefined || text < min) min = text;
    if (max === undefined || text > max) max = text;
  }
  if (min === undefined || max === undefined || min.length > BOUND_BYTES || max.length > BOUND_BYTES) return {};
  // From U+D800 on the order of UTF-16 is not that of UTF-8; bounds below it hold in both.
  if (/[\ud800-\uffff]/.test(min + max)) return {};
  return { min: Buffer.from(min, 'utf8'), max: Buffer.from(max, 'utf8') };
}

/** Indices into `of` for each row that is no null. */
function dictionaryPage(
  codes: Uint16Array,
  present: Uint8Array | undefined,
  of: readonly string[],
  rows: number,
): ColumnPages {
  const width = Math.max(1, 32 - Math.clz32(Math.max(0, of.length - 1)));
  const body = codes.length === 0 ? Buffer.alloc(0) : hybrid(codes, codes.length, width);
  return {
    dictionary: { bytes: plainTexts(of), values: of.length },
    page: Buffer.concat([levels(present, rows), Buffer.from([width]), body]),
    nulls: rows - codes.length,
    ...textBounds(of),
  };
}

function codedTexts(values: Extract<LogValues, { kind: 'coded' }>, rows: number): ColumnPages {
  const { width, part, of } = values;
  const held = of.filter((cell) => cell !== null).map(String);
  // Without nulls a code is its place in the dictionary; nulls are few and small (an experiment that is none).
  const place = new Map(of.filter((cell) => cell !== null).map((cell, index) => [cell, index]));
  const places = of.map((cell) => (cell === null ? -1 : (place.get(cell) ?? -1)));
  const codes = new Uint16Array(rows);
  const present = new Uint8Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row += 1) {
    const at = places[values.codes[row * width + part] ?? 0] ?? -1;
    if (at === -1) continue;
    present[row] = 1;
    codes[count] = at;
    count += 1;
  }
  return dictionaryPage(codes.subarray(0, count), count === rows ? undefined : present, held, rows);
}

/** Length and bytes of each text, straight from where they lie. The bounds are those of the bytes: UTF-8 keeps the order of texts. */
function byteTexts(values: Extract<LogValues, { kind: 'bytes' }>, rows: number): ColumnPages {
  const { ends, width, part, repeat } = values;
  const bytes = Buffer.from(values.bytes.buffer, values.bytes.byteOffset, values.bytes.byteLength);
  const calls = repeat === undefined ? rows : repeat.length;
  let size = 0;
  for (let call = 0; call < calls; call += 1) {
    const at = call * width + part;
    size += (4 + (ends[at] ?? 0) - (at === 0 ? 0 : (ends[at - 1] ?? 0))) * (repeat?.[call] ?? 1);
  }
  const out = Buffer.allocUnsafe(size);
  let to = 0;
  let [low, high] = [0, 0];
  const startOf = (at: number): number => (at === 0 ? 0 : (ends[at - 1] ?? 0));
  const compare = (a: number, b: number): number =>
    bytes.compare(bytes, startOf(b), ends[b] ?? 0, startOf(a), ends[a] ?? 0);
  for (let call = 0; call < calls; call += 1) {
    const at = call * width + part;
    const [start, end] = [startOf(at), ends[at] ?? 0];
    for (let left = repeat?.[call] ?? 1; left > 0; left -= 1) {
      out.writeUInt32LE(end - start, to);
      bytes.copy(out, to + 4, start, end);
      to += 4 + end - start;
    }
    if (call === 0) [low, high] = [at, at];
    else if (compare(at, low) < 0) low = at;
    else if (compare(at, high) > 0) high = at;
  }
  const [min, max] = [bytes.subarray(startOf(low), ends[low]), bytes.subarray(startOf(high), ends[high])];
  const worth = calls > 0 && min.length <= BOUND_BYTES && max.length <= BOUND_BYTES;
  return { page: Buffer.concat([levels(undefined, rows), out]), nulls: 0, ...(worth ? { min, max } : {}) };
}

function textPages(values: LogValues, rows: number): ColumnPages {
  if (values.kind === 'coded') return codedTexts(values, rows);
  if (values.kind === 'bytes') return byteTexts(values, rows);
  const held: string[] = [];
  const present = new Uint8Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const cell = cellAt(values, row);
    if (cell === null) continue;
    present[row] = 1;
    held.push(String(cell));
  }
  return {
    page: Buffer.concat([levels(held.length === rows ? undefined : present, rows), plainTexts(held)]),
    nulls: rows - held.length,
    ...textBounds(held),
  };
}

export function columnPages(column: LogColumn, rows: number): ColumnPages {
  switch (column.type) {
    case 'DOUBLE':
      return numeric(doubles(column.values, rows), rows);
    case 'INT64':
      return numeric(int64s(column.values, rows), rows);
    case 'INT32':
      return numeric(int32s(column.values, rows), rows);
    case 'BOOLEAN':
      return booleans(column.values, rows);
    case 'STRING':
      return textPages(column.values, rows);
  }
}
