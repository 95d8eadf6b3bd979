/** Deleted things in SQL, and their removal. */
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import type { DeletedThing, RetentionStore } from '../../ports/retention-store.ts';
import type { CoreDb } from './tables.ts';
import { groups, toExperimentNumber } from './tracking-tables.ts';
import type { TrackingDb } from './tracking-tables.ts';

type Column = readonly [table: string, column: string];

/** Every table with rows of a run, a logged model or an experiment. A new table is one line here, or its rows stay for ever. */
const RUN_ROWS: readonly Column[] = [
  ['metric_chunks', 'run_id'],
  ['run_metrics', 'run_id'],
  ['params', 'run_id'],
  ['run_tags', 'run_id'],
  ['run_datasets', 'run_id'],
  ['run_models', 'run_id'],
  ['runs', 'id'],
];
const MODEL_ROWS: readonly Column[] = [
  ['logged_model_params', 'model_id'],
  ['logged_model_tags', 'model_id'],
  ['model_metrics', 'model_id'],
  ['run_models', 'model_id'],
  ['logged_models', 'id'],
];
const EXPERIMENT_ROWS: readonly Column[] = [
  ['experiment_tags', 'experiment_id'],
  ['logged_datasets', 'experiment_id'],
  ['experiments', 'id'],
];

/** Tables by a name from the lists above. */
type AnyDb = Kysely<Record<string, Record<string, string | number | null>>>;

