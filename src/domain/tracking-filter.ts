/**
 * MLflow's search language: comparisons joined by AND; `metrics.x`, `params.x`, `tags.x`, `attributes.x`, `dataset.x`; keys in
 * backticks or double quotes, strings in single quotes. One pass over the characters, no regular expression that can backtrack.
 */
import { MillwrightError } from './errors.ts';
import type { Grammar } from './search-grammar.ts';
import { matchesLike } from './tracking.ts';
import type { Comparison, Filter, FilterEntity, FilterOperator, OrderKey } from './tracking.ts';

const ENTITY_WORDS: Readonly<Record<string, FilterEntity>> = {
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  dataset: 'dataset',
  datasets: 'dataset',
};

const DATASET_KEYS = ['name', 'digest', 'context'];
const NUMBER_OPERATORS: readonly FilterOperator[] = ['=', '!=', '<', '<=', '>', '>='];
const STRING_OPERATORS: readonly FilterOperator[] = [
  '=',
  '!=',
  'LIKE',
  'ILIKE',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
];

const MAX_LENGTH = 20_000;
const MAX_COMPARISONS = 64;
/** Engines match LIKE by backtracking, so the number of `%` bounds what one row can cost. */
const MAX_WILDCARDS = 12;

type Token =
  | { readonly kind: 'word' | 'quoted' | 'string' | 'operator' | 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number };

