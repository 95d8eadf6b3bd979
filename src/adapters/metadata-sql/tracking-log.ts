/** The write path of a run: one transaction a call, a fixed set of statements, no row read that is not needed to decide. */
import { sql } from 'kysely';
import { isLater, paramChanged, thinned, RUN_NAME_TAG, runNotActive, runNotFound } from '../../domain/tracking.ts';
import type { Entry, Metric } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { atomically } from './atomically.ts';
import { fromPoint, pieces, toExperimentNumber, toPoint } from './tracking-tables.ts';
import type { TrackingDb } from './tracking-tables.ts';

type LogStore = Pick<
  TrackingStore,
  'logBatch' | 'deleteTag' | 'metricHistory' | 'sampleHistory' | 'runKeys' | 'metricKeys' | 'logInputs' | 'logOutputs'
>;

/** Throws MW-NOT-FOUND, MW-INVALID; returns the experiment. */
async function activeRun(tx: TrackingDb, runId: string): Promise<number> {
  const row = await tx
    .selectFrom('runs')
    .select(['lifecycle', 'experiment_id'])
    .where('id', '=', runId)
    .executeTakeFirst();
  if (row === undefined) throw runNotFound(runId);
  if (row.lifecycle === 'deleted') throw runNotActive(runId);
  return row.experiment_id;
}

async function writeParams(tx: TrackingDb, runId: string, params: readonly Entry[]): Promise<void> {
  for (const piece of pieces(params)) {
    const keys = piece.map((param) => param.key);
    const before = await tx
      .selectFrom('params')
      .select(['key', 'value'])
      .where('run_id', '=', runId)
      .where('key', 'in', keys)
      .execute();
    const known = new Map(before.map((row) => [row.key, row.value]));
    for (const { key, value } of piece) {
      const old = known.get(key);
      if (old !== undefined && old !== value) throw paramChanged(runId, key, old, value);
    }
    const fresh = piece.filter((param) => !known.has(param.key));
    for (const rows of pieces(fresh)) {
      await tx
        .insertInto('params')
        .values(rows.map(({ key, value }) => ({ run_id: runId, key, value })))
        .execute();
    }
  }
}

