import { sql } from 'kysely';
import { experimentNotActive, experimentNotFound, RUN_NAME_TAG, runNotFound } from '../../domain/tracking.ts';
import type { DatasetInput, Entry, Metric, ModelOutput, Run, RunInfo } from '../../domain/tracking.ts';
import type { RunSearch, TrackingStore } from '../../ports/tracking-store.ts';
import { atomically } from './atomically.ts';
import { orderOf, viewCondition, whereOf } from './tracking-conditions.ts';
import type { Searchable } from './tracking-conditions.ts';
import { writeTags } from './tracking-log.ts';
import { fromPoint, groups, toExperimentNumber } from './tracking-tables.ts';
import type { RunRow, TrackingDb } from './tracking-tables.ts';

type RunStore = Pick<TrackingStore, 'createRun' | 'getRunInfo' | 'getRun' | 'updateRun' | 'searchRuns' | 'countRuns'>;

const ENTRY_TABLES = { metric: 'latest_metrics', param: 'params', tag: 'run_tags' } as const;

const SEARCHABLE: Searchable = {
  attributes: {
    run_id: sql.ref('runs.id'),
    run_name: sql.ref('runs.name'),
    experiment_id: sql`cast(runs.experiment_id as text)`,
    status: sql.ref('runs.status'),
    user_id: sql.ref('runs.user_id'),
    artifact_uri: sql`('mlflow-artifacts:/' || runs.experiment_id || '/' || runs.id || '/artifacts')`,
    lifecycle_stage: sql.ref('runs.lifecycle'),
    start_time: sql.ref('runs.start_time'),
    end_time: sql.ref('runs.end_time'),
  },
  entries: (entity, key) =>
    sql`from ${sql.table(ENTRY_TABLES[entity])} as e where e.run_id = runs.id and e.key = ${key}`,
  datasets: sql`from run_datasets as i join logged_datasets as d on d.id = i.dataset_id where i.run_id = runs.id`,
};

function toInfo(row: RunRow): RunInfo {
  return {
    id: row.id,
    experimentId: String(row.experiment_id),
    name: row.name,
    userId: row.user_id,
    status: row.status as RunInfo['status'],
    startTime: row.start_time,
    ...(row.end_time === null ? {} : { endTime: row.end_time }),
    lifecycle: row.lifecycle,
  };
}

interface Parts {
  metrics: Metric[];
  params: Entry[];
  tags: Entry[];
  datasets: DatasetInput[];
  modelInputs: string[];
  modelOutputs: ModelOutput[];
}

/** Completes runs with a handful of queries, however many runs there are. */
async function complete(db: TrackingDb, rows: readonly RunRow[]): Promise<readonly Run[]> {
  const parts = new Map<string, Parts>();
  for (const { id } of rows) {
    parts.set(id, { metrics: [], params: [], tags: [], datasets: [], modelInputs: [], modelOutputs: [] });
  }
  for (const ids of groups([...parts.keys()])) {
    const metrics = await db
      .selectFrom('latest_metrics')
      .selectAll()
      .where('run_id', 'in', ids)
      .orderBy('key')
      .execute();
    for (const row of metrics) parts.get(row.run_id)?.metrics.push(fromPoint(row));
    const params = await db.selectFrom('params').selectAll().where('run_id', 'in', ids).orderBy('key').execute();
    for (const { run_id, key, value } of params) parts.get(run_id)?.params.push({ key, value });
    const tags = await db.selectFrom('run_tags').selectAll().where('run_id', 'in', ids).orderBy('key').execute();
    for (const { run_id, key, value } of tags) parts.get(run_id)?.tags.push({ key, value });
    const inputs = await db
      .selectFrom('run_datasets as i')
      .innerJoin('logged_datasets as d', 'd.id', 'i.dataset_id')
      .selectAll()
      .where('i.run_id', 'in', ids)
      .orderBy('d.id')
      .execute();
    for (const row of inputs) {
      const { name, digest, source_type: sourceType, source, schema, profile } = row;
      const described = { ...(schema === null ? {} : { schema }), ...(profile === null ? {} : { profile }) };
      const dataset = { name, digest, sourceType, source, ...described };
      parts.get(row.run_id)?.datasets.push({ dataset, tags: JSON.parse(row.tags) as Entry[] });
    }
    const models = await db.selectFrom('run_models').selectAll().where('run_id', 'in', ids).orderBy('step').execute();
    for (const { run_id, direction, model_id, step } of models) {
      if (direction === 'input') parts.get(run_id)?.modelInputs.push(model_id);
      else parts.get(run_id)?.modelOutputs.push({ modelId: model_id, step });
    }
  }
  return rows.flatMap((row) => {
    const found = parts.get(row.id);
    return found === undefined ? [] : [{ info: toInfo(row), ...found }];
  });
}

