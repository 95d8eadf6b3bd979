/** Experiments, runs, metrics, params, tags, inputs, logged models, artifacts, traces. Indexes follow the queries of tracking-*.ts. */
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../engine.ts';
import type { TrackingDb } from '../tracking-tables.ts';

/** Times are ms since the epoch. Experiment `0` (Default) always exists, as MLflow's clients expect. */
export async function up(database: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  const { key, id, name, path, text, integer, real, sequence } = types;
  const db = database as unknown as TrackingDb;
  const { schema } = db;

  await schema
    .createTable('experiments')
    .addColumn('id', sequence)
    .addColumn('name', name, (c) => c.notNull().unique())
    .addColumn('lifecycle', key, (c) => c.notNull())
    .addColumn('created_at', integer, (c) => c.notNull())
    .addColumn('updated_at', integer, (c) => c.notNull())
    .execute();
  await schema
    .createTable('experiment_tags')
    .addColumn('experiment_id', integer, (c) => c.notNull())
    .addColumn('key', key, (c) => c.notNull())
    .addColumn('value', text, (c) => c.notNull())
    .addPrimaryKeyConstraint('experiment_tags_pk', ['experiment_id', 'key'])
    .execute();

  await schema
    .createTable('runs')
    .addColumn('id', id, (c) => c.notNull().primaryKey())
    .addColumn('experiment_id', integer, (c) => c.notNull())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('user_id', text, (c) => c.notNull())
    .addColumn('status', key, (c) => c.notNull())
    .addColumn('start_time', integer, (c) => c.notNull())
    .addColumn('end_time', integer)
    .addColumn('lifecycle', key, (c) => c.notNull())
    .execute();
  // The default order of a search is this index read from front to back.
  await schema
    .createIndex('runs_by_experiment')
    .on('runs')
    .columns(['experiment_id', 'lifecycle', 'start_time desc', 'id'])
    .execute();

  // The key is the identity of a point (an exact repeat is dropped) and at once the order of a history.
  await schema
    .createTable('metrics')
    .addColumn('run_id', id, (c) => c.notNull())
    .addColumn('key', key, (c) => c.notNull())
    .addColumn('timestamp', integer, (c) => c.notNull())
    .addColumn('step', integer, (c) => c.notNull())
    .addColumn('is_nan', integer, (c) => c.notNull())
    .addColumn('value', real, (c) => c.notNull())
    .addPrimaryKeyConstraint('metrics_pk', ['run_id', 'key', 'timestamp', 'step', 'is_nan', 'value'])
    .execute();
  await schema
    .createTable('latest_metrics')
    .addColumn('run_id', id, (c) => c.notNull())
    .addColumn('key', key, (c) => c.notNull())
    .addColumn('value', real, (c) => c.notNull())
    .addColumn('is_nan', integer, (c) => c.notNull())
    .addColumn('timestamp', integer, (c) => c.notNull())
    .addColumn('step', integer, (c) => c.notNull())
    .addPrimaryKeyConstraint('latest_metrics_pk', ['run_id', 'key'])
    .execute();
  for (const table of ['params', 'run_tags'] as const) {
    await schema
      .createTable(table)
      .addColumn('run_id', id, (c) => c.notNull())
      .addColumn('key', key, (c) => c.notNull())
      .addColumn('value', text, (c) => c.notNull())
      .addPrimaryKeyConstraint(`${table}_pk`, ['run_id', 'key'])
      .execute();
  }

  await schema
    .createTable('logged_datasets')
    .addColumn('id', sequence)
    .addColumn('experiment_id', integer, (c) => c.notNull())
    .addColumn('name', name, (c) => c.notNull())
    .addColumn('digest', key, (c) => c.notNull())
    .addColumn('source_type', text, (c) => c.notNull())
    .addColumn('source', text, (c) => c.notNull())
    .addColumn('schema', text)
    .addColumn('profile', text)
    .addUniqueConstraint('logged_datasets_identity', ['experiment_id', 'name', 'digest'])
    .execute();
  await schema
    .createTable('run_datasets')
    .addColumn('run_id', id, (c) => c.notNull())
    .addColumn('dataset_id', integer, (c) => c.notNull())
    .addColumn('tags', text, (c) => c.notNull())
    .addPrimaryKeyConstraint('run_datasets_pk', ['run_id', 'dataset_id'])
    .execute();
  await schema
    .createTable('run_models')
    .addColumn('run_id', id, (c) => c.notNull())
    .addColumn('direction', id, (c) => c.notNull())
    .addColumn('model_id', id, (c) => c.notNull())
    .addColumn('step', integer, (c) => c.notNull())
    .addPrimaryKeyConstraint('run_models_pk', ['run_id', 'direction', 'model_id', 'step'])
    .execute();

  await schema
    .createTable('logged_models')
    .addColumn('id', id, (c) => c.notNull().primaryKey())
    .addColumn('experiment_id', integer, (c) => c.notNull())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('model_type', text, (c) => c.notNull())
    .addColumn('source_run_id', id)
    .addColumn('status', key, (c) => c.notNull())
    .addColumn('status_message', text)
    .addColumn('created_at', integer, (c) => c.notNull())
    .addColumn('updated_at', integer, (c) => c.notNull())
    .addColumn('deleted_at', integer)
    .execute();
  await schema
    .createIndex('logged_models_by_experiment')
    .on('logged_models')
    .columns(['experiment_id', 'created_at desc', 'id'])
    .execute();
  for (const table of ['logged_model_params', 'logged_model_tags'] as const) {
    await schema
      .createTable(table)
      .addColumn('model_id', id, (c) => c.notNull())
      .addColumn('key', key, (c) => c.notNull())
      .addColumn('value', text, (c) => c.notNull())
      .addPrimaryKeyConstraint(`${table}_pk`, ['model_id', 'key'])
      .execute();
  }
  await schema
    .createTable('logged_model_metrics')
    .addColumn('model_id', id, (c) => c.notNull())
    .addColumn('run_id', id, (c) => c.notNull())
    .addColumn('key', key, (c) => c.notNull())
    .addColumn('dataset_name', key, (c) => c.notNull())
    .addColumn('dataset_digest', id, (c) => c.notNull())
    .addColumn('value', real, (c) => c.notNull())
    .addColumn('is_nan', integer, (c) => c.notNull())
    .addColumn('timestamp', integer, (c) => c.notNull())
    .addColumn('step', integer, (c) => c.notNull())
    .addPrimaryKeyConstraint('logged_model_metrics_pk', ['model_id', 'key', 'dataset_name', 'dataset_digest', 'run_id'])
    .execute();

  await schema
    .createTable('artifacts')
    .addColumn('owner_kind', id, (c) => c.notNull())
    .addColumn('owner_id', id, (c) => c.notNull())
    .addColumn('path', path, (c) => c.notNull())
    .addColumn('digest', key, (c) => c.notNull())
    .addColumn('bytes', integer, (c) => c.notNull())
    .addPrimaryKeyConstraint('artifacts_pk', ['owner_kind', 'owner_id', 'path'])
    .execute();
  // A collector asks which rows still name a blob.
  await schema.createIndex('artifacts_by_digest').on('artifacts').column('digest').execute();

  await schema
    .createTable('traces')
    .addColumn('id', key, (c) => c.notNull().primaryKey())
    .addColumn('experiment_id', integer, (c) => c.notNull())
    .addColumn('request_time', integer, (c) => c.notNull())
    .addColumn('info', text, (c) => c.notNull())
    .execute();
  await schema
    .createIndex('traces_by_experiment')
    .on('traces')
    .columns(['experiment_id', 'request_time desc', 'id'])
    .execute();

  const now = Date.now();
  await db
    .insertInto('experiments')
    .values({ id: 0, name: 'Default', lifecycle: 'active', created_at: now, updated_at: now })
    .execute();
}
