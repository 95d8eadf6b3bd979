/** All aggregates over one Kysely instance: the database itself, or one transaction of it. */
import { sql } from 'kysely';
import { COLLECTIONS } from '../../ports/metadata-store.ts';
import type { CollectionName, Stores } from '../../ports/metadata-store.ts';
import { atomically } from './atomically.ts';
import { sqlCollection } from './documents.ts';
import type { SqlEngine } from './engine.ts';
import { sqlEventLog } from './event-log.ts';
import { sqlJobStore } from './job-store.ts';
import { sqlRetention } from './retention.ts';
import { sqlTableSource } from './table-source.ts';
import { tableOf } from './tables.ts';
import type { CoreDb, DocDb, DocRow } from './tables.ts';
import { createSqlTracking } from './tracking.ts';
import type { TrackingDb } from './tracking-tables.ts';

function raise(db: CoreDb, engine: SqlEngine, name: string): Promise<number> {
  return atomically(db, async (tx) => {
    await engine.insertAbsent(tx.insertInto('counters').values({ name, value: 0 }), 'name').execute();
    await tx.updateTable('counters').set({ value: sql<number>`value + 1` }).where('name', '=', name).execute();
    // The row is this transaction's until it commits.
    const row = await tx.selectFrom('counters').select('value').where('name', '=', name).executeTakeFirstOrThrow();
    return row.value;
  });
}

/** Builds the port's interfaces on `db`. Cheap: it holds no state, so a transaction gets its own. */
export function sqlStores(db: CoreDb, engine: SqlEngine): Stores {
  const documents = db.withTables<Record<string, DocRow>>() as unknown as DocDb;
  const names = Object.keys(COLLECTIONS) as CollectionName[];
  const collections = Object.fromEntries(
    names.map((name) => [name, sqlCollection(documents, engine, { table: tableOf(name), fields: COLLECTIONS[name] })]),
  );
  return {
    // The names and the types of the port's table of collections are what this object was made from.
    ...(collections as unknown as Omit<Stores, 'tracking' | 'events' | 'jobs' | 'retention' | 'tables' | 'counter'>),
    tracking: createSqlTracking(db as unknown as TrackingDb, engine),
    events: sqlEventLog(db, engine),
    jobs: sqlJobStore(db, engine),
    retention: sqlRetention(db),
    tables: sqlTableSource(db as unknown as TrackingDb),
    counter: (name) => raise(db, engine, name),
  };
}
