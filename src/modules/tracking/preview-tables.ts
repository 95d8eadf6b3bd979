/** The first rows of CSV, TSV and JSON tables. */
import { jsonDepth } from '../../platform/json-text.ts';
import type { TablePreview } from '../../ports/parquet-preview.ts';

export type Cell = string | number | boolean | null;

export type { TablePreview };

export const MAX_ROWS = 500;
export const MAX_COLUMNS = 100;
const MAX_CELL = 500;
const MAX_DEPTH = 32;

/** One value as a page shows it: what is nested becomes its JSON, what is long is cut. */
function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  const text =
    typeof value === 'string'
      ? value
      : value instanceof Date
        ? value.toISOString()
        : (JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? '');
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text;
}

export function tableOf(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  total: number | undefined,
): TablePreview {
  const shown = rows.slice(0, MAX_ROWS);
  return {
    kind: 'table',
    columns: columns.slice(0, MAX_COLUMNS).map((name) => String(cellOf(name))),
    rows: shown.map((row) => Array.from({ length: Math.min(columns.length, MAX_COLUMNS) }, (_, i) => cellOf(row[i]))),
    ...(total === undefined ? {} : { total }),
    truncated: total === undefined || total > shown.length || columns.length > MAX_COLUMNS,
  };
}

/** Rows of delimited text (RFC 4180, any line end), one character at a time; stops after `most` rows. */
function* delimited(text: string, separator: string, most: number): Generator<readonly string[]> {
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  let given = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += c;
        i += 1;
      } else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === separator) {
      row.push(cell);
      cell = '';
    } else if (c === '\n' || c === '\r') {
      if (c === '\r' && text[i + 1] === '\n') i += 1;
      yield [...row, cell];
      given += 1;
      if (given >= most) return;
      row = [];
      cell = '';
    } else cell += c;
  }
  if (cell !== '' || row.length > 0) yield [...row, cell];
}

const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const typed = (text: string): Cell =>
  text.length < 25 && NUMBER.test(text) ? Number(text) : text === '' ? null : text;

/** The first line names the columns. undefined when there is no second column in it and nothing below. */
export function delimitedPreview(text: string, separator: string, cut: boolean): TablePreview | undefined {
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
  // One more row than is shown tells whether there are more; a row that the bound cut in two is not shown.
  const all = [...delimited(clean, separator, MAX_ROWS + 2)];
  const [head, ...rows] = all;
  if (head === undefined) return undefined;
  const ended = all.length < MAX_ROWS + 2;
  const whole = cut && ended ? rows.slice(0, -1) : rows;
  return tableOf(
    head,
    whole.map((row) => row.map(typed)),
    ended && !cut ? whole.length : undefined,
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** pandas' `split` (what MLflow's log_table writes) and lists of flat records; undefined for every other JSON. */
export function jsonTable(text: string): TablePreview | undefined {
  if (jsonDepth(text) > MAX_DEPTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (isRecord(value)) {
    const { columns, data } = value;
    if (!Array.isArray(columns) || !Array.isArray(data) || !data.every((row) => Array.isArray(row))) return undefined;
    return tableOf(
      columns.map((name) => String(cellOf(name))),
      data,
      data.length,
    );
  }
  if (!Array.isArray(value) || value.length === 0 || !value.every(isRecord)) return undefined;
  const rows = value.slice(0, MAX_ROWS);
  // Not more names than are shown (and one that tells that there are more): 8 MiB hold a million, which times the rows is all memory.
  const columns = new Set<string>();
  for (const row of rows) {
    for (const name of Object.keys(row)) if (columns.size <= MAX_COLUMNS) columns.add(name);
  }
  return tableOf(
    [...columns],
    rows.map((row) => [...columns].slice(0, MAX_COLUMNS).map((name) => (Object.hasOwn(row, name) ? row[name] : null))),
    value.length,
  );
}
