/** The metadata store over SQL. The URL's scheme picks the engine. */
import { Kysely } from 'kysely';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { alone } from './atomically.ts';
import { engineOf } from './engine-of.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/list.ts';
import { sqlStores } from './stores.ts';
import type { CoreTables } from './tables.ts';

/**
 * Opens `sqlite:///absolute/path.db`, `sqlite::memory:` (thrown away at close), `postgres://…` or `mysql://…` (MariaDB, too) and
 * migrates it. Throws MW-CONFIG-VALUE for another URL, MW-STATE for a schema of a newer program, MW-UNAVAILABLE when the file or the
 * server cannot be opened.
 */
export async function openMetadata(url: string): Promise<MetadataStore> {
  const engine = await engineOf(url);
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
    transaction: (work) => alone(db, (tx) => engine.inTransaction(async () => await work(sqlStores(tx, engine)))),
    close,
  };
}

export { copyMetadata } from './copy.ts';
export type { CopiedTable, CopyProgress } from './copy.ts';
