/**
 * Points of metrics in packed chunks, one row for each metric of a run, an index that a search by metric reads from front to back; all
 * points of logged models' metrics. What was there moves over.
 */
import { sql } from 'kysely';
import type { CreateTableBuilder, Kysely } from 'kysely';
import type { ColumnTypes } from '../engine.ts';
import { extent, pack, summary, toPoints } from '../metric-points.ts';

interface OldPoint {
  readonly run_id: string;
  readonly key: string;
  readonly value: number;
  readonly is_nan: number;
  readonly timestamp: number;
  readonly step: number;
}

interface Tables {
  readonly runs: { readonly id: string; readonly experiment_id: number };
  readonly metrics: OldPoint;
  readonly latest_metrics: OldPoint;
  readonly logged_model_metrics: Readonly<Record<string, string | number>>;
  readonly run_metrics: Readonly<Record<string, string | number>>;
  readonly metric_chunks: Readonly<Record<string, string | number | Uint8Array>>;
  readonly model_metrics: Readonly<Record<string, string | number>>;
}

const FULL = 1000;

async function move(db: Kysely<Tables>): Promise<void> {
  const latest = await db
    .selectFrom('latest_metrics')
    .innerJoin('runs', 'runs.id', 'latest_metrics.run_id')
    .selectAll('latest_metrics')
    .select('runs.experiment_id')
    .execute();
  for (const { run_id, key, value, is_nan, timestamp, step, experiment_id } of latest) {
    const old = await db
      .selectFrom('metrics')
      .selectAll()
      .where('run_id', '=', run_id)
      .where('key', '=', key)
      .execute();
    const points = toPoints(
      old.map((row) => ({
        key,
        value: row.is_nan === 1 ? Number.NaN : row.value,
        timestamp: row.timestamp,
        step: row.step,
      })),
    );
    const count = points.value.length;
    if (count === 0) continue;
    const full = Math.max(1, Math.floor(count / FULL));
    for (let seq = 0; seq < full; seq += 1) {
      const from = Math.floor((seq * count) / full);
      const to = Math.floor(((seq + 1) * count) / full);
      const part = {
        timestamp: points.timestamp.slice(from, to),
        step: points.step.slice(from, to),
        value: points.value.slice(from, to),
      };
      const [min_step, max_step] = extent(part.step);
      const [min_timestamp, max_timestamp] = extent(part.timestamp);
      await db
        .insertInto('metric_chunks')
        .values({
          run_id,
          key,
          seq,
          points: to - from,
          min_step,
          max_step,
          min_timestamp,
          max_timestamp,
          summary: pack(summary(part)),
          data: pack(part),
        })
        .execute();
    }
    const [min_step, max_step] = extent(points.step);
    const [min_timestamp, max_timestamp] = extent(points.timestamp);
    const loose = count < FULL ? 1 : 0;
    await db
      .insertInto('run_metrics')
      .values({
        run_id,
        key,
        experiment_id,
        value,
        is_nan,
        timestamp,
        step,
        points: count,
        min_step,
        max_step,
        min_timestamp,
        max_timestamp,
        last_step: points.step[count - 1] ?? 0,
        in_order: 1,
        chunks: full,
        loose,
        loose_points: loose * count,
      })
      .execute();
  }
  await sql`insert into model_metrics select * from logged_model_metrics`.execute(db);
}

export async function up(database: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  const db = database as unknown as Kysely<Tables>;
  const { id, key, name, integer, real, bytes } = types;
  const inOrderOfKey = types.clustered ?? sql``;
  const numbers = (table: CreateTableBuilder<string, string>, names: readonly string[]) =>
    names.reduce((so, column) => so.addColumn(column, integer, (c) => c.notNull()), table);
  const metrics: CreateTableBuilder<string, string> = db.schema
    .createTable('run_metrics')
    .addColumn('run_id', id, (c) => c.notNull())
    .addColumn('key', key, (c) => c.notNull())
    .addColumn('experiment_id', integer, (c) => c.notNull())
    .addColumn('value', real, (c) => c.notNull())
    .addColumn('is_nan', integer, (c) => c.notNull())
    .addColumn('timestamp', integer, (c) => c.notNull())
    .addColumn('step', integer, (c) => c.notNull());
  await numbers(metrics, [
    'points',
    'min_step',
    'max_step',
    'min_timestamp',
    'max_timestamp',
    'last_step',
    'in_order',
    'chunks',
    'loose',
    'loose_points',
  ])
    .addPrimaryKeyConstraint('run_metrics_pk', ['run_id', 'key'])
    .modifyEnd(inOrderOfKey)
    .execute();
  // A search that orders by a metric reads this from either end and stops when the page is full.
  await db.schema
    .createIndex('run_metrics_search')
    .on('run_metrics')
    .columns(['experiment_id', 'key', 'is_nan', 'value', 'run_id'])
    .execute();

  const chunks: CreateTableBuilder<string, string> = db.schema
    .createTable('metric_chunks')
    .addColumn('run_id', id, (c) => c.notNull())
    .addColumn('key', key, (c) => c.notNull());
  await numbers(chunks, ['seq', 'points', 'min_step', 'max_step', 'min_timestamp', 'max_timestamp'])
    .addColumn('summary', bytes, (c) => c.notNull())
    .addColumn('data', bytes, (c) => c.notNull())
    .addPrimaryKeyConstraint('metric_chunks_pk', ['run_id', 'key', 'seq'])
    .modifyEnd(inOrderOfKey)
    .execute();

  // The same point on the same data is one row; a metric of one run may stand for several data sets at the same moment.
  await db.schema
    .createTable('model_metrics')
    .addColumn('model_id', id, (c) => c.notNull())
    .addColumn('run_id', id, (c) => c.notNull())
    .addColumn('key', key, (c) => c.notNull())
    .addColumn('dataset_name', name, (c) => c.notNull())
    .addColumn('dataset_digest', key, (c) => c.notNull())
    .addColumn('value', real, (c) => c.notNull())
    .addColumn('is_nan', integer, (c) => c.notNull())
    .addColumn('timestamp', integer, (c) => c.notNull())
    .addColumn('step', integer, (c) => c.notNull())
    .addPrimaryKeyConstraint('model_metrics_pk', [
      'model_id',
      'key',
      'run_id',
      'dataset_digest',
      'timestamp',
      'step',
      'is_nan',
      'value',
    ])
    .modifyEnd(inOrderOfKey)
    .execute();

  await move(db);
  await db.schema.dropTable('metrics').execute();
  await db.schema.dropTable('latest_metrics').execute();
  await db.schema.dropTable('logged_model_metrics').execute();

  // Params and tags by key and (the beginning of their) value, so that a search for one value finds its runs without reading others.
  for (const table of ['params', 'run_tags']) {
    await db.schema
      .alterTable(table)
      .addColumn('head', key, (c) => c.notNull().defaultTo(''))
      .execute();
    await sql`update ${sql.table(table)} set head = substr(value, 1, 100)`.execute(db);
    await db.schema.createIndex(`${table}_by_value`).on(table).columns(['key', 'head', 'run_id']).execute();
  }
}
