/**
 * Collections, outbox, jobs, counters. Written out and not derived from the port's lists: a released migration never changes, and an
 * indexed field that is added later gets a migration of its own.
 */
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../engine.ts';

type Field = readonly [name: string, type: 'key' | 'integer'];

interface Table {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly unique?: readonly string[];
}

const TABLES: readonly Table[] = [
  { name: 'projects', fields: [] },
  {
    name: 'dataset_versions',
    fields: [
      ['project', 'key'],
      ['name', 'key'],
      ['digest', 'key'],
    ],
  },
  { name: 'environments', fields: [['digest', 'key']] },
  {
    name: 'pipeline_runs',
    fields: [
      ['project', 'key'],
      ['status', 'key'],
    ],
  },
  {
    name: 'step_runs',
    fields: [
      ['pipeline_run_id', 'key'],
      ['status', 'key'],
      ['cache_key', 'key'],
    ],
  },
  { name: 'models', fields: [] },
  {
    name: 'versions',
    fields: [
      ['model', 'key'],
      ['number', 'integer'],
      ['run_id', 'key'],
      ['verdict', 'key'],
    ],
    unique: ['model', 'number'],
  },
  {
    name: 'images',
    fields: [
      ['model', 'key'],
      ['version', 'integer'],
    ],
  },
  {
    name: 'releases',
    fields: [
      ['endpoint', 'key'],
      ['model', 'key'],
      ['version', 'integer'],
    ],
  },
  { name: 'endpoints', fields: [['project', 'key']] },
  {
    name: 'rollouts',
    fields: [
      ['endpoint', 'key'],
      ['status', 'key'],
    ],
  },
  {
    name: 'evaluations',
    fields: [
      ['monitor_id', 'key'],
      ['project', 'key'],
      ['to', 'integer'],
    ],
    unique: ['monitor_id', 'to'],
  },
  {
    name: 'alerts',
    fields: [
      ['monitor_id', 'key'],
      ['project', 'key'],
      ['status', 'key'],
    ],
  },
  { name: 'tokens', fields: [['hash', 'key']], unique: ['hash'] },
  { name: 'audit', fields: [['actor', 'key']] },
];

export async function up(db: Kysely<unknown>, { key, text, integer, sequence }: ColumnTypes): Promise<void> {
  const types = { key, integer };
  for (const table of TABLES) {
    let create = db.schema
      .createTable(table.name)
      .addColumn('id', key, (column) => column.primaryKey().notNull())
      .addColumn('created_at', integer, (column) => column.notNull());
    for (const [name, type] of table.fields) create = create.addColumn(name, types[type]);
    await create.addColumn('doc', text, (column) => column.notNull()).execute();
    await db.schema.createIndex(`${table.name}_page`).on(table.name).columns(['created_at', 'id']).execute();
    for (const [name] of table.fields) {
      await db.schema.createIndex(`${table.name}_${name}`).on(table.name).columns([name, 'created_at', 'id']).execute();
    }
    if (table.unique !== undefined) {
      await db.schema
        .createIndex(`${table.name}_unique_${table.unique.join('_')}`)
        .unique()
        .on(table.name)
        .columns([...table.unique])
        .execute();
    }
  }

  await db.schema
    .createTable('events')
    .addColumn('seq', sequence)
    .addColumn('id', key, (column) => column.notNull().unique())
    .addColumn('type', key, (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('project', key, (column) => column.notNull())
    .addColumn('actor', key, (column) => column.notNull())
    .addColumn('cause', key)
    .addColumn('data', text, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('events_project').on('events').columns(['project', 'seq']).execute();
  await db.schema.createIndex('events_type').on('events').columns(['type', 'seq']).execute();

  await db.schema
    .createTable('handler_cursors')
    .addColumn('handler', key, (column) => column.primaryKey().notNull())
    .addColumn('seq', integer, (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('jobs')
    .addColumn('id', key, (column) => column.primaryKey().notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('queue', key, (column) => column.notNull())
    .addColumn('payload', text, (column) => column.notNull())
    .addColumn('state', key, (column) => column.notNull())
    .addColumn('owner', key)
    .addColumn('fence', integer, (column) => column.notNull())
    .addColumn('lease_until', integer)
    .execute();
  await db.schema.createIndex('jobs_queue').on('jobs').columns(['queue', 'state', 'created_at', 'id']).execute();

  await db.schema
    .createTable('counters')
    .addColumn('name', key, (column) => column.primaryKey().notNull())
    .addColumn('value', integer, (column) => column.notNull())
    .execute();
}
