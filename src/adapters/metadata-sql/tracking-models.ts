import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { experimentNotFound, modelNotFound } from '../../domain/tracking.ts';
import type { Entry, LoggedModel, Metric } from '../../domain/tracking.ts';
import type { LoggedModelSearch, TrackingStore } from '../../ports/tracking-store.ts';
import { atomically } from './atomically.ts';
import type { SqlEngine, SqlPhrases } from './engine.ts';
import { orderOf, whereOf } from './tracking-conditions.ts';
import type { Searchable } from './tracking-conditions.ts';
import { fromPoint, groups, pieces, toExperimentNumber } from './tracking-tables.ts';
import type { LoggedModelRow, TrackingDb } from './tracking-tables.ts';

type LoggedModelStore = Pick<
  TrackingStore,
  | 'createLoggedModel'
  | 'getLoggedModel'
  | 'updateLoggedModel'
  | 'setLoggedModelTags'
  | 'deleteLoggedModelTag'
  | 'addLoggedModelParams'
  | 'searchLoggedModels'
>;

type EntryTable = 'logged_model_params' | 'logged_model_tags';

/** A metric counts when it was logged on one of the datasets; of several runs or datasets the newest counts. */
function metricRows(key: string, datasets: LoggedModelSearch['datasets']): RawBuilder<unknown> {
  const on = datasets.map(({ name, digest }) =>
    digest === undefined
      ? sql`(e.dataset_name = ${name})`
      : sql`(e.dataset_name = ${name} and e.dataset_digest = ${digest})`,
  );
  const onDataset = on.length === 0 ? sql`` : sql` and (${sql.join(on, sql` or `)})`;
  return sql`from model_metrics as e where e.model_id = logged_models.id and ${sql.ref('e.key')} = ${key}${onDataset}`;
}

function searchable(phrases: SqlPhrases, datasets: LoggedModelSearch['datasets']): Searchable {
  return {
    attributes: {
      model_id: sql.ref('logged_models.id'),
      name: sql.ref('logged_models.name'),
      model_type: sql.ref('logged_models.model_type'),
      status: sql.ref('logged_models.status'),
      source_run_id: sql.ref('logged_models.source_run_id'),
      experiment_id: phrases.asText(sql.ref('logged_models.experiment_id')),
      creation_timestamp: sql.ref('logged_models.created_at'),
      last_updated_timestamp: sql.ref('logged_models.updated_at'),
    },
    counts: sql`order by e.step desc, ${sql.ref('e.timestamp')} desc, e.is_nan desc, e.value desc`,
    entries: (entity, key) => {
      if (entity === 'metric') return metricRows(key, datasets);
      const table = entity === 'param' ? 'logged_model_params' : 'logged_model_tags';
      return sql`from ${sql.table(table)} as e where e.model_id = logged_models.id and ${sql.ref('e.key')} = ${key}`;
    },
  };
}

async function writeEntries(
  tx: TrackingDb,
  engine: SqlEngine,
  table: EntryTable,
  id: string,
  entries: readonly Entry[],
): Promise<void> {
  const last = [...new Map(entries.map((entry) => [entry.key, entry.value]))];
  for (const piece of pieces(last)) {
    const rows = piece.map(([key, value]) => ({ model_id: id, key, value }));
    const how = { key: ['model_id', 'key'], set: ['value'] };
    await engine.upsert(tx.insertInto(table).values(rows), how).execute();
  }
}

async function complete(db: TrackingDb, rows: readonly LoggedModelRow[]): Promise<readonly LoggedModel[]> {
  const parts = new Map<string, { params: Entry[]; tags: Entry[]; metrics: Metric[] }>();
  for (const { id } of rows) parts.set(id, { params: [], tags: [], metrics: [] });
  for (const ids of groups([...parts.keys()])) {
    const params = await db
      .selectFrom('logged_model_params')
      .selectAll()
      .where('model_id', 'in', ids)
      .orderBy('key')
      .execute();
    for (const { model_id, key, value } of params) parts.get(model_id)?.params.push({ key, value });
    const tags = await db
      .selectFrom('logged_model_tags')
      .selectAll()
      .where('model_id', 'in', ids)
      .orderBy('key')
      .execute();
    for (const { model_id, key, value } of tags) parts.get(model_id)?.tags.push({ key, value });
    const metrics = await db
      .selectFrom('model_metrics')
      .selectAll()
      .where('model_id', 'in', ids)
      .orderBy('key')
      .orderBy('timestamp')
      .orderBy('step')
      .orderBy('run_id')
      .orderBy('dataset_name')
      .orderBy('dataset_digest')
      .orderBy('is_nan')
      .orderBy('value')
      .execute();
    for (const row of metrics) {
      parts.get(row.model_id)?.metrics.push({
        ...fromPoint(row),
        modelId: row.model_id,
        runId: row.run_id,
        ...(row.dataset_name === '' ? {} : { datasetName: row.dataset_name }),
        ...(row.dataset_digest === '' ? {} : { datasetDigest: row.dataset_digest }),
      });
    }
  }
  return rows.flatMap((row) => {
    const found = parts.get(row.id);
    return found === undefined ? [] : [{ ...toModel(row), ...found }];
  });
}

