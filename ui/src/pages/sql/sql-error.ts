import { ApiProblem } from '../../api/problem.ts';

/** Where in the text of a query an error is, as offsets; undefined when it does not say. */
export function errorPlace(error: Error, sql: string): { readonly from: number; readonly to: number } | undefined {
  const where = error instanceof ApiProblem ? (error.where ?? '') : '';
  const said = `${where}\n${error.message}`;
  const lines = sql.split('\n');
  const startOf = (line: number): number => lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  const at = (offset: number): { from: number; to: number } => {
    const from = Math.min(Math.max(0, offset), Math.max(0, sql.length - 1));
    const word = /^[\w.]+|^\S/.exec(sql.slice(from))?.[0] ?? '';
    return { from, to: Math.min(sql.length, from + Math.max(1, word.length)) };
  };
  const lineCol = /(?:^|\D)(\d+):(\d+)/.exec(where) ?? /line (\d+),? col(?:umn)? (\d+)/i.exec(said);
  if (lineCol !== null) return at(startOf(Number(lineCol[1]) - 1) + Number(lineCol[2]) - 1);
  const line = /LINE (\d+):/i.exec(said)?.[1];
  // DuckDB names what it stumbled over in quotes; the line says which one is meant.
  const quoted =
    /(?:at or near|name|named|column|function) "?"([^"]+)"/i.exec(said)?.[1] ?? /"([^"\n]+)"/.exec(said)?.[1];
  const from = line === undefined ? 0 : startOf(Number(line) - 1);
  if (quoted !== undefined) {
    const found = sql.toLowerCase().indexOf(quoted.toLowerCase(), from);
    if (found >= 0) return { from: found, to: found + quoted.length };
  }
  if (line === undefined) return undefined;
  return { from, to: from + Math.max(1, (lines[Number(line) - 1] ?? '').length) };
}