const isSpace = (c: string): boolean => c === ' ' || c === '\t' || c === '\n' || c === '\r';
const isWord = (c: string): boolean =>
  (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || '_-./:+'.includes(c) || c > '\x7f';

function tokenize(text: string): readonly Token[] {
  if (text.length > MAX_LENGTH) {
    throw new MillwrightError('MW-INVALID', `Invalid filter: longer than ${MAX_LENGTH} characters`, {
      where: 'filter',
    });
  }
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text.charAt(at);
    const start = at;
    if (isSpace(c)) at += 1;
    else if (c === "'" || c === '"' || c === '`') {
      let value = '';
      at += 1;
      for (;;) {
        if (at >= text.length) throw invalid(text, `the ${c} at column ${start + 1} is never closed`);
        const d = text.charAt(at);
        at += 1;
        if (d !== c) value += d;
        else if (text[at] === c) {
          value += c;
          at += 1;
        } else break;
      }
      // A quoted part belongs to `metrics."a b"` when a word that ends in a dot stands right before it.
      tokens.push({ kind: c === "'" ? 'string' : 'quoted', text: value, at: start });
    } else if ('=<>!'.includes(c)) {
      at += text[at + 1] === '=' || (c === '<' && text[at + 1] === '>') ? 2 : 1;
      tokens.push({ kind: 'operator', text: text.slice(start, at), at: start });
    } else if ('(),;'.includes(c)) {
      at += 1;
      tokens.push({ kind: 'sign', text: c, at: start });
    } else if (isWord(c)) {
      while (at < text.length && isWord(text.charAt(at))) at += 1;
      tokens.push({ kind: 'word', text: text.slice(start, at), at: start });
    } else throw invalid(text, `unexpected "${c}" at column ${start + 1}`);
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

export function invalid(text: string, reason: string): MillwrightError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new MillwrightError('MW-INVALID', `Invalid filter or order_by '${shown}': ${reason}`, {
    where: 'filter',
    next: "write for example: metrics.loss < 0.5 AND params.depth = '4'",
  });
}

/** Reads tokens; shared by the languages of runs and of traces. */
export class Reader {
  readonly text: string;
  readonly tokens: readonly Token[];
  at = 0;
  constructor(text: string) {
    this.text = text;
    this.tokens = tokenize(text);
  }
  peek(): Token {
    return this.tokens[this.at] ?? { kind: 'end', text: '', at: this.text.length };
  }
  next(): Token {
    const token = this.peek();
    this.at += 1;
    return token;
  }
  fail(expected: string): never {
    const seen = this.peek();
    throw invalid(
      this.text,
      `expected ${expected} at column ${seen.at + 1}${seen.kind === 'end' ? ', found the end' : `, found "${seen.text}"`}`,
    );
  }
  /** Takes the word (any case) if it comes next. */
  word(text: string): boolean {
    const token = this.peek();
    if (token.kind !== 'word' || token.text.toUpperCase() !== text) return false;
    this.at += 1;
    return true;
  }
}

function readIdentifier(reader: Reader, grammar: Grammar): { entity: FilterEntity; key: string } {
  const token = reader.peek();
  if (token.kind !== 'word' && token.kind !== 'quoted') return reader.fail('an identifier such as metrics.loss');
  reader.next();
  const dot = token.kind === 'word' ? token.text.indexOf('.') : -1;
  let entity: FilterEntity = 'attribute';
  let key = token.text;
  if (dot >= 0) {
    const named = ENTITY_WORDS[token.text.slice(0, dot).toLowerCase()];
    if (named === undefined) throw invalid(reader.text, `Invalid entity type '${token.text.slice(0, dot)}'`);
    entity = named;
    key = token.text.slice(dot + 1);
    if (key === '') {
      const quoted = reader.next();
      if (quoted.kind !== 'quoted') throw invalid(reader.text, `a key is missing after "${token.text}"`);
      key = quoted.text;
    }
  }
  if (!grammar.entities.includes(entity)) throw invalid(reader.text, `Invalid entity type '${entity}'`);
  if (entity === 'attribute') {
    key = Object.hasOwn(grammar.aliases, key) ? (grammar.aliases[key] ?? key) : key;
    if (!Object.hasOwn(grammar.attributes, key)) {
      throw invalid(
        reader.text,
        `Invalid attribute key '${key}', valid: ${Object.keys(grammar.attributes).join(', ')}`,
      );
    }
  }
  if (entity === 'dataset' && !DATASET_KEYS.includes(key)) throw invalid(reader.text, `Invalid dataset key '${key}'`);
  return { entity, key };
}

export function readOperator(reader: Reader): FilterOperator {
  const token = reader.peek();
  if (token.kind === 'operator') {
    reader.next();
    const op = token.text === '==' ? '=' : token.text === '<>' ? '!=' : token.text;
    const known = NUMBER_OPERATORS.find((one) => one === op);
    if (known === undefined) throw invalid(reader.text, `Invalid comparator '${op}'`);
    return known;
  }
  if (reader.word('LIKE')) return 'LIKE';
  if (reader.word('ILIKE')) return 'ILIKE';
  if (reader.word('IN')) return 'IN';
  if (reader.word('NOT')) return reader.word('IN') ? 'NOT IN' : reader.fail('IN after NOT');
  if (reader.word('IS')) {
    const not = reader.word('NOT');
    if (!reader.word('NULL')) reader.fail('NULL');
    return not ? 'IS NOT NULL' : 'IS NULL';
  }
  return reader.fail('a comparator');
}

export function readText(reader: Reader): string {
  const token = reader.peek();
  if (token.kind !== 'string' && token.kind !== 'quoted') return reader.fail('a string value in single quotes');
  reader.next();
  return token.text;
}

export function readNumber(reader: Reader, quoted = false): number {
  const token = reader.next();
  const value = Number(token.text);
  // `Number` also reads hexadecimal and the empty text, neither of which is a number in this language.
  const kind = quoted && token.kind === 'string' && token.text.trim() !== '' ? 'word' : token.kind;
  if (kind !== 'word' || token.text.toLowerCase().includes('x') || Number.isNaN(value)) {
    throw invalid(reader.text, `expected a numeric value, found '${token.text}'`);
  }
  return value;
}

export function readList(reader: Reader): readonly string[] {
  const open = reader.next();
  if (open.text !== '(' || open.kind !== 'sign') throw invalid(reader.text, "expected a list such as ('a', 'b')");
  const values = [readText(reader)];
  for (;;) {
    const sign = reader.next();
    if (sign.kind !== 'sign' || (sign.text !== ',' && sign.text !== ')'))
      throw invalid(reader.text, 'the list is never closed');
    if (sign.text === ')') return values;
    values.push(readText(reader));
  }
}

function readComparison(reader: Reader, grammar: Grammar): Comparison {
  const { entity, key } = readIdentifier(reader, grammar);
  const op = readOperator(reader);
  const numeric = entity === 'metric' || (entity === 'attribute' && grammar.attributes[key] === 'number');
  if (!(numeric ? NUMBER_OPERATORS : STRING_OPERATORS).includes(op)) {
    throw invalid(reader.text, `Invalid comparator '${op}' for ${entity} '${key}'`);
  }
  if (op === 'IS NULL' || op === 'IS NOT NULL') {
    if (entity !== 'param' && entity !== 'tag')
      throw invalid(reader.text, `Invalid comparator '${op}' for ${entity} '${key}'`);
    return { entity, key, op };
  }
  if (op === 'IN' || op === 'NOT IN') return { entity, key, op, value: readList(reader) };
  if (numeric) return { entity, key, op, value: readNumber(reader, grammar.quotedNumbers) };
  const value = readText(reader);
  if ((op === 'LIKE' || op === 'ILIKE') && value.split('%').length - 1 > MAX_WILDCARDS) {
    throw invalid(reader.text, `more than ${MAX_WILDCARDS} % in one pattern`);
  }
  return { entity, key, op, value };
}

/** Parses a filter; the empty text is the empty filter. Throws MW-INVALID with the column. */
export function parseFilter(text: string | undefined, grammar: Grammar): Filter {
  if (text === undefined || text.trim() === '') return [];
  const reader = new Reader(text);
  const comparisons = [readComparison(reader, grammar)];
  while (reader.peek().kind !== 'end') {
    if (!reader.word('AND')) reader.fail('AND (the only way to join comparisons)');
    comparisons.push(readComparison(reader, grammar));
    if (comparisons.length > MAX_COMPARISONS) throw invalid(text, `more than ${MAX_COMPARISONS} comparisons`);
  }
  return comparisons;
}

/** Parses one order_by entry: an identifier and optionally ASC or DESC. Ascending when not said. */
function parseOrderKey(text: string, grammar: Grammar): OrderKey {
  const reader = new Reader(text);
  const { entity, key } = readIdentifier(reader, grammar);
  const descending = reader.word('DESC');
  if (!descending) reader.word('ASC');
  if (reader.peek().kind !== 'end') reader.fail('ASC or DESC');
  return { entity, key, ascending: !descending };
}

/** Parses order_by. A key named twice is refused, since the second could never count. */
export function parseOrder(texts: readonly string[] | undefined, grammar: Grammar): readonly OrderKey[] {
  const keys = (texts ?? []).map((text) => parseOrderKey(text, grammar));
  const names = new Set(keys.map((key) => `${key.entity}.${key.key}`));
  if (names.size !== keys.length) {
    throw new MillwrightError('MW-INVALID', '`order_by` contains duplicate fields', { where: 'order_by' });
  }
  return keys;
}

function compareNumbers(op: FilterOperator, a: number, b: number): boolean {
  switch (op) {
    case '=':
      return a === b;
    case '!=':
      return a !== b && !Number.isNaN(a);
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      return false;
  }
}

/** What the searched thing has; several values (a run's datasets) match when one does. */
export type Lookup = (entity: FilterEntity, key: string) => string | number | undefined | readonly string[];

function holds(comparison: Comparison, found: string | number | undefined): boolean {
  const { op, value } = comparison;
  if (op === 'IS NULL') return found === undefined;
  if (op === 'IS NOT NULL') return found !== undefined;
  if (found === undefined || value === undefined) return false;
  if (typeof value === 'number') return compareNumbers(op, Number(found), value);
  const text = String(found);
  if (typeof value !== 'string') return value.includes(text) === (op === 'IN');
  if (op === '=') return text === value;
  if (op === '!=') return text !== value;
  return matchesLike(text, value, op === 'ILIKE');
}

/** Evaluates a filter in memory, with SQL's rule that nothing but IS NULL holds for a missing value. */
export function matchesFilter(filter: Filter, lookup: Lookup): boolean {
  return filter.every((comparison) => {
    const found = lookup(comparison.entity, comparison.key);
    return typeof found === 'object' ? found.some((one) => holds(comparison, one)) : holds(comparison, found);
  });
}

/** Missing values last in both directions, NaN after numbers. Negative: `a` first. */
export function compareBy(order: readonly OrderKey[], a: Lookup, b: Lookup): number {
  for (const { entity, key, ascending } of order) {
    const x = a(entity, key);
    const y = b(entity, key);
    const rankX = x === undefined ? 2 : Number.isNaN(x) ? 1 : 0;
    const rankY = y === undefined ? 2 : Number.isNaN(y) ? 1 : 0;
    if (rankX !== rankY) return rankX - rankY;
    if (rankX !== 0 || x === undefined || y === undefined || x === y) continue;
    return x < y === ascending ? -1 : 1;
  }
  return 0;
}
