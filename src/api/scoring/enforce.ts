/** A table to the tensors a signature asks for: order by name, extra columns dropped, missing ones an error, types as they are or safely wider. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { isDatatype } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';
import { tensorOfCells } from './cells.ts';
import { refuse } from './table.ts';
import { untyped } from './untyped.ts';
import type { Columns, Table } from './table.ts';

const NEXT = 'GET /v2/models/<endpoint> shows the inputs the model takes';

function datatypeOf(spec: TensorSpec): Datatype {
  return isDatatype(spec.datatype)
    ? spec.datatype
    : refuse(`the model's input "${spec.name}" has the datatype ${spec.datatype}`, spec.name);
}

/** All that are missing at once: whoever sends a table wants to mend it once. */
function missing(names: readonly string[], signature: ModelSignature): MillwrightError {
  const shown = names
    .slice(0, 20)
    .map((name) => `"${name}" (${signature.inputs.find((spec) => spec.name === name)?.datatype ?? ''})`);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return new MillwrightError(
    'MW-TENSOR',
    `the ${names.length === 1 ? 'column' : 'columns'} ${shown.join(', ')}${more} ${names.length === 1 ? 'is' : 'are'} missing`,
    { where: names[0] ?? 'columns', next: NEXT },
  );
}

function byName(table: Columns, signature: ModelSignature): readonly Tensor[] {
  const absent: string[] = [];
  const tensors: Tensor[] = [];
  const columns = table.take(signature.inputs.map((spec) => spec.name));
  for (const [index, spec] of signature.inputs.entries()) {
    const cells = columns[index];
    if (cells === undefined) {
      if (spec.optional !== true) absent.push(spec.name);
    } else if (absent.length === 0) {
      if (cells.length !== table.rows)
        throw new MillwrightError(
          'MW-TENSOR',
          `column "${spec.name}" has ${cells.length} values, the first column ${table.rows}`,
          {
            where: spec.name,
            next: NEXT,
          },
        );
      tensors.push(tensorOfCells(spec, datatypeOf(spec), cells, table.text));
    }
  }
  if (absent.length > 0) throw missing(absent, signature);
  return tensors;
}

/** Throws MW-TENSOR naming the column and the row, MW-INVALID. Optional columns that are absent have no tensor. */
export function enforce(table: Table, signature: ModelSignature): readonly Tensor[] {
  const only = signature.inputs.length === 1 ? signature.inputs[0] : undefined;
  if (signature.inputs.length === 0 && (table.kind === 'tensor' ? table.values.length : table.rows) > 0)
    return untyped(table);
  if (table.kind === 'columns') {
    if (table.rows === 0) refuse('there are no rows', 'body');
    const wide =
      only !== undefined && only.shape.length === 2 && only.shape[1] !== 1 && !table.names.includes(only.name);
    if (!wide) return byName(table, signature);
    // One input of several features has no names for them: the columns are taken in the order they were sent.
    const columns = table.take(table.names).map((cells) => cells ?? []);
    const rows = Array.from({ length: table.rows }, (_, row) => columns.map((cells) => cells[row]));
    return [tensorOfCells(only, datatypeOf(only), rows, table.text)];
  }
  if (table.values.length === 0) refuse('there are no rows', 'body');
  if (only === undefined) {
    return refuse(
      `the model has ${signature.inputs.length} inputs (${signature.inputs
        .slice(0, 20)
        .map((spec) => spec.name)
        .join(', ')}): name them`,
      'inputs',
    );
  }
  return [tensorOfCells(only, datatypeOf(only), table.values, false)];
}
