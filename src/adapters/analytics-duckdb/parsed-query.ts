/** Reads what DuckDB's own parser made of a text: `json_serialize_sql` takes SELECT statements and nothing else. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ParsedQuery } from '../../ports/table-source.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Node = { readonly [key: string]: Json };

const isNode = (value: Json | undefined): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const nodeAt = (value: Json | undefined, key: string): Node | undefined => {
  const found = isNode(value) ? value[key] : undefined;
  return isNode(found) ? found : undefined;
};
const listAt = (value: Json | undefined, key: string): readonly Json[] => {
  const found = isNode(value) ? value[key] : undefined;
  return Array.isArray(found) ? found : [];
};
const textAt = (value: Json | undefined, key: string): string => {
  const found = isNode(value) ? value[key] : undefined;
  return typeof found === 'string' ? found : '';
};

/**
 * What may stand in FROM beside tables. Every other function is refused, known or not: some read files, some run a text as a query,
 * and some change the engine itself (`enable_logging` ended the whole process).
 */
const ROW_FUNCTIONS = new Set(['range', 'generate_series', 'unnest', 'repeat', 'json_each', 'json_tree']);
/** Functions of a value that are not about values. */
const REFUSED = new Set(['query', 'query_table', 'write_log', 'nextval', 'currval', 'setseed']);

/** `line 2, column 7` of an offset in the text. */
function placeOf(sql: string, offset: number): string {
  const before = sql.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

export function refused(
  message: string,
  where?: string,
  next = 'see the tables and columns: mw sql --tables',
): MillwrightError {
  return new MillwrightError('MW-SQL', message, { next, ...(where === undefined ? {} : { where }) });
}

function* nodesOf(value: Json): Generator<Node> {
  if (Array.isArray(value)) for (const one of value) yield* nodesOf(one);
  else if (isNode(value)) {
    yield value;
    for (const one of Object.values(value)) yield* nodesOf(one);
  }
}

/** The tables of a FROM, without looking into its subqueries. */
function* baseTables(from: Node | undefined): Generator<Node> {
  if (from === undefined) return;
  if (from['type'] === 'BASE_TABLE') yield from;
  if (from['type'] !== 'JOIN') return;
  yield* baseTables(nodeAt(from, 'left'));
  yield* baseTables(nodeAt(from, 'right'));
}

function* conjuncts(where: Node | undefined): Generator<Node> {
  if (where === undefined) return;
  if (where['type'] !== 'CONJUNCTION_AND') yield where;
  else for (const one of listAt(where, 'children')) if (isNode(one)) yield* conjuncts(one);
}

function textConstant(node: Json | undefined): string | undefined {
  if (!isNode(node) || node['type'] !== 'VALUE_CONSTANT') return undefined;
  const value = nodeAt(node, 'value');
  const isText = textAt(nodeAt(value, 'type'), 'id') === 'VARCHAR' && value?.['is_null'] === false;
  return isText && typeof value['value'] === 'string' ? value['value'] : undefined;
}

/** `column = 'text'` or `column IN ('text', …)` on the table of that name: the column and its texts. */
function binding(node: Node, name: string): readonly [column: string, texts: readonly string[]] | undefined {
  const [subject, ...values] =
    node['type'] === 'COMPARE_EQUAL'
      ? [node['left'], node['right']]
      : node['type'] === 'COMPARE_IN'
        ? listAt(node, 'children')
        : [];
  if (!isNode(subject) || subject['type'] !== 'COLUMN_REF') return undefined;
  const names = listAt(subject, 'column_names').map((one) => (typeof one === 'string' ? one.toLowerCase() : ''));
  const column = names.at(-1);
  if (column === undefined || names.length > 2 || (names.length === 2 && names[0] !== name)) return undefined;
  const texts = values.map(textConstant).filter((text) => text !== undefined);
  return texts.length > 0 && texts.length === values.length ? [column, texts] : undefined;
}

/**
 * Rows of a table that stands once in the whole text can be narrowed by the conditions that its own WHERE demands of every row: in a
 * join too, and on either side of an outer one, a row that the WHERE would drop changes nothing. Not when the table is sampled or its
 * columns are renamed.
 */
function boundsOf(nodes: readonly Node[]): ParsedQuery['bound'] {
  const times = new Map<string, number>();
  for (const node of nodes) {
    if (node['type'] !== 'BASE_TABLE') continue;
    const table = textAt(node, 'table_name').toLowerCase();
    times.set(table, (times.get(table) ?? 0) + 1);
  }
  const bound: Record<string, Record<string, readonly string[]>> = {};
  for (const select of nodes) {
    if (select['type'] !== 'SELECT_NODE') continue;
    for (const from of baseTables(nodeAt(select, 'from_table'))) {
      const table = textAt(from, 'table_name').toLowerCase();
      if (times.get(table) !== 1 || from['sample'] !== null || listAt(from, 'column_name_alias').length > 0) continue;
      const name = textAt(from, 'alias').toLowerCase() || table;
      for (const condition of conjuncts(nodeAt(select, 'where_clause'))) {
        const found = binding(condition, name);
        if (found === undefined) continue;
        const [column, texts] = found;
        (bound[table] ??= {})[column] ??= texts;
      }
    }
  }
  return bound;
}

/** Throws MW-SQL with the parser's words. `serialized` is the answer of json_serialize_sql for `sql`. */
export function readParsed(sql: string, serialized: string): ParsedQuery {
  const parsed = JSON.parse(serialized) as Json;
  if (isNode(parsed) && parsed['error'] === true) {
    const message = textAt(parsed, 'error_message');
    if (parsed['error_type'] === 'not implemented') {
      throw refused('only a SELECT can be asked here: the metadata is read, never changed', 'sql');
    }
    const offset = Number(textAt(parsed, 'position') || '0');
    throw refused(message, placeOf(sql, offset));
  }
  const statements = listAt(parsed, 'statements');
  if (statements.length !== 1) throw refused(`one SELECT at a time, not ${statements.length}`, 'sql');
  const nodes = [...nodesOf(statements[0] ?? null)];
  for (const node of nodes) {
    const inFrom =
      node['type'] === 'TABLE_FUNCTION' ? textAt(nodeAt(node, 'function'), 'function_name').toLowerCase() : undefined;
    const called = textAt(node, 'function_name').toLowerCase();
    if (REFUSED.has(called) || (inFrom !== undefined && !ROW_FUNCTIONS.has(inFrom)))
      throw refused(`${inFrom ?? called}() cannot be used here: name the tables in FROM`, 'sql');
  }
  const tables = nodes
    .filter((node) => node['type'] === 'BASE_TABLE')
    .map((node) => textAt(node, 'table_name').toLowerCase());
  return { tables: [...new Set(tables)], bound: boundsOf(nodes) };
}

/** The engine's message without its drawing of the line, and the place that the drawing points at. */
export function fromEngine(error: unknown): MillwrightError {
  const message = error instanceof Error ? error.message : String(error);
  const at = /\n\s*LINE (\d+): (.*)\n( *)\^/.exec(message);
  const text = message.split(/\n\s*LINE \d+: /)[0]?.trim() ?? message;
  if (/^Out of Memory/i.test(text)) {
    return refused(
      'the query needs more memory than it may have',
      undefined,
      'narrow it with WHERE, or aggregate before joining',
    );
  }
  const prefix = `LINE ${at?.[1] ?? ''}: `.length;
  const where = at === null ? undefined : `line ${at[1] ?? ''}, column ${(at[3]?.length ?? 0) - prefix + 1}`;
  return refused(text.replaceAll('\n', ' '), where);
}