function toModel(row: LoggedModelRow): Omit<LoggedModel, 'params' | 'tags' | 'metrics'> {
  return {
    id: row.id,
    experimentId: String(row.experiment_id),
    name: row.name,
    modelType: row.model_type,
    ...(row.source_run_id === null ? {} : { sourceRunId: row.source_run_id }),
    status: row.status as LoggedModel['status'],
    ...(row.status_message === null ? {} : { statusMessage: row.status_message }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(row.deleted_at === null ? {} : { deletedAt: row.deleted_at }),
  };
}

async function find(db: TrackingDb, id: string): Promise<LoggedModel | undefined> {
  const row = await db.selectFrom('logged_models').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : (await complete(db, [row]))[0];
}

async function mustExist(tx: TrackingDb, id: string): Promise<void> {
  const row = await tx.selectFrom('logged_models').select('deleted_at').where('id', '=', id).executeTakeFirst();
  if (row === undefined || row.deleted_at !== null) throw modelNotFound(id);
}

export function sqlLoggedModels(db: TrackingDb, engine: SqlEngine): LoggedModelStore {
  return {
    createLoggedModel: (model) =>
      atomically(db, async (tx) => {
        const experiment = toExperimentNumber(model.experimentId);
        const owner = await tx.selectFrom('experiments').select('id').where('id', '=', experiment).executeTakeFirst();
        if (owner === undefined) throw experimentNotFound(model.experimentId);
        await tx
          .insertInto('logged_models')
          .values({
            id: model.id,
            experiment_id: experiment,
            name: model.name,
            model_type: model.modelType,
            source_run_id: model.sourceRunId ?? null,
            status: model.status,
            status_message: model.statusMessage ?? null,
            created_at: model.createdAt,
            updated_at: model.updatedAt,
            deleted_at: null,
          })
          .execute();
        await writeEntries(tx, engine, 'logged_model_params', model.id, model.params);
        await writeEntries(tx, engine, 'logged_model_tags', model.id, model.tags);
      }),
    getLoggedModel: (id) => find(db, id),
    updateLoggedModel: (id, { status, updatedAt, deletedAt }) =>
      atomically(db, async (tx) => {
        await mustExist(tx, id);
        await tx
          .updateTable('logged_models')
          .set({
            updated_at: updatedAt,
            ...(status === undefined ? {} : { status }),
            ...(deletedAt === undefined ? {} : { deleted_at: deletedAt }),
          })
          .where('id', '=', id)
          .execute();
        const after = await find(tx, id);
        if (after === undefined) throw modelNotFound(id);
        return after;
      }),
    setLoggedModelTags: (id, tags) =>
      atomically(db, async (tx) => {
        await mustExist(tx, id);
        await writeEntries(tx, engine, 'logged_model_tags', id, toEntries(tags));
      }),
    deleteLoggedModelTag: (id, key) =>
      atomically(db, async (tx) => {
        await mustExist(tx, id);
        const done = await tx
          .deleteFrom('logged_model_tags')
          .where('model_id', '=', id)
          .where('key', '=', key)
          .executeTakeFirst();
        return done.numDeletedRows > 0n;
      }),
    addLoggedModelParams: (id, params) =>
      atomically(db, async (tx) => {
        await mustExist(tx, id);
        await writeEntries(tx, engine, 'logged_model_params', id, toEntries(params));
      }),
    async searchLoggedModels({ experimentIds, filter, order, datasets, limit, offset }) {
      if (experimentIds.length === 0) return [];
      const of = searchable(engine, datasets);
      const last = [sql`logged_models.created_at desc`, sql`logged_models.id asc`];
      const rows = await db
        .selectFrom('logged_models')
        .selectAll()
        .where('experiment_id', 'in', experimentIds.map(toExperimentNumber))
        .where('deleted_at', 'is', null)
        .where(whereOf(engine, of, filter))
        .orderBy(sql`${sql.join(orderOf(of, order, last))}`)
        .limit(limit)
        .offset(offset)
        .execute();
      return complete(db, rows);
    },
  };
}

const toEntries = (of: Readonly<Record<string, string>>): Entry[] =>
  Object.entries(of).map(([key, value]) => ({ key, value }));
