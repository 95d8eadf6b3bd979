/** Whole tables in batches, each a page that begins after the last key of the one before: the cost of a page does not grow with its place. */
import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import type { Cell, ScanName, ScanRow, TableSource } from '../../ports/table-source.ts';
import type { TrackingDb } from './tracking-tables.ts';

const BATCH = 5_000;

interface Scan {
  readonly from: string;
  readonly join?: readonly [table: string, left: string, right: string];
  /** In the order of the port's columns. */
  readonly columns: readonly RawBuilder<unknown>[];
  /** Columns whose values name a row; the pages are in their order. */
  readonly key: readonly string[];
  /** Makes a cell of the engine's value, where the two differ. */
  readonly fix?: (row: Cell[]) => Cell[];
}

const columns = (...names: readonly string[]): readonly RawBuilder<unknown>[] => names.map((name) => sql.ref(name));
const plain = (table: string, key: readonly string[], ...names: readonly string[]): Scan => ({
  from: table,
  columns: columns(...names.map((name) => `${table}.${name}`)),
  key: key.map((name) => `${table}.${name}`),
});

/** A number as text, in JavaScript: engines word it differently. */
const texts =
  (...at: readonly number[]) =>
  (row: Cell[]): Cell[] => {
    for (const i of at) if (typeof row[i] === 'number') row[i] = String(row[i]);
    return row;
  };

/** Adding a table is one line here and one in the port. */
const SCANS: Readonly<Record<ScanName, Scan>> = {
  experiments: {
    ...plain('experiments', ['id'], 'id', 'name', 'lifecycle', 'created_at', 'updated_at'),
    fix: texts(0),
  },
  runs: {
    from: 'runs',
    join: ['experiments', 'experiments.id', 'runs.experiment_id'],
    columns: [
      ...columns('runs.id', 'runs.experiment_id', 'runs.name', 'runs.user_id', 'runs.status', 'runs.start_time'),
      ...columns('runs.end_time', 'runs.lifecycle'),
      sql`case when runs.lifecycle = 'deleted' then coalesce(runs.deleted_at, experiments.updated_at) end`,
    ],
    key: ['runs.id'],
    fix: texts(1),
  },
  metrics: {
    ...plain('run_metrics', ['run_id', 'key'], 'run_id', 'key', 'value', 'step', 'timestamp', 'points', 'is_nan'),
    fix(row) {
      if (Number(row.pop()) === 1) row[2] = Number.NaN;
      return row;
    },
  },
  params: plain('params', ['run_id', 'key'], 'run_id', 'key', 'value'),
  tags: plain('run_tags', ['run_id', 'key'], 'run_id', 'key', 'value'),
  experimentTags: {
    ...plain('experiment_tags', ['experiment_id', 'key'], 'experiment_id', 'key', 'value'),
    fix: texts(0),
  },
  runDatasets: {
    from: 'run_datasets',
    join: ['logged_datasets', 'logged_datasets.id', 'run_datasets.dataset_id'],
    columns: columns(
      'run_datasets.run_id',
      'logged_datasets.name',
      'logged_datasets.digest',
      'logged_datasets.source_type',
      'logged_datasets.source',
      'run_datasets.tags',
    ),
    key: ['run_datasets.run_id', 'run_datasets.dataset_id'],
  },
  runModels: plain(
    'run_models',
    ['run_id', 'direction', 'model_id', 'step'],
    'run_id',
    'direction',
    'model_id',
    'step',
  ),
  loggedModels: {
    ...plain(
      'logged_models',
      ['id'],
      'id',
      'experiment_id',
      'name',
      'model_type',
      'source_run_id',
      'status',
      'created_at',
      'updated_at',
      'deleted_at',
    ),
    fix: texts(1),
  },
  artifacts: plain(
    'artifacts',
    ['owner_kind', 'owner_id', 'path'],
    'owner_kind',
    'owner_id',
    'path',
    'digest',
    'bytes',
  ),
  traces: {
    ...plain('traces', ['id'], 'id', 'experiment_id', 'request_time', 'state', 'duration_ms', 'name'),
    fix: texts(1),
  },
};

/** `(a, b) > (x, y)` spelled out, with the leading column bounded by itself so that every engine starts in the index at it. */
function after(key: readonly string[], last: readonly Cell[]): RawBuilder<boolean> {
  const first = sql<boolean>`${sql.ref(key[0] ?? '')} >= ${last[0]}`;
  const cases = key.map((name, i) => {
    const equal = key.slice(0, i).map((before, k) => sql<boolean>`${sql.ref(before)} = ${last[k]}`);
    return sql<boolean>`(${sql.join([...equal, sql<boolean>`${sql.ref(name)} > ${last[i]}`], sql` and `)})`;
  });
  return sql<boolean>`(${first} and (${sql.join(cases, sql` or `)}))`;
}

/** Engines give 64-bit numbers as numbers, text or bigint; a cell is a number when it came as one of them by declaration. */
const cell = (value: unknown): Cell =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : typeof value === 'bigint'
      ? Number(value)
      : null;

/** Any table by a name chosen at run time. Built as a select, because only such a statement is known to read and waits for no writer. */
type AnyDb = Kysely<Record<string, Record<string, Cell>>>;

export function sqlTableSource(database: TrackingDb): TableSource {
  const db = database as unknown as AnyDb;
  return {
    async *scan(table) {
      const { from, join, columns: wanted, key, fix } = SCANS[table];
      const cells = wanted.map((column, i) => sql<Cell>`${column}`.as(`c${i}`));
      // The key is read beside the columns, under names of its own.
      const keys = key.map((name, i) => sql<Cell>`${sql.ref(name)}`.as(`k${i}`));
      let last: readonly Cell[] | undefined;
      for (;;) {
        let page = db.selectFrom(from).select([...cells, ...keys]);
        if (join !== undefined) page = page.innerJoin(...join);
        if (last !== undefined) page = page.where(after(key, last));
        for (const name of key) page = page.orderBy(sql.ref(name));
        const rows: readonly Readonly<Record<string, unknown>>[] = await page.limit(BATCH).execute();
        const batch = rows.map((row): ScanRow => {
          const values = wanted.map((_, i) => cell(row[`c${i}`]));
          return fix === undefined ? values : fix(values);
        });
        if (batch.length > 0) yield batch;
        const end = rows.at(-1);
        if (end === undefined || rows.length < BATCH) return;
        last = key.map((_, i) => cell(end[`k${i}`]));
      }
    },
  };
}
