/** text/csv by RFC 4180, in and out. */
import { refuse, tableOfRows } from './table.ts';
import type { Columns } from './table.ts';

/** A header row, then one line a row; cells are texts, the signature gives them types. Throws MW-INVALID. */
export function tableOfCsv(text: string): Columns {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  let any = false;
  // A byte order mark, as spreadsheets write it, is no part of the first name.
  for (let index = text.charCodeAt(0) === 0xfe_ff ? 1 : 0; index < text.length; index += 1) {
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
  return tableOfRows(names, rows, 'body', true);
}

/** One cell of an answer, quoted where it must be. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
