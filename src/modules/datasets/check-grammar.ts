/**
 * The small language of data checks: `rows >= 1000`, `winrate between 0 and 1`, `missing(col) <= 20%`, `unique(id)`,
 * `distinct(col) <= 50`, `col in [a, b, "c d"]`, `min(col) > 0`, `max(col) < 10`, `mean(col) > 1`. A column whose name is
 * not one word is quoted: `missing("air time") <= 0.1`. Read by hand in one pass, so no text can make it slow.
 */
import { MillwrightError } from '../../domain/errors.ts';

export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';
export type Measure = 'missing' | 'distinct' | 'min' | 'max' | 'mean';

export type Check =
  | { readonly kind: 'rows'; readonly op: Comparison; readonly limit: number }
  | {
      readonly kind: 'measure';
      readonly measure: Measure;
      readonly column: string;
      readonly op: Comparison;
      readonly limit: number;
    }
  | { readonly kind: 'between'; readonly column: string; readonly low: number; readonly high: number }
  | { readonly kind: 'unique'; readonly column: string }
  | { readonly kind: 'in'; readonly column: string; readonly values: readonly string[] };

const MAX_LENGTH = 2_000;
const MAX_VALUES = 500;
const MEASURES: readonly Measure[] = ['missing', 'distinct', 'min', 'max', 'mean'];
const SIGNS: readonly Comparison[] = ['<=', '>=', '==', '!=', '<', '>'];

type Token =
  | { readonly kind: 'word' | 'quoted'; readonly text: string; readonly at: number }
  | { readonly kind: 'sign'; readonly text: string; readonly at: number };

function fail(text: string, at: number, expected: string): never {
  throw new MillwrightError(
    'MW-CONFIG-EXPRESSION',
    `expected ${expected} at column ${at + 1} of the check "${text.slice(0, 200)}"`,
    {
      where: text.slice(0, 200),
      next: 'write for example: rows >= 1000, age between 0 and 120, missing(age) <= 0.1, unique(id), kind in [a, b]',
    },
  );
}

/** A word is a run of anything but blanks and the signs: names in any script, numbers, values of a list. */
const ENDS_WORD = new Set(' \t\n\r()[],<>=!"\'`'.split(''));

function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const c = text[at] ?? '';
    if (c.trim() === '') {
      at += 1;
    } else if (c === '"' || c === "'" || c === '`') {
      const end = text.indexOf(c, at + 1);
      if (end < 0) fail(text, text.length, `a closing ${c}`);
      found.push({ kind: 'quoted', text: text.slice(at + 1, end), at });
      at = end + 1;
    } else if (ENDS_WORD.has(c)) {
      const two = text.slice(at, at + 2);
      const sign = SIGNS.find((known) => known === two) ?? c;
      found.push({ kind: 'sign', text: sign, at });
      at += sign.length;
    } else {
      let end = at + 1;
      while (end < text.length && !ENDS_WORD.has(text[end] ?? '')) end += 1;
      found.push({ kind: 'word', text: text.slice(at, end), at });
      at = end;
    }
  }
  return found;
}

/** Throws MW-CONFIG-EXPRESSION with the column of the text. */
export function parseCheck(text: string): Check {
  if (text.length > MAX_LENGTH) fail(text, MAX_LENGTH, `at most ${MAX_LENGTH} characters`);
  const all = tokens(text);
  let next = 0;
  const at = (): number => all[next]?.at ?? text.length;
  const take = (): Token | undefined => {
    next += 1;
    return all[next - 1];
  };
  const sign = (wanted: string): void => {
    const token = all[next];
    if (token?.kind !== 'sign' || token.text !== wanted) fail(text, at(), `"${wanted}"`);
    next += 1;
  };
  const name = (what: string): string => {
    const token = all[next];
    if (token === undefined || token.kind === 'sign' || token.text === '') return fail(text, at(), what);
    next += 1;
    return token.text;
  };
  const number = (): number => {
    const where = at();
    const word = take();
    const percent = word?.text.endsWith('%') === true;
    const digits = percent ? word?.text.slice(0, -1) : word?.text;
    const value = word?.kind === 'word' && digits !== undefined && digits !== '' ? Number(digits) : Number.NaN;
    if (!Number.isFinite(value)) return fail(text, where, 'a number');
    return percent ? value / 100 : value;
  };
  const comparison = (): Comparison => {
    const token = all[next];
    const written = token?.kind === 'sign' && token.text === '=' ? '==' : token?.text;
    const op = SIGNS.find((known) => known === written);
    if (token?.kind !== 'sign' || op === undefined) return fail(text, at(), 'one of < <= > >= == !=');
    next += 1;
    return op;
  };

  function measured(word: string): Check {
    sign('(');
    const column = name('the name of a column');
    sign(')');
    if (word === 'unique') return { kind: 'unique', column };
    return {
      kind: 'measure',
      measure: MEASURES.find((m) => m === word) ?? fail(text, 0, 'a measure'),
      column,
      op: comparison(),
      limit: number(),
    };
  }

  function listed(column: string): Check {
    sign('[');
    const values: string[] = [];
    do {
      const token = all[next];
      values.push(token?.kind === 'quoted' && token.text === '' ? (take()?.text ?? '') : name('a value'));
      if (values.length > MAX_VALUES) fail(text, at(), `at most ${MAX_VALUES} values`);
    } while (all[next]?.text === ',' && take() !== undefined);
    sign(']');
    return { kind: 'in', column, values };
  }

  function read(): Check {
    const quoted = all[0]?.kind === 'quoted';
    const first = name('the name of a column, or rows, missing, unique, distinct, min, max, mean');
    const second = all[next];
    const call = !quoted && second?.kind === 'sign' && second.text === '(';
    if (call && (first === 'unique' || MEASURES.some((measure) => measure === first))) return measured(first);
    if (call) return fail(text, all[0]?.at ?? 0, 'missing, unique, distinct, min, max or mean');
    if (second?.kind === 'word' && second.text === 'between') {
      next += 1;
      const low = number();
      if (all[next]?.text !== 'and') fail(text, at(), '"and"');
      next += 1;
      const highAt = at();
      const high = number();
      if (low > high) fail(text, highAt, 'a range whose low end comes first');
      return { kind: 'between', column: first, low, high };
    }
    if (second?.kind === 'word' && second.text === 'in') {
      next += 1;
      return listed(first);
    }
    if (!quoted && first === 'rows') return { kind: 'rows', op: comparison(), limit: number() };
    return fail(text, at(), `"between", "in" or, for a comparison, min(${first}) or max(${first})`);
  }

  const check = read();
  if (next < all.length) fail(text, at(), 'the end');
  return check;
}
