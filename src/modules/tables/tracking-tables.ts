/** Experiments, runs and what was logged to them. */
import { setImmediate as breathe } from 'node:timers/promises';
import { MillwrightError } from '../../domain/errors.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import type { ScanRow } from '../../ports/table-source.ts';
import { type Bound, columns, scanned, type Table } from './table.ts';

const HISTORY_PAGE = 25_000;
const BATCH = 5_000;
/** Points that one query may read: about 400 MB in the engine. */
const MAX_POINTS = 2_000_000;

const seconds = (from: unknown, to: unknown): number | null =>
  typeof from === 'number' && typeof to === 'number' ? (to - from) / 1000 : null;

async function experimentNames(store: Stores): Promise<ReadonlyMap<unknown, string>> {
  const names = new Map<unknown, string>();
  for await (const batch of store.tables.scan('experiments'))
    for (const [id, name] of batch) names.set(id, String(name));
  return names;
}

/** The metrics whose points are asked for, as the table of metrics has them. */
async function* seriesOf(store: Stores, bound: Bound): AsyncIterable<ScanRow> {
  const keys = bound['key'] === undefined ? undefined : new Set<unknown>(bound['key']);
  if (bound['run_id'] === undefined) {
    for await (const batch of store.tables.scan('metrics')) {
      for (const row of batch) if (keys?.has(row[1]) !== false) yield row;
      await breathe();
    }
    return;
  }
  for (const run of new Set(bound['run_id'])) {
    for (const { key } of await store.tracking.metricKeys(run)) if (keys?.has(key) !== false) yield [run, key];
  }
}

/** All points of those metrics, in batches. */
async function* history(store: Stores, bound: Bound, most = MAX_POINTS): AsyncIterable<readonly ScanRow[]> {
  let read = 0;
  let rows: ScanRow[] = [];
  for await (const [run = null, key = null, value = null, step = null, time = null, count] of seriesOf(store, bound)) {
    for (let offset = 0; ; offset += HISTORY_PAGE) {
      // The only point of a metric is its latest.
      const points =
        count === 1
          ? [{ value, step, timestamp: time }]
          : await store.tracking.metricHistory(String(run), String(key), { limit: HISTORY_PAGE, offset });
      read += points.length;
      if (read > most) {
        throw new MillwrightError(
          'MW-SQL',
          `the history has more than ${most.toLocaleString('en-US')} points to read`,
          {
            where: 'metric_history',
            next: "say which in the WHERE beside it: metric_history WHERE run_id = '…' AND key = 'loss'",
          },
        );
      }
      for (const point of points) rows.push([run, key, point.value, point.step, point.timestamp]);
      if (rows.length >= BATCH) {
        yield rows;
        rows = [];
        await breathe();
      }
      if (points.length < HISTORY_PAGE) break;
    }
  }
  if (rows.length > 0) yield rows;
}

