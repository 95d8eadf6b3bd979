/**
 * Cells of one column to a tensor's storage. Only what loses nothing is converted: whole numbers to floats, short integers to long ones.
 * A message names the column and the row and says what kind of thing stands there, never the thing: it is the caller's data.
 */
import { MillwrightError } from '../../domain/errors.ts';
import type { TensorSpec } from '../../domain/registry.ts';
import { elementCount, emptyData } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor, TensorData } from '../../domain/tensors.ts';

const RANGE: Readonly<Partial<Record<Datatype, readonly [number, number]>>> = {
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
};
/** What pandas reads as missing in a CSV. In text columns only the empty cell is: NA is also a country. */
const MISSING: ReadonlySet<string> = new Set(['', 'nan', 'na', 'n/a', 'null', 'none', '<na>', '#n/a', '#na', '-nan']);

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'a missing value';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'bigint') return 'a whole number beyond the range';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a fraction';
  if (typeof value === 'boolean') return 'true or false';
  return Array.isArray(value) ? 'a list' : 'an object';
}

function hint(value: unknown, datatype: Datatype): string {
  if ((value === null || value === undefined) && /INT|BOOL/.test(datatype))
    return '; whole numbers and booleans have no form for missing: train the model with the column as float64';
  if (typeof value === 'string' && datatype !== 'BYTES') return '; a number is written without quotes';
  if (typeof value === 'number' && datatype === 'BYTES') return '; a text is written in quotes';
  return '';
}

function bad(name: string, datatype: string, row: number, value: unknown, more: string): never {
  throw new MillwrightError(
    'MW-TENSOR',
    `column "${name}" takes ${datatype}, but row ${row} has ${kindOf(value)}${more}`,
    {
      where: `${name}[${row}]`,
      next: 'GET /v2/models/<endpoint> shows the inputs the model takes',
    },
  );
}

/** The text of a CSV cell as the type that the signature says. What does not fit stays text and is refused later. */
function typed(cell: unknown, datatype: Datatype): unknown {
  if (typeof cell !== 'string' || datatype === 'BYTES') return cell;
  // Most cells are plain numbers.
  if (datatype.startsWith('FP') && cell !== '') {
    const quick = Number(cell);
    if (!Number.isNaN(quick) && (quick !== 0 || cell.trim() !== '')) return quick;
  }
  const text = cell.trim();
  if (MISSING.has(text.toLowerCase())) return null;
  if (datatype === 'BOOL') return /^(?:true|1)$/i.test(text) ? true : /^(?:false|0)$/i.test(text) ? false : cell;
  if (datatype === 'INT64' || datatype === 'UINT64') {
    // 2^64 has 20 digits; more fit nothing, and making a number of millions of them takes seconds.
    if (/^[+-]?\d{1,20}$/.test(text)) return BigInt(text);
    // pandas writes a column with a missing number as 3.0.
    return /^[+-]?\d{1,20}\.0*$/.test(text) ? BigInt(text.slice(0, text.indexOf('.'))) : cell;
  }
  const number = Number(text);
  return Number.isNaN(number) ? cell : number;
}

/** Numbers of a column, flat, into floats: the common case, in one loop without a call a cell. -1, or the first index that needs a closer look. */
function floats(values: readonly unknown[], data: Float32Array | Float64Array): number {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value === 'number') {
      data[index] = value;
      const kept = data[index];
      if (kept === Number.POSITIVE_INFINITY || kept === Number.NEGATIVE_INFINITY) return index;
    } else if (value === null) data[index] = Number.NaN;
    else return index;
  }
  return -1;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;
const BASE64 = /^[A-Za-z0-9+/\r\n]*={0,2}$/;