export function sqlRetention(core: CoreDb): RetentionStore {
  const db = core as unknown as TrackingDb;
  const any = core as unknown as AnyDb;

  // With its experiment, or by itself: the later of the two. Where neither is known it is null, which is before nothing: it stays.
  const runMoment = sql<number | null>`case when experiments.lifecycle = 'deleted'
    and experiments.updated_at > coalesce(runs.deleted_at, 0) then experiments.updated_at else runs.deleted_at end`;

  const deletedRuns = () =>
    db
      .selectFrom('runs')
      .innerJoin('experiments', 'experiments.id', 'runs.experiment_id')
      .select([
        'runs.id as id',
        'runs.name as label',
        'runs.experiment_id as experiment_id',
        sql<string | null>`null`.as('source_run_id'),
        runMoment.as('deleted_at'),
      ])
      .where('runs.lifecycle', '=', 'deleted');
  const deletedExperiments = () =>
    db
      .selectFrom('experiments')
      .select([
        'id',
        'name as label',
        'id as experiment_id',
        sql<string | null>`null`.as('source_run_id'),
        'updated_at as deleted_at',
      ])
      .where('lifecycle', '=', 'deleted');
  const deletedModels = () =>
    db
      .selectFrom('logged_models')
      .select(['id', 'name as label', 'experiment_id', 'source_run_id', 'deleted_at'])
      .where('deleted_at', 'is not', null);

  interface Row {
    readonly id: string | number;
    readonly label: string;
    readonly experiment_id: number;
    readonly source_run_id: string | null;
    readonly deleted_at: number | null;
  }
  const toThing =
    (kind: DeletedThing['kind']) =>
    (row: Row): DeletedThing => ({
      kind,
      id: String(row.id),
      label: row.label,
      experimentId: String(row.experiment_id),
      ...(row.source_run_id === null ? {} : { sourceRunId: row.source_run_id }),
      deletedAt: row.deleted_at ?? 0,
    });

  async function clear(tables: readonly Column[], ids: readonly (string | number)[]): Promise<void> {
    for (const some of groups(ids)) {
      for (const [table, column] of tables) await any.deleteFrom(table).where(column, 'in', some).execute();
    }
  }

  async function clearArtifacts(kind: string, ids: readonly string[]): Promise<void> {
    for (const some of groups(ids)) {
      await db.deleteFrom('artifacts').where('owner_kind', '=', kind).where('owner_id', 'in', some).execute();
    }
  }

  async function contents(experimentId: string) {
    const of = toExperimentNumber(experimentId);
    const ids = async (table: 'runs' | 'logged_models' | 'traces'): Promise<readonly string[]> =>
      (await any.selectFrom(table).select('id').where('experiment_id', '=', of).execute()).map((row) =>
        String(row['id']),
      );
    return { runs: await ids('runs'), loggedModels: await ids('logged_models'), traces: await ids('traces') };
  }

  return {
    contents,

    async trash(limit) {
      const runs = await deletedRuns().orderBy(runMoment, 'desc').limit(limit).execute();
      const experiments = await deletedExperiments().orderBy('updated_at', 'desc').limit(limit).execute();
      const models = await deletedModels().orderBy('deleted_at', 'desc').limit(limit).execute();
      const counted = await Promise.all([
        db
          .selectFrom('runs')
          .select(sql<number | string>`count(*)`.as('n'))
          .where('lifecycle', '=', 'deleted')
          .execute(),
        db
          .selectFrom('experiments')
          .select(sql<number | string>`count(*)`.as('n'))
          .where('lifecycle', '=', 'deleted')
          .execute(),
        db
          .selectFrom('logged_models')
          .select(sql<number | string>`count(*)`.as('n'))
          .where('deleted_at', 'is not', null)
          .execute(),
      ]);
      const items = [
        ...runs.map(toThing('run')),
        ...experiments.map(toThing('experiment')),
        ...models.map(toThing('logged-model')),
      ];
      return {
        items: items.sort((a, b) => b.deletedAt - a.deletedAt).slice(0, limit),
        total: counted.reduce((sum, [row]) => sum + Number(row?.n ?? 0), 0),
      };
    },

    async deletedBefore(at) {
      const runs = await deletedRuns().where(runMoment, '<=', at).execute();
      const experiments = await deletedExperiments().where('updated_at', '<=', at).execute();
      const models = await deletedModels().where('deleted_at', '<=', at).execute();
      return [
        ...runs.map(toThing('run')),
        ...experiments.map(toThing('experiment')),
        ...models.map(toThing('logged-model')),
      ];
    },

    async stillDeleted(ids, kind, at) {
      const found: DeletedThing[] = [];
      for (const some of groups(ids)) {
        const rows: readonly Row[] =
          kind === 'run'
            ? await deletedRuns().where('runs.id', 'in', some).where(runMoment, '<=', at).execute()
            : kind === 'experiment'
              ? await deletedExperiments()
                  .where('id', 'in', some.map(toExperimentNumber))
                  .where('updated_at', '<=', at)
                  .execute()
              : await deletedModels().where('id', 'in', some).where('deleted_at', '<=', at).execute();
        found.push(...rows.map(toThing(kind)));
      }
      return found;
    },

    async modelsOfRuns(runIds) {
      const found: { id: string; sourceRunId: string }[] = [];
      for (const some of groups(runIds)) {
        const rows = await db
          .selectFrom('logged_models')
          .select(['id', 'source_run_id'])
          .where('source_run_id', 'in', some)
          .execute();
        for (const row of rows)
          if (row.source_run_id !== null) found.push({ id: row.id, sourceRunId: row.source_run_id });
      }
      return found;
    },

    async namedBytes(kind, ids) {
      const bytes = new Map<string, number>();
      for (const some of groups(ids)) {
        const rows = await db
          .selectFrom('artifacts')
          .select(['owner_id', sql<number | string>`sum(bytes)`.as('total')])
          .where('owner_kind', '=', kind)
          .where('owner_id', 'in', some)
          .groupBy('owner_id')
          .execute();
        for (const row of rows) bytes.set(row.owner_id, Number(row.total));
      }
      return bytes;
    },

    async remove({ runs, loggedModels, experiments }) {
      if (!core.isTransaction) {
        throw new MillwrightError('MW-INTERNAL', 'things are removed in a transaction, or half of one could be left');
      }
      await clearArtifacts('model', loggedModels);
      await clear(MODEL_ROWS, loggedModels);
      await clearArtifacts('run', runs);
      await clear(RUN_ROWS, runs);
      await clear(EXPERIMENT_ROWS, experiments.map(toExperimentNumber));
    },

    async restoreModel(id, now) {
      const done = await db
        .updateTable('logged_models')
        .set({ deleted_at: null, updated_at: now })
        .where('id', '=', id)
        .where('deleted_at', 'is not', null)
        .executeTakeFirst();
      return done.numUpdatedRows > 0n;
    },

    async doneJobs(at, apply) {
      if (!apply) {
        const [row] = await core
          .selectFrom('jobs')
          .select(sql<number | string>`count(*)`.as('n'))
          .where('state', '=', 'done')
          .where('created_at', '<', at)
          .execute();
        return Number(row?.n ?? 0);
      }
      const done = await core
        .deleteFrom('jobs')
        .where('state', '=', 'done')
        .where('created_at', '<', at)
        .executeTakeFirst();
      return Number(done.numDeletedRows);
    },
  };
}