export const TRACKING_TABLES: readonly Table[] = [
  {
    name: 'experiments',
    description: 'Experiments, deleted ones too',
    columns: columns(
      'experiment_id VARCHAR: Its id',
      'name VARCHAR: Its name',
      'lifecycle VARCHAR: active or deleted',
      'created_at TIMESTAMP: When it was made',
      'updated_at TIMESTAMP: Last change of name or lifecycle',
    ),
    rows: (store) => scanned(store, 'experiments'),
  },
  {
    name: 'experiment_tags',
    description: 'Tags of experiments',
    columns: columns('experiment_id VARCHAR: Its experiment', 'key VARCHAR: Its name', 'value VARCHAR: Its text'),
    rows: (store) => scanned(store, 'experimentTags'),
  },
  {
    name: 'runs',
    description: 'Runs, deleted ones too',
    columns: columns(
      'run_id VARCHAR: 32 hex characters',
      'experiment_id VARCHAR: Of its experiment',
      'experiment VARCHAR: Name of its experiment',
      'name VARCHAR: Its name',
      'user_id VARCHAR: Who started it',
      'status VARCHAR: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED',
      'start_time TIMESTAMP: When it started',
      'end_time TIMESTAMP: When it ended',
      'duration_s DOUBLE: Seconds from start to end; null while it runs',
      'lifecycle VARCHAR: active or deleted',
      'deleted_at TIMESTAMP: When it was deleted',
    ),
    async *rows(store) {
      const names = await experimentNames(store);
      yield* scanned(store, 'runs', ([id, experiment, name, user, status, start, end, lifecycle, deleted]) => [
        id ?? null,
        experiment ?? null,
        names.get(experiment) ?? null,
        name ?? null,
        user ?? null,
        status ?? null,
        start ?? null,
        end ?? null,
        seconds(start, end),
        lifecycle ?? null,
        deleted ?? null,
      ]);
    },
  },
  {
    name: 'metrics',
    description: 'The latest value of each metric of each run',
    columns: columns(
      'run_id VARCHAR: Its run',
      'key VARCHAR: Name of the metric',
      'value DOUBLE: The latest; may be NaN',
      'step BIGINT: Of the latest',
      'time TIMESTAMP: Of the latest',
      'points BIGINT: How many points there are',
    ),
    rows: (store) => scanned(store, 'metrics'),
  },
  {
    name: 'metric_history',
    description:
      "All points of metrics. Large: say which, WHERE run_id = '…' or key = '…' beside it, and only those are read",
    columns: columns(
      'run_id VARCHAR: Its run',
      'key VARCHAR: Name of the metric',
      'value DOUBLE: The value; may be NaN',
      'step BIGINT: The step',
      'time TIMESTAMP: When it was measured',
    ),
    onDemand: true,
    rows: history,
  },
  {
    name: 'params',
    description: 'Params of runs',
    columns: columns(
      'run_id VARCHAR: Its run',
      'key VARCHAR: Its name',
      'value VARCHAR: As text; CAST it to compare numbers',
    ),
    rows: (store) => scanned(store, 'params'),
  },
  {
    name: 'tags',
    description: 'Tags of runs',
    columns: columns('run_id VARCHAR: Its run', 'key VARCHAR: Its name', 'value VARCHAR: Its text'),
    rows: (store) => scanned(store, 'tags'),
  },
  {
    name: 'run_datasets',
    description: 'Datasets that MLflow clients logged as inputs of runs',
    columns: columns(
      'run_id VARCHAR: Its run',
      'name VARCHAR: As the client named it',
      'digest VARCHAR: As the client computed it',
      'source_type VARCHAR: Kind of source',
      'source JSON: Where it came from',
      'tags JSON: Among them mlflow.data.context',
    ),
    rows: (store) =>
      scanned(store, 'runDatasets', (row) =>
        // A client may send any text as source; a cell of JSON must be JSON.
        row.map((cell, i) => (i >= 4 ? asJson(cell) : cell)),
      ),
  },
  {
    name: 'run_models',
    description: 'Logged models that runs took as input or made',
    columns: columns(
      'run_id VARCHAR: The run',
      'direction VARCHAR: input or output',
      'model_id VARCHAR: The logged model',
      'step BIGINT: Of an output',
    ),
    rows: (store) => scanned(store, 'runModels'),
  },
  {
    name: 'logged_models',
    description: 'Logged models, deleted ones too',
    columns: columns(
      'model_id VARCHAR: m- and 32 hex characters',
      'experiment_id VARCHAR: Of its experiment',
      'name VARCHAR: Its name',
      'type VARCHAR: Flavour, as the client said',
      'run_id VARCHAR: The run that made it',
      'status VARCHAR: LOGGED_MODEL_READY …',
      'created_at TIMESTAMP: When it was made',
      'updated_at TIMESTAMP: Last change',
      'deleted_at TIMESTAMP: When it was deleted',
    ),
    rows: (store) => scanned(store, 'loggedModels'),
  },
  {
    name: 'artifacts',
    description: 'Files of runs, logged models and traces. Equal files have equal digests and are stored once',
    columns: columns(
      'owner_kind VARCHAR: run, model or trace',
      'owner_id VARCHAR: Its id',
      'path VARCHAR: Relative to the owner',
      'digest VARCHAR: sha256 of the content',
      'bytes BIGINT: Size',
    ),
    rows: (store) => scanned(store, 'artifacts'),
  },
  {
    name: 'traces',
    description: 'Traces',
    columns: columns(
      'trace_id VARCHAR: Its id',
      'experiment_id VARCHAR: Of its experiment',
      'start_time TIMESTAMP: When it began',
      'state VARCHAR: OK, ERROR or IN_PROGRESS',
      'duration_s DOUBLE: Seconds',
      'name VARCHAR: Its name',
    ),
    rows: (store) =>
      scanned(store, 'traces', ([id, experiment, time, state, ms, name]) => [
        id ?? null,
        experiment ?? null,
        time ?? null,
        state ?? null,
        typeof ms === 'number' ? ms / 1000 : null,
        name ?? null,
      ]),
  },
];

function asJson(cell: unknown): string | null {
  if (typeof cell !== 'string') return null;
  try {
    JSON.parse(cell);
    return cell;
  } catch {
    return JSON.stringify(cell);
  }
}
