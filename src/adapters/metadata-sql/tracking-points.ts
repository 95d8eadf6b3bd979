/**
 * Where the points of metrics are written. A metric of a run is one row of `run_metrics` (its latest point, and what is known of all of
 * them) and its points are packed in `metric_chunks`. What a call brings for one key becomes one loose chunk; when the loose chunks of a
 * metric hold enough, they are folded into a full one, so a point is packed about twice. No point is ever stored twice: a call whose
 * points could repeat what is there (their steps and their times both overlap it) reads the chunks they overlap and drops what it finds.
 */
import { isLater } from '../../domain/tracking.ts';
import type { Metric } from '../../domain/tracking.ts';
import { at, cut, extent, latestIndex, pack, summary, toPoints, union, unpack, without } from './metric-points.ts';
import type { Points } from './metric-points.ts';
import { rows } from './program.ts';
import type { Program } from './program.ts';
import type { Runner } from './runner.ts';
import type { SqlEngine } from './engine.ts';
import { fromPoint, pieces, toPoint } from './tracking-tables.ts';
import type { ChunkRow, RunMetricRow, TrackingDb } from './tracking-tables.ts';

/** Points of a full chunk, at least; at most twice as many. */
const FULL = 1000;
const MOST_LOOSE = 128;

const CHUNK: ChunkRow = {
  run_id: '',
  key: '',
  seq: 0,
  points: 0,
  min_step: 0,
  max_step: 0,
  min_timestamp: 0,
  max_timestamp: 0,
  summary: new Uint8Array(),
  data: new Uint8Array(),
};

const METRIC: RunMetricRow = {
  run_id: '',
  key: '',
  experiment_id: 0,
  value: 0,
  is_nan: 0,
  timestamp: 0,
  step: 0,
  points: 0,
  min_step: 0,
  max_step: 0,
  min_timestamp: 0,
  max_timestamp: 0,
  last_step: 0,
  in_order: 0,
  chunks: 0,
  loose: 0,
  loose_points: 0,
};
const METRIC_KEY = ['run_id', 'key'];
const METRIC_VALUES = Object.keys(METRIC).filter((column) => !METRIC_KEY.includes(column));

const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

/** Statements of `size` rows at once. */
function texts({ text }: Runner, db: TrackingDb, engine: SqlEngine) {
  return {
    find: (size: number) =>
      text(`metrics-find-${size}`, () =>
        db.selectFrom('run_metrics').selectAll().where('run_id', '=', '').where('key', 'in', times(size, '')).compile(),
      ),
    put: (size: number) =>
      text(`metrics-put-${size}`, () =>
        engine
          .upsert(db.insertInto('run_metrics').values(times(size, METRIC)), { key: METRIC_KEY, set: METRIC_VALUES })
          .compile(),
      ),
    add: (size: number) =>
      text(`chunks-add-${size}`, () => db.insertInto('metric_chunks').values(times(size, CHUNK)).compile()),
    overlapping: text('chunks-overlapping', () =>
      db
        .selectFrom('metric_chunks')
        .select('data')
        .where('run_id', '=', '')
        .where('key', '=', '')
        .where('max_step', '>=', 0)
        .where('min_step', '<=', 0)
        .where('max_timestamp', '>=', 0)
        .where('min_timestamp', '<=', 0)
        .compile(),
    ),
    loose: text('chunks-loose', () =>
      db
        .selectFrom('metric_chunks')
        .select('data')
        .where('run_id', '=', '')
        .where('key', '=', '')
        .where('seq', '>=', 0)
        .orderBy('seq')
        .compile(),
    ),
    drop: text('chunks-drop', () =>
      db.deleteFrom('metric_chunks').where('run_id', '=', '').where('key', '=', '').where('seq', '>=', 0).compile(),
    ),
  };
}

interface Extents {
  readonly min_step: number;
  readonly max_step: number;
  readonly min_timestamp: number;
  readonly max_timestamp: number;
}

function extents({ step, timestamp, value }: Points): Extents {
  const [min_step, max_step] = extent(step);
  return { min_step, max_step, min_timestamp: at(timestamp, 0), max_timestamp: at(timestamp, value.length - 1) };
}

const overlap = (a: Extents, b: Extents): boolean =>
  a.min_step <= b.max_step &&
  a.max_step >= b.min_step &&
  a.min_timestamp <= b.max_timestamp &&
  a.max_timestamp >= b.min_timestamp;

function chunkOf(runId: string, key: string, seq: number, points: Points): ChunkRow {
  return {
    run_id: runId,
    key,
    seq,
    points: points.value.length,
    ...extents(points),
    summary: pack(summary(points)),
    data: pack(points),
  };
}

