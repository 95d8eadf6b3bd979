import { experimentNotActive, experimentNotFound, RUN_NAME_TAG, runNotFound } from '../../domain/tracking.ts';
import type { DatasetInput, Entry, Metric, ModelOutput, Run, RunInfo } from '../../domain/tracking.ts';
import type { RunSearch, TrackingStore } from '../../ports/tracking-store.ts';
import type { SqlEngine } from './engine.ts';
import { rows, runnerOf } from './program.ts';
import { runPrograms } from './tracking-log.ts';
import { runCount, runKeys, runSearch } from './tracking-search.ts';
import { fromPoint, groups, toExperimentNumber } from './tracking-tables.ts';
import type { RunRow, TrackingDb } from './tracking-tables.ts';

type RunStore = Pick<
  TrackingStore,
  'createRun' | 'getRunInfo' | 'getRun' | 'updateRun' | 'searchRuns' | 'countRuns' | 'runKeys'
>;

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
    ...(row.deleted_at === null ? {} : { deletedAt: row.deleted_at }),
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

/** Completes runs with a handful of queries, however many runs there are; `columns`: only these keys, and nothing else of a run. */
async function complete(
  db: TrackingDb,
  runs: readonly RunRow[],
  columns?: RunSearch['columns'],
): Promise<readonly Run[]> {
  const parts = new Map<string, Parts>();
  for (const { id } of runs) {
    parts.set(id, { metrics: [], params: [], tags: [], datasets: [], modelInputs: [], modelOutputs: [] });
  }
  const wanted = (keys: readonly string[] | undefined): readonly string[] | undefined =>
    columns === undefined ? undefined : keys;
  for (const ids of groups([...parts.keys()])) {
    const metricKeys = wanted(columns?.metrics);
    if (metricKeys?.length !== 0) {
      let select = db
        .selectFrom('run_metrics')
        .select(['run_id', 'key', 'value', 'is_nan', 'timestamp', 'step'])
        .where('run_id', 'in', ids);
      if (metricKeys !== undefined) select = select.where('key', 'in', metricKeys);
      for (const row of await select.orderBy('key').execute()) parts.get(row.run_id)?.metrics.push(fromPoint(row));
    }
    for (const [table, part, asked] of [
      ['params', 'params', columns?.params],
      ['run_tags', 'tags', columns?.tags],
    ] as const) {
      const keys = wanted(asked);
      if (keys?.length === 0) continue;
      let select = db.selectFrom(table).select(['run_id', 'key', 'value']).where('run_id', 'in', ids);
      if (keys !== undefined) select = select.where('key', 'in', keys);
      for (const { run_id, key, value } of await select.orderBy('key').execute()) {
        parts.get(run_id)?.[part].push({ key, value });
      }
    }
    if (columns !== undefined) continue;
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
  return runs.flatMap((row) => {
    const found = parts.get(row.id);
    return found === undefined ? [] : [{ info: toInfo(row), ...found }];
  });
}

const RUN: RunRow = {
  id: '',
  experiment_id: 0,
  name: '',
  user_id: '',
  status: '',
  start_time: 0,
  end_time: null,
  lifecycle: 'active',
  deleted_at: null,
};

export function sqlRuns(db: TrackingDb, engine: SqlEngine): RunStore {
  const runner = runnerOf(db, engine);
  const { text } = runner;
  const programs = runPrograms(runner, db, engine);
  const find = text('run-find', () => db.selectFrom('runs').selectAll().where('id', '=', '').compile());
  const findLocked = text('run-find-locked', () => {
    const select = db.selectFrom('runs').selectAll().where('id', '=', '');
    return (engine.lockRow === undefined ? select : select.modifyEnd(engine.lockRow)).compile();
  });
  const owner = text('run-owner', () => db.selectFrom('experiments').select('lifecycle').where('id', '=', 0).compile());
  const add = text('run-add', () => db.insertInto('runs').values(RUN).compile());
  const { id: _id, experiment_id: _experiment, user_id: _user, start_time: _start, ...changing } = RUN;
  const change = text('run-change', () => db.updateTable('runs').set(changing).where('id', '=', '').compile());
  const programOf = runSearch(db, engine);
  const countProgram = runCount(db, engine);
  const keysProgram = runKeys(db);
  const findRow = (id: string): Promise<RunRow | undefined> =>
    runner.read(function* () {
      return (yield* rows<RunRow>({ sql: find, parameters: [id], reads: true }))[0];
    });
  return {
    createRun: (info, tags) =>
      runner.write(function* () {
        const experiment = toExperimentNumber(info.experimentId);
        const [found] = yield* rows<{ lifecycle: string }>({ sql: owner, parameters: [experiment], reads: true });
        if (found === undefined) throw experimentNotFound(info.experimentId);
        if (found.lifecycle === 'deleted') throw experimentNotActive(info.experimentId);
        yield {
          sql: add,
          parameters: [
            info.id,
            experiment,
            info.name,
            info.userId,
            info.status,
            info.startTime,
            info.endTime ?? null,
            info.lifecycle,
            info.deletedAt ?? null,
          ],
        };
        const entries = Object.entries({ ...tags, [RUN_NAME_TAG]: info.name });
        yield* programs.writeTags(
          info.id,
          entries.map(([key, value]) => ({ key, value })),
        );
      }),
    async getRunInfo(id) {
      const row = await findRow(id);
      return row === undefined ? undefined : toInfo(row);
    },
    async getRun(id) {
      const row = await findRow(id);
      return row === undefined ? undefined : (await complete(db, [row]))[0];
    },
    updateRun: (id, { name, status, endTime, lifecycle, deletedAt }) =>
      runner.write(function* () {
        const [before] = yield* rows<RunRow>({ sql: findLocked, parameters: [id], reads: true });
        if (before === undefined) throw runNotFound(id);
        const after: RunRow = {
          ...before,
          status: status ?? before.status,
          end_time: endTime === undefined ? before.end_time : endTime,
          lifecycle: lifecycle ?? before.lifecycle,
          name: name ?? before.name,
          deleted_at: deletedAt === undefined ? before.deleted_at : deletedAt,
        };
        yield {
          sql: change,
          parameters: [after.name, after.status, after.end_time, after.lifecycle, after.deleted_at, id],
        };
        if (name !== undefined) yield* programs.writeTags(id, [{ key: RUN_NAME_TAG, value: name }]);
        return toInfo(after);
      }),
    async searchRuns(search) {
      if (search.experimentIds.length === 0) return [];
      return complete(db, await runner.read(() => programOf(search)), search.columns);
    },
    async countRuns(experimentIds, view, filter) {
      if (experimentIds.length === 0) return 0;
      return runner.read(() => countProgram({ experimentIds, view, filter }));
    },
    runKeys: (experimentIds) => runner.read(() => keysProgram(experimentIds)),
  };
}
