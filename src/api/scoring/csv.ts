/** text/csv by RFC 4180, in and out. */
import { MillwrightError } from '../../domain/errors.ts';
import { refuse, tableOfRows } from './table.ts';
import type { Columns } from './table.ts';

/** A quoted field from its opening quote at `at`: its text, and where it ends. */
function quotedField(text: string, at: number): { readonly field: string; readonly end: number } {
  let from = at + 1;
  let field = '';
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return refuse('a quote is not closed', 'body');
    field += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { field, end: quote + 1 };
    field += '"';
    from = quote + 2;
  }
}

/** As many rows as the data plane takes in one call, and as many cells as a tensor may have elements: a cell of two bytes takes memory many times as large. */
const ROWS_LIMIT = 100_000;
const CELLS_LIMIT = 16_777_216;

function tooMany(what: string): never {
  throw new MillwrightError('MW-BODY-TOO-LARGE', `the CSV has more than ${what}`, {
    where: 'body',
    next: 'send the rows in several requests',
  });
}

const ENDS = /[,\r\n]/g;

/** Where the field that begins at `at` ends. */
function endOf(text: string, at: number): number {
  ENDS.lastIndex = at;
  return ENDS.exec(text)?.index ?? text.length;
}

/** A header row, then one line a row; cells are texts, the signature gives them types. Throws MW-INVALID, MW-BODY-TOO-LARGE. */
export function tableOfCsv(text: string): Columns {
  const rows: string[][] = [];
  let row: string[] = [];
  let cells = 0;
  // A byte order mark, as spreadsheets write it, is no part of the first name.
  let at = text.charCodeAt(0) === 0xfe_ff ? 1 : 0;
  while (at < text.length) {
    const quoted = text[at] === '"' ? quotedField(text, at) : undefined;
    const end = endOf(text, quoted?.end ?? at);
    const rest = text.slice(quoted?.end ?? at, end);
    row.push(quoted === undefined ? rest : quoted.field + rest);
    cells += 1;
    if (cells > CELLS_LIMIT) tooMany(`${CELLS_LIMIT} cells`);
    if (text[end] === ',') {
      at = end + 1;
      // A comma at the very end has an empty field behind it.
      if (at === text.length) row.push('');
      continue;
    }
    // A line without anything is no row.
    if (row.length > 1 || row[0] !== '' || quoted !== undefined) rows.push(row);
    // The header is one more.
    if (rows.length > ROWS_LIMIT + 1) tooMany(`${ROWS_LIMIT} rows`);
    row = [];
    at = text[end] === '\r' && text[end + 1] === '\n' ? end + 2 : end + 1;
  }
  if (row.length > 0) rows.push(row);
  const names = rows.shift() ?? refuse('the CSV has no header row', 'body');
  return tableOfRows(names, rows, 'body', true);
}

/** One cell of an answer, quoted where it must be. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
