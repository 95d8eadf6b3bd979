/** Brings a database to the newest schema, or refuses one that a newer program wrote. */
import type { Kysely } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import { alone } from './atomically.ts';
import type { ColumnTypes, SqlEngine } from './engine.ts';

export interface Migration {
  readonly name: string;
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>;
}

interface VersionTable {
  readonly schema_version: { readonly number: number; readonly name: string; readonly applied_at: number };
}

/** The row of `schema_version` that says: a copy to here has not come to its end. */
const COPY_MARK = { number: 1_000_000, name: 'copy-under-way' } as const;

/** Stands for `applied_at` while a migration runs on an engine that cannot undo it: after a crash it is taken up again. */
const UNDER_WAY = 0;

/**
 * Applies what is missing, alone. Where the engine undoes changes of the schema, everything is one transaction and a crash half-way
 * leaves the old schema whole; elsewhere the next start goes on where the last one was cut off. Returns the names applied. Throws
 * MW-STATE for a schema that is newer than this program or that has another history.
 */
export function migrate(
  database: Kysely<unknown>,
  engine: SqlEngine,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  const db = database as unknown as Kysely<VersionTable>;
  return engine.migrating(() => alone(db, (tx) => bringUp(tx, engine, migrations)));
}

const unfinished = (): MillwrightError =>
  new MillwrightError('MW-STATE', 'this metadata is a copy that was cut off before it was complete', {
    next: 'the source is whole; drop this database (or delete its file), make it anew and run mw migrate-store again',
  });

/** From here on nobody opens the database, until `unmarkCopy`. */
export async function markCopy(database: Kysely<unknown>): Promise<void> {
  const db = database as unknown as Kysely<VersionTable>;
  await db
    .insertInto('schema_version')
    .values({ ...COPY_MARK, applied_at: Date.now() })
    .execute();
}

export async function unmarkCopy(database: Kysely<unknown>): Promise<void> {
  const db = database as unknown as Kysely<VersionTable>;
  await db.deleteFrom('schema_version').where('number', '=', COPY_MARK.number).execute();
}

/** Throws MW-STATE unless the database is at exactly these migrations. Changes nothing. */
export async function requireNewest(database: Kysely<unknown>, migrations: readonly Migration[]): Promise<void> {
  const db = database as unknown as Kysely<VersionTable>;
  let rows: readonly VersionTable['schema_version'][];
  try {
    rows = await db.selectFrom('schema_version').selectAll().orderBy('number').execute();
  } catch (error) {
    if (error instanceof MillwrightError) throw error;
    throw new MillwrightError('MW-STATE', 'the source is no metadata of Millwright', { where: '--from', cause: error });
  }
  if (rows.some(({ number }) => number === COPY_MARK.number)) throw unfinished();
  const names = rows.filter((row) => row.applied_at !== UNDER_WAY).map(({ name }) => name);
  if (names.join() === migrations.map(({ name }) => name).join()) return;
  throw new MillwrightError('MW-STATE', 'the source was written by another version of Millwright', {
    where: '--from',
    next: 'start this version once on the source (mw server --metadata <source>), stop it, then run it again',
  });
}

async function bringUp(
  tx: Kysely<VersionTable>,
  engine: SqlEngine,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  await tx.schema
    .createTable('schema_version')
    .ifNotExists()
    .addColumn('number', engine.types.integer, (column) => column.primaryKey().notNull())
    .addColumn('name', engine.types.key, (column) => column.notNull())
    .addColumn('applied_at', engine.types.integer, (column) => column.notNull())
    .execute();
  const rows = await tx.selectFrom('schema_version').selectAll().orderBy('number').execute();
  if (rows.some(({ number }) => number === COPY_MARK.number)) throw unfinished();
  const applied = rows.filter((row) => row.applied_at !== UNDER_WAY);
  if (rows.length > migrations.length) {
    throw new MillwrightError(
      'MW-STATE',
      `the metadata was written by a newer Millwright (schema ${rows.length}, this one knows ${migrations.length})`,
      { next: 'update Millwright: npm install --global millwright@latest' },
    );
  }
  for (const [index, row] of rows.entries()) {
    if (row.name === migrations[index]?.name) continue;
    throw new MillwrightError('MW-STATE', `the metadata has another history: step ${row.number} is "${row.name}"`, {
      next: 'open it with the program that made it, or start with another home folder',
    });
  }
  const missing = migrations.slice(applied.length);
  for (const [index, migration] of missing.entries()) {
    const number = applied.length + index + 1;
    const up = () => migration.up(tx as unknown as Kysely<unknown>, engine.types);
    const row = { number, name: migration.name, applied_at: Date.now() };
    if (engine.schemaRollsBack) {
      await up();
      await tx.insertInto('schema_version').values(row).execute();
    } else {
      const cutOff = rows.some((other) => other.number === number);
      // The first change of the schema commits this row with it.
      if (!cutOff)
        await tx
          .insertInto('schema_version')
          .values({ ...row, applied_at: UNDER_WAY })
          .execute();
      await (cutOff ? engine.resuming(up) : up());
      await tx.updateTable('schema_version').set({ applied_at: row.applied_at }).where('number', '=', number).execute();
    }
  }
  return missing.map((migration) => migration.name);
}
