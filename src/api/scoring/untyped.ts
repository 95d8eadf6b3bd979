/** A table for a model without a signature: a tensor a column, typed by what stands in it, as pandas would read the same JSON. */
import type { Datatype, Tensor } from '../../domain/tensors.ts';
import { tensorOfCells } from './cells.ts';
import type { Table } from './table.ts';

const MISSING = new Set(['', 'nan', 'na', 'null']);

/** In a CSV every cell is text: one that reads as a number counts as one. */
function kindOf(cell: unknown, csv: boolean): Datatype | 'none' {
  if (cell === null || cell === undefined || (csv && typeof cell === 'string' && MISSING.has(cell.toLowerCase())))
    return 'none';
  if (csv && typeof cell === 'string') {
    if (/^[+-]?\d{1,18}$/.test(cell.trim())) return 'INT64';
    return Number.isNaN(Number(cell)) ? 'BYTES' : 'FP64';
  }
  if (typeof cell === 'boolean') return 'BOOL';
  if (typeof cell === 'bigint') return 'INT64';
  if (typeof cell === 'number') return Number.isInteger(cell) ? 'INT64' : 'FP64';
  return 'BYTES';
}

/** Whole numbers with a gap are floats, as in a DataFrame; a mixture is text, which the cells then have to be. */
function datatypeOf(cells: readonly unknown[], csv: boolean): Datatype {
  const kinds = new Set(cells.map((cell) => kindOf(cell, csv)));
  const gap = kinds.delete('none');
  const [only] = kinds;
  if (kinds.size === 0) return 'FP64';
  if (kinds.size === 1 && only !== undefined && only !== 'none') return gap && only === 'INT64' ? 'FP64' : only;
  return [...kinds].every((kind) => kind === 'INT64' || kind === 'FP64') ? 'FP64' : 'BYTES';
}

/** Throws MW-TENSOR naming the column and the row. Values without names are one tensor, `input-0`. */
export function untyped(table: Table): readonly Tensor[] {
  if (table.kind === 'tensor') {
    const spec = { name: 'input-0', datatype: '', shape: [-1] };
    return [tensorOfCells(spec, datatypeOf(table.values.flat(16), false), table.values, false)];
  }
  const columns = table.take(table.names);
  return table.names.map((name, index) => {
    const cells = columns[index] ?? [];
    return tensorOfCells(
      { name, datatype: '', shape: [-1, 1] },
      datatypeOf(cells.flat(16), table.text),
      cells,
      table.text,
    );
  });
}