function textOf(value: unknown, spec: TensorSpec, row: (index: number) => number, index: number): string {
  // MLflow sends a missing text as null; the model's encoder knows only texts.
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string')
    return bad(spec.name, spec.content ?? 'BYTES (text)', row(index), value, hint(value, 'BYTES'));
  if (spec.content === 'datetime' && !(ISO_TIME.test(value) && !Number.isNaN(Date.parse(value.replace(',', '.')))))
    return bad(spec.name, 'times in ISO 8601', row(index), value, ' that is none, for example 2026-01-31T08:00:00');
  if (spec.content === 'binary' && !BASE64.test(value))
    return bad(spec.name, 'bytes in base64', row(index), value, ' that is none');
  return value;
}

function fill(
  spec: TensorSpec,
  datatype: Datatype,
  values: readonly unknown[],
  data: TensorData,
  row: (index: number) => number,
  csv: boolean,
): TensorData {
  const wrong = (index: number): never =>
    bad(spec.name, datatype, row(index), values[index], hint(values[index], datatype));
  if (datatype === 'BYTES') return values.map((value, index) => textOf(value, spec, row, index));
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let at = floats(values, data); at !== -1 && at < values.length; at += 1) {
      const value = values[at];
      if (typeof value === 'number') {
        data[at] = value;
        // JSON has no infinity: a number was too large. A CSV may well say inf.
        if (!Number.isFinite(data[at]) && (Number.isFinite(value) || !csv))
          bad(spec.name, datatype, row(at), value, ' that is too large for it');
      } else if (value === null || value === undefined) data[at] = Number.NaN;
      else if (typeof value === 'bigint' && BigInt(Number(value)) === value) data[at] = Number(value);
      else wrong(at);
    }
    return data;
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const [low, high] = datatype === 'INT64' ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
    values.forEach((value, index) => {
      const whole =
        typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(Number(value)) : wrong(index);
      if (whole < low || whole > high) wrong(index);
      data[index] = whole;
    });
    return data;
  }
  if (!('buffer' in data)) return data;
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw new MillwrightError(
      'MW-TENSOR',
      `column "${spec.name}" takes ${datatype}, which has no form in JSON or CSV`,
      {
        where: spec.name,
        next: 'send it as a binary tensor: POST /v2/models/<endpoint>/infer',
      },
    );
  }
  const [low, high] = RANGE[datatype] ?? [0, 1];
  values.forEach((value, index) => {
    if (datatype === 'BOOL' && typeof value === 'boolean') data[index] = value ? 1 : 0;
    else if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) data[index] = value;
    else wrong(index);
  });
  return data;
}

/** Lists in lists: each must be as long as its neighbours, or rows would be mixed up without a word. */
function even(values: readonly unknown[], shape: readonly number[], level: number): boolean {
  const last = level === shape.length;
  return values.every((value) =>
    Array.isArray(value) ? !last && value.length === shape[level] && even(value, shape, level + 1) : last,
  );
}

/** The cells of `spec`'s column, one a row, as a tensor; a cell may be a list (nested as the shape is). Throws MW-TENSOR. */
export function tensorOfCells(spec: TensorSpec, datatype: Datatype, cells: readonly unknown[], csv: boolean): Tensor {
  const shape = [cells.length];
  let level: unknown = cells[0];
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  if (!even(cells, shape, 1)) {
    throw new MillwrightError('MW-TENSOR', `the lists of column "${spec.name}" are not all of the same length`, {
      where: spec.name,
      next: `the model takes the shape [${spec.shape.join(', ')}] (-1 = any)`,
    });
  }
  const flat = shape.length === 1 ? cells : cells.flat(shape.length - 1);
  const values = csv ? flat.map((cell) => typed(cell, datatype)) : flat;
  const width = cells.length === 0 ? 1 : flat.length / cells.length;
  const count = elementCount(shape);
  const data = fill(
    spec,
    datatype,
    values,
    datatype === 'BYTES' ? [] : emptyData(datatype, count),
    (index) => Math.floor(index / width),
    csv,
  );
  const wanted = spec.shape.length === 2 && shape.length === 1 ? [cells.length, 1] : shape;
  return { name: spec.name, datatype, shape: wanted, data };
}
