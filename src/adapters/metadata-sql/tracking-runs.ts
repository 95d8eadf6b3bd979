import { experimentNotActive, experimentNotFound, RUN_NAME_TAG, runNotFound } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import type { SqlEngine } from './engine.ts';
import { rows } from './program.ts';
import { runnerOf } from './runner.ts';
import { runPrograms } from './tracking-log.ts';
import { runCompletion, toInfo } from './tracking-runs-complete.ts';
import { runCount, runKeys, runSearch } from './tracking-search.ts';
import { toExperimentNumber } from './tracking-tables.ts';
import type { RunRow, TrackingDb } from './tracking-tables.ts';

type RunStore = Pick<
  TrackingStore,
  'createRun' | 'getRunInfo' | 'getRun' | 'updateRun' | 'searchRuns' | 'countRuns' | 'runKeys'
>;

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
  const complete = runCompletion(runner, db);
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
      return row === undefined ? undefined : (await runner.read(() => complete([row])))[0];
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
      return runner.read(function* () {
        return yield* complete(yield* programOf(search), search.columns);
      });
    },
    async countRuns(experimentIds, view, filter) {
      if (experimentIds.length === 0) return 0;
      return runner.read(() => countProgram({ experimentIds, view, filter }));
    },
    runKeys: (experimentIds) => runner.read(() => keysProgram(experimentIds)),
  };
}