/** The row after `fresh` (of which none was there before) came to what it said before. */
function grown(row: RunMetricRow, fresh: Points, within: Extents): RunMetricRow {
  const last = fresh.value.length - 1;
  const after =
    row.points === 0 ||
    within.min_timestamp > row.max_timestamp ||
    (within.min_timestamp === row.max_timestamp && at(fresh.step, 0) > row.last_step);
  const latest = latestIndex(fresh);
  const point: Metric = {
    key: row.key,
    value: at(fresh.value, latest),
    timestamp: at(fresh.timestamp, latest),
    step: at(fresh.step, latest),
  };
  const later = row.points === 0 || isLater(point, fromPoint(row));
  return {
    ...row,
    ...(later ? toPoint(point) : {}),
    points: row.points + fresh.value.length,
    min_step: Math.min(row.min_step, within.min_step),
    max_step: Math.max(row.max_step, within.max_step),
    min_timestamp: Math.min(row.min_timestamp, within.min_timestamp),
    max_timestamp: Math.max(row.max_timestamp, within.max_timestamp),
    last_step: within.max_timestamp >= row.max_timestamp ? at(fresh.step, last) : row.last_step,
    in_order: row.in_order === 1 && after ? 1 : 0,
  };
}

function first(runId: string, key: string, experiment: number): RunMetricRow {
  const none = { min_step: Infinity, max_step: -Infinity, min_timestamp: Infinity, max_timestamp: -Infinity };
  return { ...METRIC, ...none, run_id: runId, key, experiment_id: experiment, in_order: 1 };
}

export type WriteMetrics = (runId: string, experiment: number, metrics: readonly Metric[]) => Program<void>;

/** For use inside a transaction that keeps other writers of the run away. */
export function metricWriter(runner: Runner, db: TrackingDb, engine: SqlEngine): WriteMetrics {
  const statement = texts(runner, db, engine);

  /** Puts `fresh` to the chunks of `row`; new chunks go to `added`. */
  function* store(row: RunMetricRow, fresh: Points, added: ChunkRow[]): Program<RunMetricRow> {
    const { run_id: runId, key } = row;
    const count = fresh.value.length;
    if (row.loose_points + count < FULL && row.loose + 1 < MOST_LOOSE) {
      added.push(chunkOf(runId, key, row.chunks, fresh));
      return { ...row, chunks: row.chunks + 1, loose: row.loose + 1, loose_points: row.loose_points + count };
    }
    const from = row.chunks - row.loose;
    let all = fresh;
    if (row.loose > 0) {
      const found = yield* rows<Pick<ChunkRow, 'data'>>({
        sql: statement.loose,
        parameters: [runId, key, from],
        reads: true,
      });
      yield { sql: statement.drop, parameters: [runId, key, from] };
      all = union([...found.map(({ data }) => unpack(data)), fresh]);
    }
    const total = all.value.length;
    const full = Math.max(1, Math.floor(total / FULL));
    for (let i = 0; i < full; i += 1) {
      const part = cut(all, Math.floor((i * total) / full), Math.floor(((i + 1) * total) / full));
      added.push(chunkOf(runId, key, from + i, part));
    }
    const loose = total < FULL ? 1 : 0;
    // Folding puts in order what it folds: all of it when there was nothing before.
    const in_order = from === 0 ? 1 : row.in_order;
    return { ...row, in_order, chunks: from + full, loose, loose_points: loose * total };
  }

  return function* write(runId, experiment, metrics) {
    const byKey = new Map<string, Metric[]>();
    for (const metric of metrics) {
      const list = byKey.get(metric.key);
      if (list === undefined) byKey.set(metric.key, [metric]);
      else list.push(metric);
    }
    const known = new Map<string, RunMetricRow>();
    for (const keys of pieces([...byKey.keys()])) {
      const sql = statement.find(keys.length);
      for (const row of yield* rows<RunMetricRow>({ sql, parameters: [runId, ...keys], reads: true }))
        known.set(row.key, row);
    }
    const added: ChunkRow[] = [];
    const changed: RunMetricRow[] = [];
    for (const [key, list] of byKey) {
      const row = known.get(key) ?? first(runId, key, experiment);
      let fresh = toPoints(list);
      let within = extents(fresh);
      if (overlap(row, within)) {
        const parameters = [runId, key, within.min_step, within.max_step, within.min_timestamp, within.max_timestamp];
        const found = yield* rows<Pick<ChunkRow, 'data'>>({ sql: statement.overlapping, parameters, reads: true });
        fresh = without(
          fresh,
          found.map(({ data }) => unpack(data)),
        );
        if (fresh.value.length === 0) continue;
        within = extents(fresh);
      }
      changed.push(yield* store(grown(row, fresh, within), fresh, added));
    }
    for (const piece of pieces(added)) {
      yield { sql: statement.add(piece.length), parameters: piece.flatMap((row) => chunkParameters(row)) };
    }
    for (const piece of pieces(changed)) {
      yield { sql: statement.put(piece.length), parameters: piece.flatMap((row) => metricParameters(row)) };
    }
  };
}

const chunkParameters = (row: ChunkRow): readonly unknown[] => [
  row.run_id,
  row.key,
  row.seq,
  row.points,
  row.min_step,
  row.max_step,
  row.min_timestamp,
  row.max_timestamp,
  row.summary,
  row.data,
];

/** In the order of `METRIC`. */
const metricParameters = (row: RunMetricRow): readonly unknown[] => [
  row.run_id,
  row.key,
  row.experiment_id,
  row.value,
  row.is_nan,
  row.timestamp,
  row.step,
  row.points,
  row.min_step,
  row.max_step,
  row.min_timestamp,
  row.max_timestamp,
  row.last_step,
  row.in_order,
  row.chunks,
  row.loose,
  row.loose_points,
];
