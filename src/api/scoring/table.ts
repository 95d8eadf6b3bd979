/** The five bodies of MLflow's scoring protocol as one table: columns by name, or rows without names. */
import { MillwrightError } from '../../domain/errors.ts';

export type Table =
  | {
      readonly kind: 'columns';
      readonly names: readonly string[];
      readonly columns: ReadonlyMap<string, readonly unknown[]>;
      readonly rows: number;
      readonly text: boolean;
    }
  | { readonly kind: 'tensor'; readonly values: readonly unknown[] };

export function refuse(message: string, where: string): never {
  throw new MillwrightError('MW-INVALID', message, {
    where,
    next: 'send {"dataframe_split": {"columns": [...], "data": [[...]]}} or {"dataframe_records": [{...}]}',
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fromRows(names: readonly string[], data: readonly unknown[], where: string, text: boolean): Table {
  const columns = new Map<string, unknown[]>(names.map((name) => [name, []]));
  if (columns.size !== names.length) refuse('two columns have the same name', where);
  data.forEach((row, index) => {
    if (!Array.isArray(row) || row.length !== names.length)
      return refuse(`row ${index} has not ${names.length} cells, one for each column`, `${where}[${index}]`);
    names.forEach((name, column) => columns.get(name)?.push(row[column]));
  });
  return { kind: 'columns', names, columns, rows: data.length, text };
}

function split(value: unknown): Table {
  if (!isObject(value)) return refuse('dataframe_split must be an object', 'dataframe_split');
  const { columns, data } = value;
  if (!Array.isArray(data)) return refuse('dataframe_split needs data, a list of rows', 'dataframe_split.data');
  if (!Array.isArray(columns)) return { kind: 'tensor', values: data };
  return fromRows(columns.map(String), data, 'dataframe_split.data', false);
}

function records(value: unknown, where: string): Table {
  if (!Array.isArray(value)) return refuse(`${where} must be a list`, where);
  const rows: readonly unknown[] = value;
  const names: string[] = [];
  const seen = new Set<string>();
  for (const row of rows) {
    for (const name of Object.keys(isObject(row) ? row : {})) {
      if (!seen.has(name)) names.push(name);
      seen.add(name);
    }
  }
  const columns = new Map<string, unknown[]>(names.map((name) => [name, []]));
  rows.forEach((row, index) => {
    if (!isObject(row)) return refuse(`row ${index} is not an object`, `${where}[${index}]`);
    for (const name of names) columns.get(name)?.push(Object.hasOwn(row, name) ? row[name] : null);
  });
  return { kind: 'columns', names, columns, rows: rows.length, text: false };
}

function named(value: Readonly<Record<string, unknown>>): Table {
  const names = Object.keys(value);
  const columns = new Map<string, readonly unknown[]>();
  for (const name of names) {
    const cells = value[name];
    columns.set(name, Array.isArray(cells) ? cells : [cells]);
  }
  return { kind: 'columns', names, columns, rows: columns.get(names[0] ?? '')?.length ?? 0, text: false };
}

const FORMS = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const;

/** Exactly one of the four forms. Throws MW-INVALID. */
export function tableOf(body: Readonly<Record<string, unknown>>): Table {
  const given = FORMS.filter((form) => Object.hasOwn(body, form));
  const form = given[0];
  if (form === undefined || given.length > 1)
    return refuse(`the body must have exactly one of ${FORMS.join(', ')}`, 'body');
  const value = body[form];
  if (form === 'dataframe_split') return split(value);
  if (form === 'dataframe_records') return records(value, form);
  if (Array.isArray(value))
    return form === 'instances' && isObject(value[0]) ? records(value, form) : { kind: 'tensor', values: value };
  if (form === 'inputs' && isObject(value)) return named(value);
  return refuse(`${form} must be a list`, form);
}

/** RFC 4180 with a header row. Cells are text; the signature gives them types. */
export function tableOfCsv(text: string): Table {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  let any = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else quoted = false;
    } else if (char === '"') {
      quoted = true;
      any = true;
    } else if (char === ',') {
      row.push(field);
      field = '';
      any = true;
    } else if (char === '\n') {
      if (any || field !== '') rows.push([...row, field]);
      row = [];
      field = '';
      any = false;
    } else if (char !== '\r') field += char;
  }
  if (quoted) refuse('a quote is not closed', 'body');
  if (any || field !== '') rows.push([...row, field]);
  const names = rows.shift() ?? refuse('the CSV has no header row', 'body');
  return fromRows(names, rows, 'body', true);
}
