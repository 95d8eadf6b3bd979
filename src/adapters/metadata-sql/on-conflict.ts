/** The phrases of SQLite and PostgreSQL, which both know `on conflict` and `returning`. */
import { sql } from 'kysely';
import type { InsertQueryBuilder, InsertResult } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import type { SqlPhrases, Upsert } from './engine.ts';

/** The builder without its table's types: columns are named at run time here. */
type AnyInsert = InsertQueryBuilder<Record<string, Record<string, unknown>>, string, InsertResult>;

function tableOf(insert: AnyInsert): string {
  const name = insert.toOperationNode().into?.table.identifier.name;
  if (name === undefined) throw new MillwrightError('MW-INTERNAL', 'an insert without a table');
  return name;
}

function replaced(insert: AnyInsert, { key, set, ifGreater }: Upsert): AnyInsert {
  const table = tableOf(insert);
  const newer = (column: string) => sql.ref(`excluded.${column}`);
  return insert.onConflict((conflict) => {
    const update = conflict
      .columns([...key])
      .doUpdateSet(Object.fromEntries(set.map((column) => [column, newer(column)])));
    if (ifGreater === undefined) return update;
    const older = ifGreater.map((column) => sql.ref(`${table}.${column}`));
    return update.where(sql<boolean>`(${sql.join(ifGreater.map(newer))}) > (${sql.join(older)})`);
  });
}

export const onConflict: Pick<SqlPhrases, 'insertAbsent' | 'upsert' | 'tryInsert' | 'insertNumbered'> = {
  insertAbsent: (insert) => insert.onConflict((conflict) => conflict.doNothing()),
  upsert: (insert, how) => replaced(insert as unknown as AnyInsert, how) as unknown as typeof insert,
  async tryInsert(insert) {
    // Not "insert and catch": an error would end the caller's transaction on some engines.
    const done = await (insert as unknown as AnyInsert)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return done.numInsertedOrUpdatedRows === 1n;
  },
  async insertNumbered(insert, column) {
    const row = await (insert as unknown as AnyInsert)
      .onConflict((conflict) => conflict.doNothing())
      .returning(sql<number>`${sql.ref(column)}`.as('number'))
      .executeTakeFirst();
    return row?.number;
  },
};
