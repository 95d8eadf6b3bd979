/** The write path of a run: one transaction a call, a fixed set of statements, no row read that is not needed to decide. */
import { paramChanged, RUN_NAME_TAG, runNotActive, runNotFound } from '../../domain/tracking.ts';
import type { Batch, Entry, Metric } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { atomically } from './atomically.ts';
import type { SqlEngine } from './engine.ts';
import { rows } from './program.ts';
import { runnerOf } from './runner.ts';
import type { Program } from './program.ts';
import type { Runner } from './runner.ts';
import { metricWriter } from './tracking-points.ts';
import { headOf, pieces, toPoint } from './tracking-tables.ts';
import type { TrackingDb } from './tracking-tables.ts';

type LogStore = Pick<TrackingStore, 'logBatch' | 'deleteTag' | 'logInputs' | 'logOutputs'>;

const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

/** What is written in the transaction of a call: each throws before it has written anything. */
export interface RunPrograms {
  /** Locks the run; its experiment. Throws MW-NOT-FOUND, MW-INVALID when it is deleted. */
  readonly activeRun: (runId: string) => Program<number>;
  readonly writeTags: (runId: string, tags: readonly Entry[]) => Program<void>;
  readonly logBatch: (runId: string, batch: Batch) => Program<void>;
}

export function runPrograms(runner: Runner, db: TrackingDb, engine: SqlEngine): RunPrograms {
  const { text } = runner;
  const writeMetrics = metricWriter(runner, db, engine);

  const find = text('run-active', () => {
    const select = db.selectFrom('runs').select(['lifecycle', 'experiment_id']).where('id', '=', '');
    return (engine.lockRow === undefined ? select : select.modifyEnd(engine.lockRow)).compile();
  });
  const rename = text('run-rename', () => db.updateTable('runs').set({ name: '' }).where('id', '=', '').compile());
  const entry = { run_id: '', key: '', value: '', head: '' };
  const paramsFind = (size: number) =>
    text(`params-find-${size}`, () =>
      db
        .selectFrom('params')
        .select(['key', 'value'])
        .where('run_id', '=', '')
        .where('key', 'in', times(size, ''))
        .compile(),
    );
  const paramsAdd = (size: number) =>
    text(`params-add-${size}`, () => db.insertInto('params').values(times(size, entry)).compile());
  const tagsPut = (size: number) =>
    text(`tags-put-${size}`, () =>
      engine
        .upsert(db.insertInto('run_tags').values(times(size, entry)), {
          key: ['run_id', 'key'],
          set: ['value', 'head'],
        })
        .compile(),
    );

  function* activeRun(runId: string): Program<number> {
    const [row] = yield* rows<{ lifecycle: string; experiment_id: number }>({
      sql: find,
      parameters: [runId],
      reads: true,
    });
    if (row === undefined) throw runNotFound(runId);
    if (row.lifecycle === 'deleted') throw runNotActive(runId);
    return row.experiment_id;
  }

  function* writeParams(runId: string, params: readonly Entry[]): Program<void> {
    const known = new Map<string, string>();
    for (const piece of pieces(params)) {
      const parameters = [runId, ...piece.map(({ key }) => key)];
      const found = yield* rows<Entry>({ sql: paramsFind(piece.length), parameters, reads: true });
      for (const row of found) known.set(row.key, row.value);
    }
    const fresh: Entry[] = [];
    for (const param of params) {
      const old = known.get(param.key);
      if (old === undefined) {
        fresh.push(param);
        known.set(param.key, param.value);
      } else if (old !== param.value) throw paramChanged(runId, param.key, old, param.value);
    }
    for (const piece of pieces(fresh)) {
      const parameters = piece.flatMap(({ key, value }) => [runId, key, value, headOf(value)]);
      yield { sql: paramsAdd(piece.length), parameters };
    }
  }

  function* writeTags(runId: string, tags: readonly Entry[]): Program<void> {
    // The last of a repeated key counts; one statement may not meet the same row twice.
    const last = [...new Map(tags.map((tag) => [tag.key, tag.value]))];
    for (const piece of pieces(last)) {
      const parameters = piece.flatMap(([key, value]) => [runId, key, value, headOf(value)]);
      yield { sql: tagsPut(piece.length), parameters };
    }
  }

  const model = {
    ...toPoint({ key: '', value: 0, timestamp: 0, step: 0 }),
    model_id: '',
    run_id: '',
    dataset_name: '',
    dataset_digest: '',
  };
  const modelsAdd = (size: number) =>
    text(`model-metrics-add-${size}`, () =>
      engine.insertAbsent(db.insertInto('model_metrics').values(times(size, model)), 'model_id').compile(),
    );

  function* writeModelMetrics(runId: string, metrics: readonly Metric[]): Program<void> {
    for (const piece of pieces(metrics.filter(({ modelId }) => modelId !== undefined))) {
      const parameters = piece.flatMap((metric) => [
        ...Object.values(toPoint(metric)),
        metric.modelId,
        runId,
        metric.datasetName ?? '',
        metric.datasetDigest ?? '',
      ]);
      yield { sql: modelsAdd(piece.length), parameters };
    }
  }

  return {
    activeRun,
    writeTags,
    *logBatch(runId, { metrics = [], params = [], tags = [] }) {
      const experiment = yield* activeRun(runId);
      if (params.length > 0) yield* writeParams(runId, params);
      if (metrics.length > 0) {
        yield* writeMetrics(runId, experiment, metrics);
        yield* writeModelMetrics(runId, metrics);
      }
      if (tags.length > 0) {
        yield* writeTags(runId, tags);
        const name = tags.findLast(({ key }) => key === RUN_NAME_TAG)?.value;
        if (name !== undefined) yield { sql: rename, parameters: [name, runId] };
      }
    },
  };
}

