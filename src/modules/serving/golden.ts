/** Golden rows: rows of the training sample with the answers that the model gave when it was made. A release must repeat them before it takes calls. */
import { MillwrightError } from '../../domain/errors.ts';
import { elementCount, emptyData, isDatatype, rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor, TensorData } from '../../domain/tensors.ts';

export interface Golden {
  readonly rows: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** A number repeats when it is within tolerance × max(1, |expected|). */
  readonly tolerance: number;
}

const DEFAULT_TOLERANCE = 1e-4;
const MAX_ROWS = 1000;
const MAX_ELEMENTS = 1_000_000;

function broken(what: string): never {
  throw new MillwrightError('MW-MODEL-LOAD', `the golden rows cannot be read: ${what}`, {
    where: 'golden',
    next: 'run the pipeline again: its onnx step writes them',
  });
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

/** Whole numbers beyond 2^53 are written as text; null is a missing number. */
function fill(data: TensorData, values: readonly unknown[], name: string): TensorData {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    values.forEach((value, index) => {
      if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) data[index] = BigInt(value);
      else if (typeof value === 'number' && Number.isInteger(value)) data[index] = BigInt(value);
      else broken(`element ${index} of "${name}" is no whole number`);
    });
    return data;
  }
  if (!('buffer' in data)) {
    return values.map((value, index) =>
      typeof value === 'string' ? value : broken(`element ${index} of "${name}" is no text`),
    );
  }
  values.forEach((value, index) => {
    if (typeof value === 'number') data[index] = value;
    else if (typeof value === 'boolean') data[index] = value ? 1 : 0;
    else if (value === null) data[index] = Number.NaN;
    else broken(`element ${index} of "${name}" is no number`);
  });
  return data;
}

function tensorOf(value: unknown): Tensor {
  const [name, datatype, shape, values] = ['name', 'datatype', 'shape', 'data'].map((key) => member(value, key));
  if (typeof name !== 'string') return broken('a tensor has no name');
  if (typeof datatype !== 'string' || !isDatatype(datatype)) return broken(`"${name}" has no known datatype`);
  if (!Array.isArray(shape) || shape.length > 8) return broken(`"${name}" has no shape`);
  const sizes = shape.map((size: unknown) =>
    typeof size === 'number' && Number.isInteger(size) && size >= 0 ? size : broken(`"${name}" has a broken shape`),
  );
  const count = elementCount(sizes);
  if (count > MAX_ELEMENTS || (sizes[0] ?? 1) > MAX_ROWS) return broken(`"${name}" is too large`);
  if (!Array.isArray(values) || values.length !== count) return broken(`"${name}" has not ${count} elements`);
  return { name, datatype, shape: sizes, data: fill(emptyData(datatype, count), values, name) };
}

/** Text: JSON {inputs, outputs: tensors of the Open Inference Protocol V2 with flat data, tolerance?}. Throws MW-MODEL-LOAD. */
export function readGolden(text: string): Golden {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return broken('not JSON');
  }
  const [inputs, outputs] = ['inputs', 'outputs'].map((key) => {
    const list = member(value, key);
    return Array.isArray(list) && list.length > 0 ? list.map(tensorOf) : broken(`no ${key}`);
  });
  const tolerance = member(value, 'tolerance') ?? DEFAULT_TOLERANCE;
  if (typeof tolerance !== 'number' || !(tolerance >= 0)) return broken('the tolerance is no number');
  if (inputs === undefined || outputs === undefined) return broken('no tensors');
  const rows = rowsOf(inputs);
  const uneven = [...inputs, ...outputs].find((tensor) => tensor.shape[0] !== rows);
  if (uneven !== undefined) return broken(`"${uneven.name}" has not ${rows} rows`);
  return { rows, inputs, outputs, tolerance };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function repeats(expected: unknown, observed: unknown, tolerance: number): boolean {
  if (typeof expected === 'string' || typeof observed === 'string') return String(expected) === String(observed);
  if (typeof expected === 'bigint' && typeof observed === 'bigint') return expected === observed;
  const [a, b] = [Number(expected), Number(observed)];
  return Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a));
}

/** Throws MW-MODEL-LOAD that names row, output, expected and observed. Outputs that the golden rows do not name are not looked at. */
export function checkGolden(golden: Golden, answer: readonly Tensor[]): void {
  for (const wanted of golden.outputs) {
    const got = answer.find((output) => output.name === wanted.name);
    const differs = (where: string, text: string): never => {
      throw new MillwrightError('MW-MODEL-LOAD', `the model does not repeat its golden rows: ${text}`, {
        where,
        next: 'the file, the runtime or its libraries differ from those it was made with: run the pipeline again',
      });
    };
    if (got === undefined) return differs(wanted.name, `it has no output "${wanted.name}"`);
    if (got.data.length !== wanted.data.length)
      return differs(
        wanted.name,
        `output "${wanted.name}" has the shape [${got.shape.join(', ')}], expected [${wanted.shape.join(', ')}]`,
      );
    const width = Math.max(1, wanted.data.length / golden.rows);
    for (let index = 0; index < wanted.data.length; index += 1) {
      const [expected, observed] = [wanted.data[index], got.data[index]];
      if (repeats(expected, observed, golden.tolerance)) continue;
      const row = Math.floor(index / width);
      return differs(
        `${wanted.name}[${row}]`,
        `row ${row}, output "${wanted.name}": expected ${shown(expected)}, observed ${shown(observed)} (tolerance ${golden.tolerance})`,
      );
    }
  }
}

/** One row of it. */
export function goldenRow(golden: Golden, row: number): readonly Tensor[] {
  return golden.inputs.map((tensor) => {
    const width = tensor.data.length / golden.rows;
    return {
      ...tensor,
      shape: [1, ...tensor.shape.slice(1)],
      data: tensor.data.slice(row * width, (row + 1) * width),
    };
  });
}
