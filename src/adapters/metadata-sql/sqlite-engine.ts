/** SQLite by the built-in node:sqlite: nothing to compile, nothing to start. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely';
import type { DialectAdapter } from 'kysely';
import { sqliteCatalog } from './catalog.ts';
import type { SqlEngine } from './engine.ts';
import { onConflict } from './on-conflict.ts';
import { sqliteCode } from './sqlite-connection.ts';
import { currentTransaction, SqliteFileDriver } from './sqlite-driver.ts';
import type { OpenTransaction } from './sqlite-driver.ts';

const SQLITE_CONSTRAINT = 19;

/** LIKE as GLOB: SQLite's LIKE ignores case, and its GLOB does not. */
function globOf(pattern: string): string {
  let glob = '';
  for (const c of pattern) glob += c === '%' ? '*' : c === '_' ? '?' : '*?['.includes(c) ? `[${c}]` : c;
  return glob;
}

/**
 * Kysely's own SqliteAdapter says "one connection", and Kysely then queues every read behind the transaction that is open. Its
 * migrator, which would take the locks, is not used.
 */
const adapter: DialectAdapter = {
  supportsMultipleConnections: true,
  supportsTransactionalDdl: true,
  supportsReturning: true,
  acquireMigrationLock: async () => undefined,
  releaseMigrationLock: async () => undefined,
};

/**
 * An engine over a database file, or over a throw-away one. The throw-away one is a file in the OS's temporary folder and not
 * `:memory:`, because there a second connection either sees another database or uncommitted rows.
 */
export function sqliteEngine(file: string | undefined): SqlEngine {
  const folder = file === undefined ? mkdtempSync(join(tmpdir(), 'millwright-db-')) : undefined;
  const path = file ?? join(folder ?? '', 'memory.db');
  const durable = file !== undefined;
  const driver = new SqliteFileDriver(path, durable);
  return {
    caps: { engine: 'sqlite', multiProcess: durable, durable },
    dialect: {
      createAdapter: () => adapter,
      createDriver: () => driver,
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    types: {
      key: sql`text`,
      id: sql`text`,
      name: sql`text`,
      path: sql`text`,
      text: sql`text`,
      bytes: sql`blob`,
      integer: sql`integer`,
      real: sql`real`,
      sequence: sql`integer primary key autoincrement`,
      clustered: sql`without rowid`,
    },
    ...onConflict,
    like: (text, pattern) => sql<boolean>`${text} glob ${globOf(pattern)}`,
    // LIKE of SQLite has no escape character unless one is named.
    likeAnyCase: (text, pattern) => sql<boolean>`${text} like ${pattern}`,
    asText: (number) => sql<string>`cast(${number} as text)`,
    jsonEntry: (column, key) =>
      sql<string>`(select json_extract(entry.value, '$.value') from json_each(${column}) as entry where json_extract(entry.value, '$.key') = ${key} limit 1)`,
    refusable: (_db, work) => work(),
    migrating: (work) => work(),
    schemaRollsBack: true,
    resuming: (work) => work(),
    isTaken: (error) => sqliteCode(error) === SQLITE_CONSTRAINT,
    direct: driver,
    // The writer is alone from `begin immediate` on.
    catalog: sqliteCatalog,
    lockRow: undefined,
    lockFree: undefined,
    async inTransaction(work) {
      const state: OpenTransaction = { open: true };
      try {
        return await currentTransaction.run(state, work);
      } finally {
        // Work that was started inside and lives on may write again.
        state.open = false;
      }
    },
    async closed() {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
