/** A signature as people and programs fill it in: one field an input, with a row of real values. */
import type { TensorSpec } from '../../domain/registry.ts';
import { halfToNumber } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';

export type Kind = 'number' | 'integer' | 'boolean' | 'text';

export interface Field {
  readonly name: string;
  readonly datatype: string;
  readonly kind: Kind;
  /** Sizes of what one row has; empty = one value; -1 = any. */
  readonly size: readonly number[];
  readonly optional: boolean;
  readonly content?: 'datetime' | 'binary';
}

export type Cell = string | number | boolean | null | readonly Cell[];
export type Row = Readonly<Record<string, Cell>>;

function kindOf(datatype: string): Kind {
  if (datatype === 'BYTES') return 'text';
  if (datatype === 'BOOL') return 'boolean';
  return datatype.startsWith('FP') || datatype === 'BF16' ? 'number' : 'integer';
}

export function fieldOf(spec: TensorSpec): Field {
  const rest = spec.shape.slice(1);
  return {
    name: spec.name,
    datatype: spec.datatype,
    kind: kindOf(spec.datatype),
    size: rest.length === 1 && rest[0] === 1 ? [] : rest,
    optional: spec.optional === true,
    ...(spec.content === undefined ? {} : { content: spec.content }),
  };
}

const valueAt = ({ data, datatype }: Tensor, at: number): string | number | bigint | undefined =>
  datatype === 'FP16' || datatype === 'BF16' ? halfToNumber(Number(data[at] ?? 0), datatype) : data[at];

/** Whole numbers beyond 2^53 stay exact only as text; an example may round them. */
function cellOf(value: string | number | bigint | undefined, kind: Kind): Cell {
  if (value === undefined) return null;
  if (typeof value === 'string') return value;
  const number = Number(value);
  if (kind === 'boolean') return number !== 0;
  if (!Number.isFinite(number)) return null;
  // A 32-bit float has 7 digits; the rest is noise of its widening.
  return kind === 'number' ? Number(number.toPrecision(7)) : number;
}

function nest(values: readonly Cell[], size: readonly number[]): Cell {
  const [first, ...rest] = size;
  if (first === undefined) return values[0] ?? null;
  if (rest.length === 0) return values;
  const each = values.length / Math.max(1, first);
  return Array.from({ length: first }, (_, at) => nest(values.slice(at * each, (at + 1) * each), rest));
}

function zero({ kind, content }: Field): Cell {
  if (content === 'datetime') return '2026-01-01T00:00:00';
  return kind === 'text' ? '' : kind === 'boolean' ? false : 0;
}

/** One row of `tensors`; of fields they do not have, and without them, zeros and empty texts. */
export function rowOf(fields: readonly Field[], tensors: readonly Tensor[], row: number): Row {
  return Object.fromEntries(
    fields.map((field) => {
      const size = field.size.map((length) => (length === -1 ? 1 : length));
      const count = size.reduce((product, length) => product * length, 1);
      const tensor = tensors.find((one) => one.name === field.name);
      const rows = tensor?.shape[0] ?? 0;
      if (tensor === undefined || row >= rows) {
        return [
          field.name,
          nest(
            Array.from({ length: count }, () => zero(field)),
            size,
          ),
        ];
      }
      const width = tensor.data.length / rows;
      const values = Array.from({ length: width }, (_, at) => cellOf(valueAt(tensor, row * width + at), field.kind));
      return [field.name, nest(values, field.size.length === 0 ? [] : tensor.shape.slice(1))];
    }),
  );
}

const CHOICES = 50;

/** Different texts of each text field in `tensors`: what a list beside the input offers. */
export function choicesOf(
  fields: readonly Field[],
  tensors: readonly Tensor[],
): Readonly<Record<string, readonly string[]>> {
  const texts = fields.filter((field) => field.kind === 'text' && field.size.length === 0);
  return Object.fromEntries(
    texts.flatMap((field): [string, string[]][] => {
      const data = tensors.find((one) => one.name === field.name)?.data;
      if (!Array.isArray(data)) return [];
      return [
        [
          field.name,
          [...new Set(data.map(String))]
            .filter((text) => text !== '')
            .sort()
            .slice(0, CHOICES),
        ],
      ];
    }),
  );
}
