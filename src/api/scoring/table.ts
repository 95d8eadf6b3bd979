/** The JSON bodies of MLflow's scoring protocol as one table: columns by name, or values without names. Cells are never copied into messages. */
import { MillwrightError } from '../../domain/errors.ts';
import { isObject } from '../oip/json-body.ts';

export interface Columns {
  readonly kind: 'columns';
  readonly names: readonly string[];
  readonly rows: number;
  /** Cells are texts without a type of their own, as in a CSV. */
  readonly text: boolean;
  /**
   * The cells of each named column, one a row; undefined when no row has it. A row that lacks it has null. All at once, row by row:
   * column by column each row would come into the processor's cache anew for each of hundreds of columns.
   */
  take(names: readonly string[]): readonly (readonly unknown[] | undefined)[];
}

export type Table = Columns | { readonly kind: 'tensor'; readonly values: readonly unknown[] };

export function refuse(message: string, where: string): never {
  throw new MillwrightError('MW-INVALID', message, {
    where,
    next: 'send {"dataframe_split": {"columns": [...], "data": [[...]]}} or {"dataframe_records": [{...}]}',
  });
}

/** Room for one cell a row, made at once: an array that grows, or is filled with undefined first, takes several times as long. */
function blank(rows: number): unknown[] {
  // oxlint-disable-next-line unicorn/no-new-array
  return new Array<unknown>(rows);
}

/** Rows as lists of cells in the order of `names`. Throws MW-INVALID for a row of another length. */
export function tableOfRows(
  names: readonly string[],
  data: readonly (readonly unknown[])[],
  where: string,
  text: boolean,
): Columns {
  const index = new Map(names.map((name, at) => [name, at]));
  if (index.size !== names.length) refuse('two columns have the same name', where);
  const width = names.length;
  data.forEach((row, at) => {
    if (!Array.isArray(row) || row.length !== width)
      refuse(`row ${at} has not ${width} cells, one for each column`, `${where}[${at}]`);
  });
  return {
    kind: 'columns',
    names,
    rows: data.length,
    text,
    take(wanted) {
      const places = wanted.map((name) => index.get(name));
      const columns = places.map((at) => (at === undefined ? undefined : blank(data.length)));
      for (const [at, row] of data.entries()) {
        for (let column = 0; column < places.length; column += 1) {
          const cells = columns[column];
          if (cells !== undefined) cells[at] = row[places[column] ?? 0];
        }
      }
      return columns;
    },
  };
}

const SPLIT_KEYS: ReadonlySet<string> = new Set(['columns', 'data', 'index']);

function split(value: unknown): Table {
  if (!isObject(value)) return refuse('dataframe_split must be an object', 'dataframe_split');
  const strange = Object.keys(value).find((key) => !SPLIT_KEYS.has(key));
  if (strange !== undefined) refuse('dataframe_split takes columns, data and index only', 'dataframe_split');
  const { columns, data } = value;
  if (!Array.isArray(data)) return refuse('dataframe_split needs data, a list of rows', 'dataframe_split.data');
  if (columns === undefined || columns === null) return { kind: 'tensor', values: data };
  if (!Array.isArray(columns)) return refuse('columns must be a list of names', 'dataframe_split.columns');
  return tableOfRows(columns.map(String), data, 'dataframe_split.data', false);
}

/** Rows as objects. Columns are looked up only when they are asked for: a wide table may have hundreds that nobody wants. */
function records(value: unknown, where: string): Columns {
  if (!Array.isArray(value)) return refuse(`${where} must be a list`, where);
  const list: readonly unknown[] = value;
  const rows = list.map((row, at) => (isObject(row) ? row : refuse(`row ${at} is not an object`, `${where}[${at}]`)));
  return {
    kind: 'columns',
    names: Object.keys(rows[0] ?? {}),
    rows: rows.length,
    text: false,
    take(wanted) {
      // What every object inherits (toString, __proto__) is no cell of a row.
      const inherited = new Set(wanted.filter((name) => name in Object.prototype));
      const columns = wanted.map(() => blank(rows.length));
      const found = new Uint8Array(wanted.length);
      for (const [at, row] of rows.entries()) {
        for (let column = 0; column < wanted.length; column += 1) {
          const name = wanted[column] ?? '';
          const cell = inherited.size > 0 && inherited.has(name) && !Object.hasOwn(row, name) ? undefined : row[name];
          if (cell !== undefined) found[column] = 1;
          const cells = columns[column];
          if (cells !== undefined) cells[at] = cell ?? null;
        }
      }
      return columns.map((cells, column) => (found[column] === 1 ? cells : undefined));
    },
  };
}

function named(value: Readonly<Record<string, unknown>>): Columns {
  const names = Object.keys(value);
  const cells = new Map(names.map((name) => [name, Array.isArray(value[name]) ? value[name] : [value[name]]]));
  return {
    kind: 'columns',
    names,
    rows: cells.get(names[0] ?? '')?.length ?? 0,
    text: false,
    take: (wanted) => wanted.map((name) => cells.get(name)),
  };
}

/** TF Serving's row form: a list of objects, or of values of the only input. */
export function tableOfInstances(value: unknown, where = 'instances'): Table {
  if (!Array.isArray(value)) return refuse(`${where} must be a list`, where);
  return isObject(value[0]) ? records(value, where) : { kind: 'tensor', values: value };
}

/** TF Serving's column form: values of the only input, or a list for each input name. */
export function tableOfInputs(value: unknown, where = 'inputs'): Table {
  if (isObject(value)) return named(value);
  if (!Array.isArray(value)) return refuse(`${where} must be a list, or an object with a list for each input`, where);
  return isObject(value[0]) ? records(value, where) : { kind: 'tensor', values: value };
}

const FORMS = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const;

/** Exactly one of the four forms. Throws MW-INVALID. */
export function tableOf(body: Readonly<Record<string, unknown>>): Table {
  const given = FORMS.filter((form) => Object.hasOwn(body, form));
  const form = given[0];
  if (form === undefined || given.length > 1)
    return refuse(`the body must have exactly one of ${FORMS.join(', ')}`, 'body');
  const value = body[form];
  switch (form) {
    case 'dataframe_split':
      return split(value);
    case 'dataframe_records':
      return records(value, form);
    case 'instances':
      return tableOfInstances(value);
    case 'inputs':
      return tableOfInputs(value);
  }
}
