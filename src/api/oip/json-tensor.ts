/** JSON `data`, nested or flat, to a tensor's storage and back. Numbers as strings are refused: they hide a client's mistake. */
import { MillwrightError } from '../../domain/errors.ts';
import { elementCount, emptyData, halfToNumber } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor, TensorData } from '../../domain/tensors.ts';

const RANGE: Readonly<Partial<Record<Datatype, readonly [number, number]>>> = {
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
};
const WIDE: Readonly<Record<string, readonly [bigint, bigint]>> = {
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
};

function wrong(value: unknown, name: string, index: number, datatype: Datatype): never {
  const shown =
    typeof value === 'object' && value !== null
      ? 'an object'
      : typeof value === 'string'
        ? JSON.stringify(value.slice(0, 200))
        : String(value);
  const hint = typeof value === 'string' && datatype !== 'BYTES' ? ' (a number is written without quotes)' : '';
  throw new MillwrightError('MW-TENSOR', `element ${index} of "${name}" is ${shown}, not a ${datatype}${hint}`, {
    where: `inputs.${name}[${index}]`,
    next: 'GET /v2/models/<endpoint> shows the inputs the model takes',
  });
}

function tooLarge(name: string, index: number, datatype: Datatype): never {
  throw new MillwrightError('MW-TENSOR', `element ${index} of "${name}" is too large for ${datatype}`, {
    where: `inputs.${name}[${index}]`,
  });
}

type Write = (value: unknown, index: number) => void;

function writer(name: string, datatype: Datatype, data: TensorData): Write {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const [low, high] = WIDE[datatype] ?? [0n, 0n];
    return (value, index) => {
      const whole =
        typeof value === 'bigint'
          ? value
          : typeof value === 'number' && Number.isSafeInteger(value)
            ? BigInt(value)
            : undefined;
      if (whole === undefined || whole < low || whole > high) wrong(value, name, index, datatype);
      data[index] = whole;
    };
  }
  if (data instanceof Float32Array || data instanceof Float64Array) {
    return (value, index) => {
      if (typeof value === 'number') {
        data[index] = value;
        // 1e39 is a number, but no FP32: it must not become infinite unseen.
        if (!Number.isFinite(data[index])) tooLarge(name, index, datatype);
      }
      // A missing number: NaN is what imputers in exported pipelines look for.
      else if (value === null) data[index] = Number.NaN;
      else if (typeof value === 'bigint') {
        data[index] = Number(value);
        if (!Number.isFinite(data[index])) tooLarge(name, index, datatype);
      } else wrong(value, name, index, datatype);
    };
  }
  if (datatype === 'BOOL' && data instanceof Uint8Array) {
    return (value, index) => {
      if (value !== true && value !== false && value !== 0 && value !== 1) wrong(value, name, index, datatype);
      data[index] = value === true || value === 1 ? 1 : 0;
    };
  }
  if (Array.isArray(data)) {
    const strings: string[] = data;
    return (value, index) => {
      if (typeof value !== 'string') wrong(value, name, index, datatype);
      // Half of a pair has no UTF-8: it would come out as another character.
      if (!value.isWellFormed()) wrong(value, name, index, 'BYTES');
      strings[index] = value;
    };
  }
  if (!('buffer' in data)) return (value, index) => wrong(value, name, index, datatype);
  const [low, high] = RANGE[datatype] ?? [0, 0];
  return (value, index) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
      wrong(value, name, index, datatype);
    data[index] = value;
  };
}

const disagreement = (name: string, given: number, shape: readonly number[], count: number): MillwrightError =>
  new MillwrightError('MW-TENSOR', `"${name}" has ${given} elements, its shape [${shape.join(', ')}] needs ${count}`, {
    where: `inputs.${name}.data`,
  });

/** Elements in nested lists; the depth of a body is bounded before. */
function leaves(values: readonly unknown[]): number {
  let sum = 0;
  for (const value of values) sum += Array.isArray(value) ? leaves(value) : 1;
  return sum;
}

/** A flat list of nothing but numbers, which is what most tensors are. False: look at each element. */
function floats(values: readonly unknown[], data: TensorData): boolean {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return false;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value !== 'number') return false;
    data[index] = value;
    // Too large for the type: the writer says which.
    const kept = data[index];
    if (kept === Number.POSITIVE_INFINITY || kept === Number.NEGATIVE_INFINITY) return false;
  }
  return true;
}

/** `shape` decides how many elements there must be. Throws MW-TENSOR naming the element. */
export function tensorFromJson(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  values: readonly unknown[],
): Tensor {
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw new MillwrightError('MW-TENSOR', `"${name}" is ${datatype}, which has no form in JSON`, {
      where: `inputs.${name}.datatype`,
      next: 'send its bytes as binary data, or the numbers as FP32',
    });
  }
  const count = elementCount(shape);
  // Counted before memory is taken: a shape is a few bytes that could ask for terabytes.
  const given = values.length === count ? count : leaves(values);
  if (given !== count) throw disagreement(name, given, shape, count);
  const data = emptyData(datatype, count);
  if (values.length === count && floats(values, data)) return { name, datatype, shape, data };
  const write = writer(name, datatype, data);
  let next = 0;
  const fill = (part: readonly unknown[], level: number): void => {
    for (const value of part) {
      if (Array.isArray(value)) {
        if (level >= Math.max(shape.length, 1)) wrong(value, name, next, datatype);
        fill(value, level + 1);
      } else {
        if (next < count) write(value, next);
        next += 1;
      }
    }
  };
  fill(values, 1);
  if (next !== count) throw disagreement(name, next, shape, count);
  return { name, datatype, shape, data };
}

function halfText(bits: number, datatype: 'FP16' | 'BF16'): string {
  const value = halfToNumber(bits, datatype);
  return Number.isFinite(value) ? String(value) : 'null';
}

/** The JSON array of a tensor's elements, flat. JSON has no NaN: not-a-number and infinities become null. */
export function dataToJson({ data, datatype }: Tensor): string {
  if (datatype === 'FP16' || datatype === 'BF16')
    return `[${Array.from({ length: data.length }, (_, index) => halfText(Number(data[index]), datatype)).join(',')}]`;
  if (Array.isArray(data)) return JSON.stringify(data);
  if (datatype === 'BOOL') return `[${[...data].map((value) => (value === 0 ? 'false' : 'true')).join(',')}]`;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const text = data.join(',');
    // 'N' and 'I' appear in NaN and Infinity only.
    if (!/[NI]/.test(text)) return `[${text}]`;
    return `[${Array.from(data, (value) => (Number.isFinite(value) ? String(value) : 'null')).join(',')}]`;
  }
  return `[${data.join(',')}]`;
}
