/** Runs with what belongs to them, read with a handful of statements however many runs there are. */
import type { DatasetInput, Entry, Metric, ModelOutput, Run, RunInfo } from '../../domain/tracking.ts';
import type { RunSearch } from '../../ports/tracking-store.ts';
import { rows } from './program.ts';
import type { Program } from './program.ts';
import type { Runner } from './runner.ts';
import { fromPoint, pieces } from './tracking-tables.ts';
import type { PointRow, RunRow, TrackingDb } from './tracking-tables.ts';

export function toInfo(row: RunRow): RunInfo {
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

interface InputRow {
  readonly run_id: string;
  readonly tags: string;
  readonly name: string;
  readonly digest: string;
  readonly source_type: string;
  readonly source: string;
  readonly schema: string | null;
  readonly profile: string | null;
}

interface ModelRow {
  readonly run_id: string;
  readonly direction: string;
  readonly model_id: string;
  readonly step: number;
}

const times = (count: number): string[] => Array.from({ length: count }, () => '');

type Table = 'run_metrics' | 'params' | 'run_tags';
const COLUMNS = {
  run_metrics: ['run_id', 'key', 'value', 'is_nan', 'timestamp', 'step'],
  params: ['run_id', 'key', 'value'],
  run_tags: ['run_id', 'key', 'value'],
} as const;

/** `columns`: only these keys, and nothing else of a run; without it everything. */
export type Completion = (runs: readonly RunRow[], columns?: RunSearch['columns']) => Program<readonly Run[]>;

export function runCompletion({ text }: Runner, db: TrackingDb): Completion {
  const entriesText = (table: Table, ids: number, keys: number | undefined) =>
    text(`complete-${table}-${ids}-${keys}`, () => {
      const select = db
        .selectFrom(table)
        .select([...COLUMNS[table]] as 'run_id'[])
        .where('run_id', 'in', times(ids));
      return (keys === undefined ? select : select.where('key', 'in', times(keys))).orderBy('key').compile();
    });
  const inputsText = (ids: number) =>
    text(`complete-inputs-${ids}`, () =>
      db
        .selectFrom('run_datasets as i')
        .innerJoin('logged_datasets as d', 'd.id', 'i.dataset_id')
        .select(['i.run_id', 'i.tags', 'd.name', 'd.digest', 'd.source_type', 'd.source', 'd.schema', 'd.profile'])
        .where('i.run_id', 'in', times(ids))
        .orderBy('d.id')
        .compile(),
    );
  const modelsText = (ids: number) =>
    text(`complete-models-${ids}`, () =>
      db.selectFrom('run_models').selectAll().where('run_id', 'in', times(ids)).orderBy('step').compile(),
    );

  /** Rows of the wanted keys; the keys of one statement are a few fixed numbers too, so that its text is known. */
  function* entries<R>(
    table: Table,
    ids: readonly string[],
    keys: readonly string[] | undefined,
  ): Program<readonly R[]> {
    if (keys === undefined) {
      return yield* rows<R>({ sql: entriesText(table, ids.length, undefined), parameters: ids, reads: true });
    }
    const found: R[] = [];
    for (const some of pieces([...new Set(keys)].sort())) {
      const parameters = [...ids, ...some];
      found.push(...(yield* rows<R>({ sql: entriesText(table, ids.length, some.length), parameters, reads: true })));
    }
    return found;
  }

  return function* complete(runs, columns) {
    const parts = new Map<string, Parts>();
    for (const { id } of runs) {
      parts.set(id, { metrics: [], params: [], tags: [], datasets: [], modelInputs: [], modelOutputs: [] });
    }
    for (const ids of pieces([...parts.keys()])) {
      for (const row of yield* entries<PointRow & { run_id: string }>('run_metrics', ids, columns?.metrics)) {
        parts.get(row.run_id)?.metrics.push(fromPoint(row));
      }
      for (const { run_id, key, value } of yield* entries<Entry & { run_id: string }>('params', ids, columns?.params)) {
        parts.get(run_id)?.params.push({ key, value });
      }
      for (const { run_id, key, value } of yield* entries<Entry & { run_id: string }>('run_tags', ids, columns?.tags)) {
        parts.get(run_id)?.tags.push({ key, value });
      }
      if (columns !== undefined) continue;
      for (const row of yield* rows<InputRow>({ sql: inputsText(ids.length), parameters: ids, reads: true })) {
        const { name, digest, source_type: sourceType, source, schema, profile } = row;
        const described = { ...(schema === null ? {} : { schema }), ...(profile === null ? {} : { profile }) };
        const dataset = { name, digest, sourceType, source, ...described };
        parts.get(row.run_id)?.datasets.push({ dataset, tags: JSON.parse(row.tags) as Entry[] });
      }
      for (const row of yield* rows<ModelRow>({ sql: modelsText(ids.length), parameters: ids, reads: true })) {
        const { run_id, direction, model_id, step } = row;
        if (direction === 'input') parts.get(run_id)?.modelInputs.push(model_id);
        else parts.get(run_id)?.modelOutputs.push({ modelId: model_id, step });
      }
    }
    return runs.flatMap((row) => {
      const found = parts.get(row.id);
      return found === undefined ? [] : [{ info: toInfo(row), ...found }];
    });
  };
}
