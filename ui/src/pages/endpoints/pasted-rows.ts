/** Rows that a person pasted: JSON (one object, a list, or what our own doors take) or CSV with a head. */
import type { Key } from '../../i18n/messages.ts';

export const MOST_ROWS = 100;

export type Pasted =
  | { readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly problem: Key; readonly slots: Readonly<Record<string, string | number>> }
  /** The parser's own words. */
  | { readonly message: string };

const isRow = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fromJson(text: string): Pasted {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error) };
  }
  // Bodies of the other doors: { dataframe_records }, { instances }, { rows }.
  const inner = isRow(value) ? (value['dataframe_records'] ?? value['instances'] ?? value['rows']) : undefined;
  const list = Array.isArray(inner) ? inner : Array.isArray(value) ? value : [value];
  const bad = list.findIndex((one) => !isRow(one));
  if (bad >= 0) return { problem: 'play.paste.bad', slots: { n: bad + 1 } };
  return { rows: list.filter(isRow) };
}

/** Lines of cells by RFC 4180; the separator is the tab if the first line has one. */
function cellsOf(text: string): readonly (readonly string[])[] {
  const separator = (/^[^\n]*/.exec(text)?.[0] ?? '').includes('\t') ? '\t' : ',';
  const lines: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? '';
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (char === '"' && cell === '') quoted = true;
    else if (char === separator || char === '\n') {
      lines.at(-1)?.push(cell);
      cell = '';
      if (char === '\n') lines.push([]);
    } else if (char !== '\r') cell += char;
  }
  lines.at(-1)?.push(cell);
  return lines.filter((line) => line.length > 1 || line[0] !== '');
}

function fromCsv(text: string): Pasted {
  const [head = [], ...lines] = cellsOf(text);
  const names = head.map((name) => name.trim());
  const bad = lines.findIndex((line) => line.length !== names.length);
  if (bad >= 0)
    return {
      problem: 'play.paste.cells',
      slots: { n: bad + 2, found: lines[bad]?.length ?? 0, wanted: names.length },
    };
  return { rows: lines.map((line) => Object.fromEntries(names.map((name, i) => [name, line[i] ?? '']))) };
}

/** `names`: the inputs of the model. Every row may leave some out, none may bring others. */
export function pastedRows(text: string, names: readonly string[]): Pasted {
  const trimmed = text.trim();
  const found = /^[[{]/.test(trimmed) ? fromJson(trimmed) : fromCsv(trimmed);
  if (!('rows' in found)) return found;
  if (found.rows.length === 0) return { problem: 'play.paste.empty', slots: {} };
  if (found.rows.length > MOST_ROWS) return { problem: 'play.paste.many', slots: { n: found.rows.length } };
  const stranger = found.rows.flatMap((row) => Object.keys(row)).find((name) => !names.includes(name));
  return stranger === undefined ? found : { problem: 'play.paste.unknown', slots: { name: stranger } };
}
