/** All aggregates over one Kysely instance: the database itself, or one transaction of it. */
import { sql } from 'kysely';
import { COLLECTIONS } from '../../ports/metadata-store.ts';
import type { CollectionName, Stores } from '../../ports/metadata-store.ts';
import { sqlCollection } from './documents.ts';
import type { SqlEngine } from './engine.ts';
import { sqlEventLog } from './event-log.ts';
import { sqlJobStore } from './job-store.ts';
import { tableOf } from './tables.ts';
import type { CoreDb, DocDb, DocRow } from './tables.ts';
import { createSqlTracking } from './tracking.ts';
import type { TrackingDb } from './tracking-tables.ts';

async function raise(db: CoreDb, name: string): Promise<number> {
  const row = await db
    .insertInto('counters')
    .values({ name, value: 1 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql<number>`counters.value + 1` }))
    .returning('value')
    .executeTakeFirstOrThrow();
  return row.value;
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
    ...(collections as unknown as Omit<Stores, 'tracking' | 'events' | 'jobs' | 'counter'>),
    tracking: createSqlTracking(db as unknown as TrackingDb),
    events: sqlEventLog(db),
    jobs: sqlJobStore(db, engine),
    counter: (name) => raise(db, name),
  };
}
