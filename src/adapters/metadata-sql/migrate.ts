/** Brings a database to the newest schema, or refuses one that a newer program wrote. */
import type { Kysely } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import type { ColumnTypes, SqlEngine } from './engine.ts';

export interface Migration {
  readonly name: string;
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>;
}

interface VersionTable {
  readonly schema_version: { readonly number: number; readonly name: string; readonly applied_at: number };
}

/**
 * Applies what is missing, everything in one transaction: a crash half-way leaves the old schema whole. Returns the names applied.
 * Throws MW-STATE for a schema that is newer than this program or that has another history.
 */
export async function migrate(
  database: Kysely<unknown>,
  engine: SqlEngine,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  const db = database as unknown as Kysely<VersionTable>;
  return db.transaction().execute(async (tx) => {
    await tx.schema
      .createTable('schema_version')
      .ifNotExists()
      .addColumn('number', engine.types.integer, (column) => column.primaryKey().notNull())
      .addColumn('name', engine.types.key, (column) => column.notNull())
      .addColumn('applied_at', engine.types.integer, (column) => column.notNull())
      .execute();
    const applied = await tx.selectFrom('schema_version').select(['number', 'name']).orderBy('number').execute();
    if (applied.length > migrations.length) {
      throw new MillwrightError(
        'MW-STATE',
        `the metadata was written by a newer Millwright (schema ${applied.length}, this one knows ${migrations.length})`,
        { next: 'update Millwright: npm install --global millwright@latest' },
      );
    }
    for (const [index, row] of applied.entries()) {
      if (row.name === migrations[index]?.name) continue;
      throw new MillwrightError('MW-STATE', `the metadata has another history: step ${row.number} is "${row.name}"`, {
        next: 'open it with the program that made it, or start with another home folder',
      });
    }
    const missing = migrations.slice(applied.length);
    for (const [index, migration] of missing.entries()) {
      await migration.up(tx as unknown as Kysely<unknown>, engine.types);
      const number = applied.length + index + 1;
      await tx.insertInto('schema_version').values({ number, name: migration.name, applied_at: Date.now() }).execute();
    }
    return missing.map((migration) => migration.name);
  });
}