export function sqlLog(db: TrackingDb, engine: SqlEngine): LogStore {
  const runner = runnerOf(db, engine);
  const programs = runPrograms(runner, db, engine);
  const activeRun = (tx: TrackingDb, runId: string): Promise<number> =>
    runnerOf(tx, engine).write(() => programs.activeRun(runId));
  return {
    logBatch: (runId, batch) => runner.write(() => programs.logBatch(runId, batch)),
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
    logInputs: (runId, datasets, models) =>
      atomically(db, async (tx) => {
        const experiment = await activeRun(tx, runId);
        for (const { dataset, tags } of datasets) {
          const { name, digest } = dataset;
          const row = {
            experiment_id: experiment,
            name,
            digest,
            source_type: dataset.sourceType,
            source: dataset.source,
            schema: dataset.schema ?? null,
            profile: dataset.profile ?? null,
          };
          const find = tx
            .selectFrom('logged_datasets')
            .select('id')
            .where('experiment_id', '=', experiment)
            .where('name', '=', name)
            .where('digest', '=', digest);
          // Inserted only when it is not there: a number would be used up by every attempt.
          if ((await find.executeTakeFirst()) === undefined) {
            await engine.insertAbsent(tx.insertInto('logged_datasets').values(row), 'id').execute();
          }
          const { id } = await find.executeTakeFirstOrThrow();
          const link = { run_id: runId, dataset_id: id, tags: JSON.stringify(tags) };
          await engine.insertAbsent(tx.insertInto('run_datasets').values(link), 'run_id').execute();
        }
        for (const model_id of models) {
          const row = { run_id: runId, direction: 'input', model_id, step: 0 } as const;
          await engine.insertAbsent(tx.insertInto('run_models').values(row), 'run_id').execute();
        }
      }),
    logOutputs: (runId, models) =>
      atomically(db, async (tx) => {
        await activeRun(tx, runId);
        for (const { modelId, step } of models) {
          const row = { run_id: runId, direction: 'output', model_id: modelId, step } as const;
          await engine.insertAbsent(tx.insertInto('run_models').values(row), 'run_id').execute();
        }
      }),
  };
}
