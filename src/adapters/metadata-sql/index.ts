/** The metadata store over SQL. The URL's scheme picks the engine. */
import { Kysely } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { SqlEngine } from './engine.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/list.ts';
import { sqliteEngine } from './sqlite-engine.ts';
import { sqlStores } from './stores.ts';
import type { CoreTables } from './tables.ts';

function engineOf(url: string): SqlEngine {
  if (url === 'sqlite::memory:') return sqliteEngine(undefined);
  const file = /^sqlite:\/\/(\/.+)$/.exec(url)?.[1];
  if (file !== undefined) return sqliteEngine(file);
  throw new MillwrightError('MW-CONFIG-VALUE', `no metadata engine for "${url}"`, {
    next: 'use sqlite:///absolute/path.db or sqlite::memory:',
  });
}

/**
 * Opens `sqlite:///absolute/path.db` or `sqlite::memory:` (thrown away at close) and migrates it. Throws MW-CONFIG-VALUE for another
 * URL, MW-STATE for a schema of a newer program, MW-UNAVAILABLE when the file cannot be opened.
 */
export async function openMetadata(url: string): Promise<MetadataStore> {
  const engine = engineOf(url);
  const db = new Kysely<CoreTables>({ dialect: engine.dialect });
  async function close(): Promise<void> {
    await db.destroy();
    await engine.closed();
  }
  try {
    await migrate(db as unknown as Kysely<unknown>, engine, MIGRATIONS);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...sqlStores(db, engine),
    caps: engine.caps,
    transaction: (work) =>
      db.transaction().execute((tx) => engine.inTransaction(async () => await work(sqlStores(tx, engine)))),
    close,
  };
}