async function writeMetrics(tx: TrackingDb, runId: string, metrics: readonly Metric[]): Promise<void> {
  const latest = new Map<string, Metric>();
  for (const piece of pieces(metrics)) {
    await tx
      .insertInto('metrics')
      .values(piece.map((metric) => ({ ...toPoint(metric), run_id: runId })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    for (const metric of piece) {
      const other = latest.get(metric.key);
      if (other === undefined || isLater(metric, other)) latest.set(metric.key, metric);
    }
  }
  for (const piece of pieces([...latest.values()])) {
    await tx
      .insertInto('latest_metrics')
      .values(piece.map((metric) => ({ ...toPoint(metric), run_id: runId })))
      .onConflict((conflict) =>
        conflict
          .columns(['run_id', 'key'])
          .doUpdateSet((row) => ({
            value: row.ref('excluded.value'),
            is_nan: row.ref('excluded.is_nan'),
            timestamp: row.ref('excluded.timestamp'),
            step: row.ref('excluded.step'),
          }))
          .where(
            sql<boolean>`(excluded.step, excluded.timestamp, excluded.is_nan, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.is_nan, latest_metrics.value)`,
          ),
      )
      .execute();
  }
  await writeModelMetrics(tx, runId, metrics);
}

async function writeModelMetrics(tx: TrackingDb, runId: string, metrics: readonly Metric[]): Promise<void> {
  const latest = new Map<string, Metric>();
  for (const metric of metrics) {
    if (metric.modelId === undefined) continue;
    const identity = JSON.stringify([metric.modelId, metric.key, metric.datasetName, metric.datasetDigest]);
    const other = latest.get(identity);
    if (other === undefined || isLater(metric, other)) latest.set(identity, metric);
  }
  for (const piece of pieces([...latest.values()])) {
    await tx
      .insertInto('logged_model_metrics')
      .values(
        piece.map((metric) => ({
          ...toPoint(metric),
          model_id: metric.modelId ?? '',
          run_id: runId,
          dataset_name: metric.datasetName ?? '',
          dataset_digest: metric.datasetDigest ?? '',
        })),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['model_id', 'key', 'dataset_name', 'dataset_digest', 'run_id'])
          .doUpdateSet((row) => ({
            value: row.ref('excluded.value'),
            is_nan: row.ref('excluded.is_nan'),
            timestamp: row.ref('excluded.timestamp'),
            step: row.ref('excluded.step'),
          }))
          .where(
            sql<boolean>`(excluded.step, excluded.timestamp, excluded.is_nan, excluded.value) > (logged_model_metrics.step, logged_model_metrics.timestamp, logged_model_metrics.is_nan, logged_model_metrics.value)`,
          ),
      )
      .execute();
  }
}

export async function writeTags(tx: TrackingDb, runId: string, tags: readonly Entry[]): Promise<void> {
  // The last of a repeated key counts; one statement may not meet the same row twice.
  const last = [...new Map(tags.map((tag) => [tag.key, tag.value]))];
  for (const piece of pieces(last)) {
    await tx
      .insertInto('run_tags')
      .values(piece.map(([key, value]) => ({ run_id: runId, key, value })))
      .onConflict((conflict) =>
        conflict.columns(['run_id', 'key']).doUpdateSet((row) => ({ value: row.ref('excluded.value') })),
      )
      .execute();
  }
  const name = last.find(([key]) => key === RUN_NAME_TAG)?.[1];
  if (name !== undefined) await tx.updateTable('runs').set({ name }).where('id', '=', runId).execute();
}

export function sqlLog(db: TrackingDb): LogStore {
  return {
    logBatch: (runId, { metrics = [], params = [], tags = [] }) =>
      atomically(db, async (tx) => {
        await activeRun(tx, runId);
        if (params.length > 0) await writeParams(tx, runId, params);
        if (metrics.length > 0) await writeMetrics(tx, runId, metrics);
        if (tags.length > 0) await writeTags(tx, runId, tags);
      }),
    deleteTag: (runId, key) =>
      atomically(db, async (tx) => {
        await activeRun(tx, runId);
        const done = await tx
          .deleteFrom('run_tags')
          .where('run_id', '=', runId)
          .where('key', '=', key)
          .executeTakeFirst();
        return done.numDeletedRows > 0n;
      }),
    async metricHistory(runId, key, { limit, offset }) {
      const rows = await db
        .selectFrom('metrics')
        .selectAll()
        .where('run_id', '=', runId)
        .where('key', '=', key)
        .orderBy('timestamp')
        .orderBy('step')
        .orderBy('is_nan')
        .orderBy('value')
        .limit(limit)
        .offset(offset)
        .execute();
      return rows.map(fromPoint);
    },
    async sampleHistory(runId, key, { maxPoints, fromStep, toStep }) {
      let select = db.selectFrom('metrics').selectAll().where('run_id', '=', runId).where('key', '=', key);
      if (fromStep !== undefined) select = select.where('step', '>=', fromStep);
      if (toStep !== undefined) select = select.where('step', '<=', toStep);
      const rows = await select.orderBy('timestamp').orderBy('step').orderBy('is_nan').orderBy('value').execute();
      return { total: rows.length, points: thinned(rows.map(fromPoint), maxPoints) };
    },
    async runKeys(experimentIds) {
      const ids = experimentIds.map(toExperimentNumber);
      const of = async (table: 'latest_metrics' | 'params' | 'run_tags') =>
        db
          .selectFrom(table)
          .innerJoin('runs', 'runs.id', `${table}.run_id`)
          .where('runs.experiment_id', 'in', ids)
          .select((row) => [`${table}.key as key`, row.fn.countAll<number>().as('runs')])
          .groupBy(`${table}.key`)
          .orderBy('runs', 'desc')
          .limit(2000)
          .execute();
      return { metrics: await of('latest_metrics'), params: await of('params'), tags: await of('run_tags') };
    },
    async metricKeys(runId) {
      return db
        .selectFrom('metrics')
        .select((row) => ['key', row.fn.countAll<number>().as('points')])
        .where('run_id', '=', runId)
        .groupBy('key')
        .orderBy('key')
        .execute();
    },
    logInputs: (runId, datasets, models) =>
      atomically(db, async (tx) => {
        const experiment = await activeRun(tx, runId);
        for (const { dataset, tags } of datasets) {
          const { name, digest } = dataset;
          await tx
            .insertInto('logged_datasets')
            .values({
              experiment_id: experiment,
              name,
              digest,
              source_type: dataset.sourceType,
              source: dataset.source,
              schema: dataset.schema ?? null,
              profile: dataset.profile ?? null,
            })
            .onConflict((conflict) => conflict.columns(['experiment_id', 'name', 'digest']).doNothing())
            .execute();
          const { id } = await tx
            .selectFrom('logged_datasets')
            .select('id')
            .where('experiment_id', '=', experiment)
            .where('name', '=', name)
            .where('digest', '=', digest)
            .executeTakeFirstOrThrow();
          await tx
            .insertInto('run_datasets')
            .values({ run_id: runId, dataset_id: id, tags: JSON.stringify(tags) })
            .onConflict((conflict) => conflict.columns(['run_id', 'dataset_id']).doNothing())
            .execute();
        }
        for (const model_id of models) await writeModel(tx, { run_id: runId, direction: 'input', model_id, step: 0 });
      }),
    logOutputs: (runId, models) =>
      atomically(db, async (tx) => {
        await activeRun(tx, runId);
        for (const { modelId, step } of models) {
          await writeModel(tx, { run_id: runId, direction: 'output', model_id: modelId, step });
        }
      }),
  };
}

async function writeModel(
  tx: TrackingDb,
  row: { run_id: string; direction: 'input' | 'output'; model_id: string; step: number },
): Promise<void> {
  await tx
    .insertInto('run_models')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
