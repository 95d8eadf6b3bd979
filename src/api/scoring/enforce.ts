/** A table to the tensors a signature asks for: order by name, extra columns dropped, missing ones an error. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { isDatatype } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';
import { tensorFromJson } from '../oip/json-tensor.ts';
import { refuse } from './table.ts';
import type { Table } from './table.ts';

function datatypeOf(spec: TensorSpec): Datatype {
  return isDatatype(spec.datatype)
    ? spec.datatype
    : refuse(`the model's input "${spec.name}" has the datatype ${spec.datatype}`, spec.name);
}

/** A CSV cell has no type of its own; an empty one is missing. */
function typed(cell: unknown, datatype: Datatype): unknown {
  if (typeof cell !== 'string' || datatype === 'BYTES') return cell;
  const text = cell.trim();
  if (text === '' || text.toLowerCase() === 'nan') return null;
  if (datatype === 'BOOL') return /^(?:true|1)$/i.test(text) ? true : /^(?:false|0)$/i.test(text) ? false : cell;
  if (datatype === 'INT64' || datatype === 'UINT64') return /^-?\d+$/.test(text) ? BigInt(text) : cell;
  const number = Number(text);
  return Number.isNaN(number) ? cell : number;
}

/** Rows × what the signature leaves free; nested lists decide the width. */
function shapeOf(spec: TensorSpec, values: readonly unknown[]): readonly number[] {
  const shape = [values.length];
  let level: unknown = values[0];
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  return spec.shape.length === 2 && shape.length === 1 ? [values.length, 1] : shape;
}

/** A column of null where the model takes text: MLflow sends missing text as null, the model's encoder knows only text. */
const textCell = (cell: unknown): unknown => (cell === null || cell === undefined ? '' : cell);

function column(spec: TensorSpec, table: Extract<Table, { kind: 'columns' }>): Tensor {
  const datatype = datatypeOf(spec);
  const cells = table.columns.get(spec.name);
  if (cells === undefined) {
    throw new MillwrightError('MW-TENSOR', `the column "${spec.name}" (${datatype}) is missing`, {
      where: spec.name,
      next: 'GET /v2/models/<endpoint> shows the inputs the model takes',
    });
  }
  const values =
    datatype === 'BYTES' ? cells.map(textCell) : table.text ? cells.map((cell) => typed(cell, datatype)) : cells;
  return tensorFromJson(spec.name, datatype, shapeOf(spec, values), values);
}

export function enforce(table: Table, signature: ModelSignature): readonly Tensor[] {
  const only = signature.inputs.length === 1 ? signature.inputs[0] : undefined;
  if (table.kind === 'columns') {
    const wide = only !== undefined && !table.columns.has(only.name) && only.shape.length === 2 && only.shape[1] !== 1;
    if (!wide) return signature.inputs.map((spec) => column(spec, table));
    // One input of several features has no names for them: the columns are taken in the order they were sent.
    const datatype = datatypeOf(only);
    const rows = Array.from({ length: table.rows }, (_, row) =>
      table.names.map((name) => table.columns.get(name)?.[row]),
    );
    const values = table.text ? rows.map((row) => row.map((cell) => typed(cell, datatype))) : rows;
    return [tensorFromJson(only.name, datatype, [table.rows, table.names.length], values)];
  }
  if (only === undefined) {
    return refuse(
      `the model has ${signature.inputs.length} inputs (${signature.inputs.map((spec) => spec.name).join(', ')}): name them`,
      'inputs',
    );
  }
  return [tensorFromJson(only.name, datatypeOf(only), shapeOf(only, table.values), table.values)];
}
