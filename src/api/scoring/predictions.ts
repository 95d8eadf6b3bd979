/** Outputs to what callers of the row protocols read: JSON rows, JSON columns, CSV. */
import { MillwrightError } from '../../domain/errors.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { dataToJson } from '../oip/json-tensor.ts';
import { csvCell } from './csv.ts';

/** Flat JSON of one row's elements nested as the rest of the shape. */
function nested(parts: readonly string[], shape: readonly number[]): string {
  const [size = 1, ...rest] = shape;
  if (rest.length === 0) return `[${parts.join(',')}]`;
  const each = parts.length / size;
  return `[${Array.from({ length: size }, (_, at) => nested(parts.slice(at * each, (at + 1) * each), rest)).join(',')}]`;
}

const texts = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value));

/** A model may say that it has a billion rows of nothing: [1000000000, 0] takes no values. */
const ROWS_LIMIT = 1_000_000;

/** The JSON text of each row of an output: a value, or a list as its shape says. */
function rowTexts(output: Tensor, rows: number): string[] {
  if (output.shape.some((size) => size > ROWS_LIMIT && size > output.data.length))
    throw new MillwrightError(
      'MW-MODEL-OUTPUT',
      `the model's output "${output.name}" has the shape [${output.shape.join(', ')}] and no values for it`,
    );
  const width = output.data.length / rows;
  if (!Number.isInteger(width) || output.shape[0] !== rows)
    return Array.from({ length: rows }, () => dataToJson(output));
  if (width === 1 && output.shape.length <= 2) {
    if (Array.isArray(output.data)) return texts(output.data);
    if (output.data instanceof Float32Array || output.data instanceof Float64Array)
      return Array.from(output.data, (value) => (Number.isFinite(value) ? String(value) : 'null'));
  }
  return Array.from({ length: rows }, (_, row) => {
    const data = output.data.slice(row * width, (row + 1) * width);
    const text = dataToJson({ ...output, data });
    if (width === 1 && output.shape.length <= 2) return text.slice(1, -1);
    if (output.shape.length <= 2) return text;
    const parts = Array.isArray(data) ? texts(data) : text.slice(1, -1).split(',');
    return nested(parts, output.shape.slice(1));
  });
}

/** One output: a list of values. Several: a record a row, like a DataFrame's. */
export function rowsJson(outputs: readonly Tensor[]): string {
  const first = outputs[0];
  if (first === undefined) return '[]';
  const rows = rowsOf(outputs);
  const columns = outputs.map((output) => rowTexts(output, rows));
  if (columns.length === 1) return `[${columns[0]?.join(',') ?? ''}]`;
  const names = outputs.map((output) => JSON.stringify(output.name));
  return `[${Array.from({ length: rows }, (_, row) => `{${names.map((name, index) => `${name}:${columns[index]?.[row] ?? 'null'}`).join(',')}}`).join(',')}]`;
}

/** TF Serving's column form: the only output's values, or a list for each output name. */
export function columnsJson(outputs: readonly Tensor[]): string {
  const rows = rowsOf(outputs);
  const list = (output: Tensor): string => `[${rowTexts(output, rows).join(',')}]`;
  const [first] = outputs;
  if (first !== undefined && outputs.length === 1) return list(first);
  return `{${outputs.map((output) => `${JSON.stringify(output.name)}:${list(output)}`).join(',')}}`;
}

/** One line a row; a header only where there are several outputs. Lists are JSON in one cell. */
export function rowsCsv(outputs: readonly Tensor[]): string {
  const rows = rowsOf(outputs);
  const columns = outputs.map((output) => {
    if (Array.isArray(output.data) && output.data.length === rows) return output.data.map(String);
    return rowTexts(output, rows).map((text) => (text === 'null' ? '' : text));
  });
  const lines = Array.from({ length: rows }, (_, row) => columns.map((cells) => csvCell(cells[row] ?? '')).join(','));
  const head = outputs.length === 1 ? [] : [outputs.map((output) => csvCell(output.name)).join(',')];
  return `${[...head, ...lines].join('\n')}\n`;
}
