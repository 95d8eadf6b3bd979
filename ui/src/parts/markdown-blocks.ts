/** Markdown cut at its pipe tables, which the renderer does not know by itself. */
export type MarkdownBlock =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly right: readonly boolean[];
      readonly rows: readonly (readonly string[])[];
    };

/** Cells of a line; `\|` is a bar inside a cell. */
function cells(line: string): readonly string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

const RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

export function markdownBlocks(text: string): readonly MarkdownBlock[] {
  const lines = text.split('\n');
  const blocks: MarkdownBlock[] = [];
  let plain: string[] = [];
  let fence: string | undefined;
  const flush = (): void => {
    if (plain.some((line) => line.trim() !== '')) blocks.push({ kind: 'text', text: plain.join('\n') });
    plain = [];
  };
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    const mark = /^\s{0,3}(```+|~~~+)/.exec(line)?.[1];
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence)) fence = undefined;
    }
    const rule = lines[i + 1] ?? '';
    if (fence !== undefined || !line.includes('|') || !RULE.test(rule) || cells(line).length !== cells(rule).length) {
      plain.push(line);
      continue;
    }
    flush();
    const right = cells(rule).map((cell) => cell.endsWith(':'));
    const rows: (readonly string[])[] = [];
    for (i += 2; i < lines.length && (lines[i] ?? '').includes('|'); i += 1) rows.push(cells(lines[i] ?? ''));
    i -= 1;
    blocks.push({ kind: 'table', head: cells(line), right, rows });
  }
  flush();
  return blocks;
}
