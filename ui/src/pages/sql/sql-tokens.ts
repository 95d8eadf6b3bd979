/** The text of a query in parts, for drawing only: words of the language, texts and numbers, comments, the rest. */
export interface SqlToken {
  readonly kind: 'word' | 'text' | 'comment' | 'plain';
  readonly text: string;
}

const PART = /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*'?)|\b([a-z_]+)\b/gi;
const WORDS = new Set(
  'select from where group by order having limit offset as and or not in is null like ilike between case when then else end join left right full inner outer cross on using with recursive union all distinct asc desc filter over partition exists true false describe summarize explain qualify unnest lateral values cast interval'.split(
    ' ',
  ),
);

export function sqlTokens(sql: string): readonly SqlToken[] {
  const tokens: SqlToken[] = [];
  let end = 0;
  for (const match of sql.matchAll(PART)) {
    const [text, comment, quoted, word] = match;
    const kind =
      comment !== undefined
        ? 'comment'
        : quoted !== undefined
          ? 'text'
          : WORDS.has((word ?? '').toLowerCase())
            ? 'word'
            : undefined;
    if (kind === undefined) continue;
    if (match.index > end) tokens.push({ kind: 'plain', text: sql.slice(end, match.index) });
    tokens.push({ kind, text });
    end = match.index + text.length;
  }
  if (end < sql.length) tokens.push({ kind: 'plain', text: sql.slice(end) });
  return tokens;
}
