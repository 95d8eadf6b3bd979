/** All rows of a table, in pages of about equal size in bytes, along its primary key. */
import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import type { TableShape } from './catalog.ts';
import { sizeOf } from './row-digest.ts';

export type Row = Readonly<Record<string, unknown>>;

/** What a page should hold. One row may be more. */
const PAGE_BYTES = 2_000_000;
const FIRST_ROWS = 50;
const MOST_ROWS = 2_000;

/** Rows behind `last` in the order of the key, written so that every engine finds the place in its index. */
function behind(key: readonly string[], last: Row): RawBuilder<boolean> {
  const ways = key.map((column, index) => {
    const same = key.slice(0, index).map((before) => sql`${sql.ref(before)} = ${last[before]}`);
    return sql`(${sql.join([...same, sql`${sql.ref(column)} > ${last[column]}`], sql` and `)})`;
  });
  const [first] = key;
  if (first === undefined) throw new MillwrightError('MW-INTERNAL', 'a key without columns');
  return sql<boolean>`${sql.ref(first)} >= ${last[first]} and (${sql.join(ways, sql` or `)})`;
}

/** Throws MW-INTERNAL for a table without a primary key: its pages would have no order. */
export async function* pagesOf(
  db: Kysely<unknown>,
  { name, columns, key }: TableShape,
): AsyncGenerator<readonly Row[]> {
  if (key.length === 0) throw new MillwrightError('MW-INTERNAL', `the table ${name} has no primary key`);
  const selected = sql.join(columns.map((column) => sql.ref(column)));
  const order = sql.join(key.map((column) => sql.ref(column)));
  let last: Row | undefined;
  let limit = FIRST_ROWS;
  for (;;) {
    const where = last === undefined ? sql`` : sql`where ${behind(key, last)}`;
    const page =
      await sql<Row>`select ${selected} from ${sql.table(name)} ${where} order by ${order} limit ${limit}`.execute(db);
    const { rows } = page;
    if (rows.length > 0) yield rows;
    last = rows.at(-1);
    if (rows.length < limit || last === undefined) return;
    let bytes = 1;
    for (const row of rows) for (const value of Object.values(row)) bytes += sizeOf(value);
    limit = Math.max(1, Math.min(MOST_ROWS, Math.floor((PAGE_BYTES / bytes) * rows.length)));
  }
}
