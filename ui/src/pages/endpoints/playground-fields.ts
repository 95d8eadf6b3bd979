import type { DatasetVersion, ModelSignature, Prediction } from '../../api/types.ts';

export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;
/** What stands in the fields: text until it is sent. */
export type Draft = Readonly<Record<string, string>>;

export interface Field {
  readonly name: string;
  readonly kind: 'number' | 'integer' | 'boolean' | 'text';
  readonly datatype: string;
  /** Smallest and largest value known, of the training data if its profile is there, else of recent calls. */
  readonly range?: { readonly low: number; readonly high: number; readonly from: 'training' | 'seen' };
  /** Texts that occurred, most frequent first. */
  readonly values: readonly string[];
}

const VALUES_OFFERED = 50;

function kindOf(datatype: string): Field['kind'] {
  if (datatype === 'BYTES' || datatype === 'STRING') return 'text';
  if (datatype === 'BOOL') return 'boolean';
  return /^U?INT/.test(datatype) ? 'integer' : 'number';
}

/** An input that takes more than one value a row cannot be written into one field. */
export const isWide = (shape: readonly number[]): boolean => shape.slice(1).some((size) => size > 1 || size < 0);

function rangeOf(numbers: readonly number[], column: DatasetVersion['columns'][number] | undefined): Field['range'] {
  if (column?.min !== undefined && column.max !== undefined)
    return { low: column.min, high: column.max, from: 'training' };
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  // One value is no range: another one beside it would not be outside of anything.
  return low < high ? { low, high, from: 'seen' } : undefined;
}

/** The inputs of a signature as fields, with what training and recent calls know about their values. */
export function fieldsOf(
  signature: ModelSignature,
  recent: readonly Prediction[],
  columns: DatasetVersion['columns'],
): readonly Field[] {
  return signature.inputs
    .filter((one) => !isWide(one.shape))
    .map((one): Field => {
      const column = columns.find((known) => known.name === one.name);
      const seen = recent.map((prediction) => prediction.inputs[one.name]);
      const kind = kindOf(one.datatype);
      const range =
        kind === 'number' || kind === 'integer'
          ? rangeOf(
              seen.filter((value) => typeof value === 'number'),
              column,
            )
          : undefined;
      const texts = [...(column?.top ?? []).map((top) => top.value), ...seen.filter((v) => typeof v === 'string')];
      return {
        name: one.name,
        kind,
        datatype: one.datatype,
        values: kind === 'text' ? [...new Set(texts)].slice(0, VALUES_OFFERED) : [],
        ...(range === undefined ? {} : { range }),
      };
    });
}

/** A step that moves a value visibly and keeps it round: a fiftieth of the range, rounded to 1, 2 or 5. */
export function stepOf(field: Field): number {
  if (field.kind === 'integer') return 1;
  const span = field.range === undefined ? 0 : field.range.high - field.range.low;
  if (!(span > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(span / 50));
  return Number((([1, 2, 5].findLast((one) => one * power <= span / 50) ?? 1) * power).toPrecision(3));
}

/** `undefined`: the cell is fine. */
export function cellProblem(field: Field, text: string): 'number' | 'integer' | undefined {
  if (field.kind !== 'number' && field.kind !== 'integer') return undefined;
  if (text.trim() === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return 'number';
  return field.kind === 'integer' && !Number.isInteger(value) ? 'integer' : undefined;
}

/** An empty number is a missing value. */
function cellOf(field: Field, text: string): Cell {
  if (field.kind === 'text') return text;
  if (text.trim() === '') return null;
  return field.kind === 'boolean' ? text === 'true' : Number(text);
}

export const rowOf = (fields: readonly Field[], draft: Draft): Row =>
  Object.fromEntries(fields.map((field) => [field.name, cellOf(field, draft[field.name] ?? '')]));

const written = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : typeof value === 'number'
      ? String(Number(value.toPrecision(8)))
      : typeof value === 'string'
        ? value
        : JSON.stringify(value);

export const draftOf = (fields: readonly Field[], row: Readonly<Record<string, unknown>>): Draft =>
  Object.fromEntries(
    fields.map((field) => [
      field.name,
      row[field.name] === undefined && field.kind === 'boolean' ? 'false' : written(row[field.name]),
    ]),
  );

/** The field that an error of the API speaks of: by its `where`, else by a name in quotes in its message. */
export function fieldNamed(fields: readonly Field[], message: string, where: string | undefined): string | undefined {
  const names = fields.map((field) => field.name).toSorted((a, b) => b.length - a.length);
  const parts = (where ?? '').split(/[.[\]]+/);
  return (
    names.find((name) => parts.includes(name)) ??
    names.find((name) => message.includes(`"${name}"`) || message.includes(`inputs.${name}`))
  );
}

/** Names of the inputs in which two rows differ. */
export const changed = (a: Row, b: Row): readonly string[] =>
  Object.keys(b).filter((name) => (a[name] ?? null) !== (b[name] ?? null));
