/** Histories of metrics out of their chunks: whole, a page, or a few points that show the shape of all. */
import { peaks } from '../../domain/metric-sample.ts';
import type { Metric } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import type { SqlEngine } from './engine.ts';
import { at, cut, NO_POINTS, toMetrics, union, unpack, withinSteps } from './metric-points.ts';
import type { Points } from './metric-points.ts';
import { rows } from './program.ts';
import { runnerOf } from './runner.ts';
import type { Program } from './program.ts';
import type { ChunkRow, RunMetricRow, TrackingDb } from './tracking-tables.ts';

type HistoryStore = Pick<TrackingStore, 'metricHistory' | 'sampleHistory' | 'metricKeys'>;

/** So many chunks of a sample are read whole; of more than that only their ends, lowest and highest are. */
const FINE_CHUNKS = 300;
/** Chunks fetched by one statement. */
const FETCH = 50;

type Head = Omit<ChunkRow, 'run_id' | 'key' | 'data'>;

export function sqlHistory(db: TrackingDb, engine: SqlEngine): HistoryStore {
  const runner = runnerOf(db, engine);
  const { text } = runner;
  const whole = text('history-whole', () =>
    db
      .selectFrom('metric_chunks')
      .select('data')
      .where('run_id', '=', '')
      .where('key', '=', '')
      .orderBy('seq')
      .compile(),
  );
  const part = text('history-part', () =>
    db
      .selectFrom('metric_chunks')
      .select(['seq', 'data'])
      .where('run_id', '=', '')
      .where('key', '=', '')
      .where('seq', '>=', 0)
      .where('seq', '<=', 0)
      .orderBy('seq')
      .compile(),
  );
  const heads = text('history-heads', () =>
    db
      .selectFrom('metric_chunks')
      .select(['seq', 'points', 'min_step', 'max_step', 'min_timestamp', 'max_timestamp', 'summary'])
      .where('run_id', '=', '')
      .where('key', '=', '')
      .orderBy('seq')
      .compile(),
  );
  const metric = text('history-metric', () =>
    db
      .selectFrom('run_metrics')
      .select(['points', 'in_order'])
      .where('run_id', '=', '')
      .where('key', '=', '')
      .compile(),
  );

  function* all(runId: string, key: string): Program<Points> {
    const found = yield* rows<Pick<ChunkRow, 'data'>>({ sql: whole, parameters: [runId, key], reads: true });
    return union(found.map(({ data }) => unpack(data)));
  }

  /** The chunks numbered `wanted`, rising; undefined when one is gone: it was folded into another since its number was read. */
  function* fetched(runId: string, key: string, wanted: readonly number[]): Program<readonly Points[] | undefined> {
    const found = new Map<number, Points>();
    for (let i = 0; i < wanted.length; ) {
      const from = wanted[i] ?? 0;
      let last = i;
      // Neighbours in one statement.
      while (last + 1 < wanted.length && wanted[last + 1] === from + last + 1 - i && last - i < FETCH) last += 1;
      const parameters = [runId, key, from, wanted[last] ?? from];
      for (const row of yield* rows<Pick<ChunkRow, 'seq' | 'data'>>({ sql: part, parameters, reads: true })) {
        found.set(row.seq, unpack(row.data));
      }
      i = last + 1;
    }
    const parts = wanted.map((seq) => found.get(seq));
    return parts.includes(undefined) ? undefined : parts.filter((one) => one !== undefined);
  }

  function* page(runId: string, key: string, limit: number, offset: number): Program<Points> {
    const [row] = yield* rows<Pick<RunMetricRow, 'points' | 'in_order'>>({
      sql: metric,
      parameters: [runId, key],
      reads: true,
    });
    if (row === undefined || offset >= row.points || limit <= 0) return NO_POINTS;
    if (row.in_order === 1 && (offset > 0 || limit < row.points)) {
      const known = yield* rows<Head>({ sql: heads, parameters: [runId, key], reads: true });
      let before = 0;
      let skipped = 0;
      const wanted: number[] = [];
      let total = 0;
      for (const { seq, points } of known) {
        if (before + points <= offset) skipped = before + points;
        else if (before < offset + limit) {
          wanted.push(seq);
          total += points;
        }
        before += points;
      }
      const parts = yield* fetched(runId, key, wanted);
      if (parts !== undefined) {
        const points = union(parts);
        // A chunk of the same number may have been folded meanwhile; then it holds another count.
        if (points.value.length === total) return cut(points, offset - skipped, offset - skipped + limit);
      }
    }
    return cut(yield* all(runId, key), offset, offset + limit);
  }

  function* sample(
    runId: string,
    key: string,
    most: number,
    from: number,
    to: number,
  ): Program<{ total: number; points: Points }> {
    const known = yield* rows<Head>({ sql: heads, parameters: [runId, key], reads: true });
    const inside = known.filter((head) => head.max_step >= from && head.min_step <= to);
    const isWhole = (head: Head): boolean => head.min_step >= from && head.max_step <= to;
    // Each summary has up to four points: enough of them for the answer, or more chunks than can be read in no time.
    const coarse = inside.length > FINE_CHUNKS || inside.length * 5 >= most;
    const wanted = inside.filter((head) => !coarse || !isWhole(head) || head.points <= 4).map(({ seq }) => seq);
    const parts = yield* fetched(runId, key, wanted);
    if (parts === undefined) {
      const points = withinSteps(yield* all(runId, key), from, to);
      return { total: points.value.length, points };
    }
    const fetchedParts = parts.map((points) => withinSteps(points, from, to));
    const read = new Set(wanted);
    const summed = inside.filter(({ seq }) => !read.has(seq));
    const total =
      summed.reduce((sum, { points }) => sum + points, 0) +
      fetchedParts.reduce((sum, { value }) => sum + value.length, 0);
    return { total, points: union([...summed.map((head) => unpack(head.summary)), ...fetchedParts]) };
  }

  const thinned = (key: string, points: Points, most: number): readonly Metric[] =>
    peaks(points.value, most).map((i) => ({
      key,
      value: at(points.value, i),
      timestamp: at(points.timestamp, i),
      step: at(points.step, i),
    }));

  const keys = text('history-keys', () =>
    db.selectFrom('run_metrics').select(['key', 'points']).where('run_id', '=', '').orderBy('key').compile(),
  );
  return {
    async metricHistory(runId, key, { limit, offset }) {
      return toMetrics(key, await runner.read(() => page(runId, key, limit, offset)));
    },
    async sampleHistory(runId, key, { maxPoints, fromStep = -Infinity, toStep = Infinity }) {
      const { total, points } = await runner.read(() => sample(runId, key, maxPoints, fromStep, toStep));
      return { total, points: thinned(key, points, maxPoints) };
    },
    metricKeys: (runId) =>
      runner.read(function* () {
        const found = yield* rows<{ key: string; points: number }>({ sql: keys, parameters: [runId], reads: true });
        return found.map(({ key, points }) => ({ key, points }));
      }),
  };
}