function matching(
  db: TrackingDb,
  { experimentIds, view, filter }: Pick<RunSearch, 'experimentIds' | 'view' | 'filter'>,
) {
  return db
    .selectFrom('runs')
    .where('experiment_id', 'in', experimentIds.map(toExperimentNumber))
    .where(viewCondition('runs.lifecycle', view))
    .where(whereOf(SEARCHABLE, filter));
}

export function sqlRuns(db: TrackingDb): RunStore {
  const find = (from: TrackingDb, id: string) =>
    from.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  return {
    createRun: (info, tags) =>
      atomically(db, async (tx) => {
        const experiment = toExperimentNumber(info.experimentId);
        const owner = await tx
          .selectFrom('experiments')
          .select('lifecycle')
          .where('id', '=', experiment)
          .executeTakeFirst();
        if (owner === undefined) throw experimentNotFound(info.experimentId);
        if (owner.lifecycle === 'deleted') throw experimentNotActive(info.experimentId);
        await tx
          .insertInto('runs')
          .values({
            id: info.id,
            experiment_id: experiment,
            name: info.name,
            user_id: info.userId,
            status: info.status,
            start_time: info.startTime,
            end_time: info.endTime ?? null,
            lifecycle: info.lifecycle,
          })
          .execute();
        const entries = Object.entries({ ...tags, [RUN_NAME_TAG]: info.name });
        await writeTags(
          tx,
          info.id,
          entries.map(([key, value]) => ({ key, value })),
        );
      }),
    async getRunInfo(id) {
      const row = await find(db, id);
      return row === undefined ? undefined : toInfo(row);
    },
    async getRun(id) {
      const row = await find(db, id);
      return row === undefined ? undefined : (await complete(db, [row]))[0];
    },
    updateRun: (id, { name, status, endTime, lifecycle }) =>
      atomically(db, async (tx) => {
        const before = await find(tx, id);
        if (before === undefined) throw runNotFound(id);
        const after: RunRow = {
          ...before,
          status: status ?? before.status,
          end_time: endTime === undefined ? before.end_time : endTime,
          lifecycle: lifecycle ?? before.lifecycle,
          name: name ?? before.name,
        };
        const { id: _id, ...columns } = after;
        await tx.updateTable('runs').set(columns).where('id', '=', id).execute();
        if (name !== undefined) await writeTags(tx, id, [{ key: RUN_NAME_TAG, value: name }]);
        return toInfo(after);
      }),
    async searchRuns(search) {
      if (search.experimentIds.length === 0) return [];
      const last = [sql`runs.start_time desc`, sql`runs.id asc`];
      const rows = await matching(db, search)
        .selectAll('runs')
        .orderBy(sql`${sql.join(orderOf(SEARCHABLE, search.order, last))}`)
        .limit(search.limit)
        .offset(search.offset)
        .execute();
      return complete(db, rows);
    },
    async countRuns(experimentIds, view, filter) {
      if (experimentIds.length === 0) return 0;
      const row = await matching(db, { experimentIds, view, filter })
        .select((of) => of.fn.countAll<number | string>().as('count'))
        .executeTakeFirst();
      return Number(row?.count ?? 0);
    },
  };
}
