/** Webhooks, multipart uploads, saved views, wandb streams, environment proofs; when a run was deleted. */
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../engine.ts';

const TABLES: Readonly<Record<string, readonly (readonly [name: string, type: 'key' | 'integer'])[]>> = {
  webhooks: [],
  uploads: [],
  saved_views: [['place', 'key']],
  wandb_runs: [['run_id', 'key']],
  proofs: [
    ['model', 'key'],
    ['version', 'integer'],
  ],
};

export async function up(db: Kysely<unknown>, { key, text, integer }: ColumnTypes): Promise<void> {
  const types = { key, integer };
  for (const [table, fields] of Object.entries(TABLES)) {
    let create = db.schema
      .createTable(table)
      .addColumn('id', key, (column) => column.primaryKey().notNull())
      .addColumn('created_at', integer, (column) => column.notNull());
    for (const [name, type] of fields) create = create.addColumn(name, types[type]);
    await create.addColumn('doc', text, (column) => column.notNull()).execute();
    await db.schema.createIndex(`${table}_page`).on(table).columns(['created_at', 'id']).execute();
    for (const [name] of fields) {
      await db.schema.createIndex(`${table}_${name}`).on(table).columns([name, 'created_at', 'id']).execute();
    }
  }
  await db.schema.alterTable('runs').addColumn('deleted_at', integer).execute();
}
