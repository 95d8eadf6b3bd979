import { createInterface } from 'node:readline/promises';
import { text as readAll } from 'node:stream/consumers';
import { MillwrightError } from '../../domain/errors.ts';
import { type Schemas, unwrap } from '../client/client.ts';
import { csvLine } from '../csv.ts';
import { duration, safe } from '../output.ts';
import { fail, type Flags, type Session, textFlag } from '../session.ts';

type Answer = Schemas['SqlResult'];
type Cell = Answer['rows'][number][number];

/** One line a cell, and not wider than a person reads. */
function shown(cell: Cell): string | number {
  if (typeof cell === 'number') return cell;
  const text = cell === null ? '' : safe(String(cell)).replaceAll(/\s+/g, ' ');
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

async function ask({ api }: Session, sql: string, limit: number): Promise<Answer> {
  return unwrap((await api()).POST('/api/v1/sql', { body: { sql, limit } }));
}

function print({ out }: Session, answer: Answer, csv: boolean): void {
  if (csv && !out.json) {
    const lines = [answer.columns.map((column) => column.name), ...answer.rows].map(csvLine);
    process.stdout.write(`${lines.join('\n')}\n`);
    if (answer.truncated) out.note(`only the first ${answer.rows.length} rows: --limit takes more`);
    return;
  }
  out.result(answer, () => [
    ...out.table(
      answer.columns.map((column) => safe(column.name)),
      answer.rows.map((row) => row.map(shown)),
    ),
    out.paint.dim(
      `${answer.rows.length} ${answer.rows.length === 1 ? 'row' : 'rows'}${answer.truncated ? ' (there are more)' : ''}, ${duration(answer.ms)}`,
    ),
  ]);
}

async function tables({ api, out }: Session, name: string | undefined): Promise<void> {
  const found = await unwrap((await api()).GET('/api/v1/sql/tables'));
  if (name === undefined) {
    out.result(found, () => [
      ...out.table(
        ['table', 'what'],
        found.tables.map((table) => [table.name, table.description]),
      ),
      '',
      'Examples:',
      ...found.examples.flatMap((example) => ['', out.paint.dim(`-- ${example.title}`), example.sql]),
    ]);
    return;
  }
  const table = found.tables.find((one) => one.name === name);
  if (table === undefined) {
    throw new MillwrightError('MW-USAGE', `there is no table "${safe(name)}"`, {
      where: '--tables',
      next: 'mw sql --tables',
    });
  }
  out.result(table, () => [
    table.description,
    '',
    ...out.table(
      ['column', 'type', 'what'],
      table.columns.map((column) => [column.name, column.type.toLowerCase(), column.description]),
    ),
  ]);
}

/** A statement ends with a semicolon or an empty line; an error is told and the prompt stays. */
async function prompt(session: Session, limit: number): Promise<void> {
  const { out } = session;
  await session.api();
  out.note('SQL over all metadata, read-only. A query ends with ; or an empty line. \\d lists the tables, \\q ends.');
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: 'sql> ' });
  let query = '';
  lines.prompt();
  for await (const line of lines) {
    const word = line.trim();
    if (query === '' && (word === '\\q' || word === 'exit' || word === 'quit')) break;
    try {
      const [command, name] = word.split(/\s+/);
      if (query === '' && command === '\\d') await tables(session, name);
      else {
        query += `${line}\n`;
        if (word.endsWith(';') || (word === '' && query.trim() !== '')) {
          const sql = query.trim().replace(/;$/, '');
          query = '';
          if (sql !== '') print(session, await ask(session, sql, limit), false);
        }
      }
    } catch (error) {
      query = '';
      fail(error, { json: out.json, debug: session.debug });
      // The mistake of one line is not the result of the session.
      process.exitCode = 0;
    }
    lines.setPrompt(query.trim() === '' ? 'sql> ' : '  -> ');
    lines.prompt();
  }
  lines.close();
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const wanted = flags['tables'];
  if (wanted !== undefined) return tables(session, typeof wanted === 'string' ? wanted : undefined);
  const limit = Number(textFlag(flags, 'limit') ?? 1000);
  const given = args.join(' ').trim();
  if (given === '' && process.stdin.isTTY) return prompt(session, limit);
  const sql = given === '' || given === '-' ? (await readAll(process.stdin)).trim() : given;
  if (sql === '')
    throw new MillwrightError('MW-USAGE', 'there is no query', { next: 'mw sql "select * from runs limit 10"' });
  print(session, await ask(session, sql.replace(/;\s*$/, ''), limit), flags['csv'] === true);
}
