/** Questions that compare releases. Their windows are of the wall clock: a rollout's steps are, whatever the clock of the data says. */
import type { ReleaseWindow, ScoredOutcomes, ShadowComparison, ShadowRow } from '../../ports/analytics-store.ts';
import { type Engine, identifier, literal, numberAt, parquetSource, predictionSource, type Table } from './engine.ts';
import { digits, type EndpointFolders, inputColumns, within } from './prediction-queries.ts';

/** Runs `work` on the paths of the files that can hold rows received since then. */
function received<T>(
  folders: EndpointFolders,
  since: number,
  work: (paths: readonly string[]) => Promise<T>,
): Promise<T> {
  return folders.predictions.reading(async (names) => {
    const facts = [...(await folders.facts.of(names))].filter(([, one]) => one.lastReceived >= since);
    return work(
      within(
        folders.predictions,
        facts.map(([name]) => name),
      ),
    );
  });
}

const ROW_KEY = `hash(request_id, "row", 20261123)`;
const listOf = (names: readonly string[]): string => names.map(literal).join(', ');

function floats(table: Table, column: number): Float64Array {
  const values = table.columns[column] ?? [];
  return Float64Array.from(values, (value) => (typeof value === 'number' ? value : Number.NaN));
}

export async function releaseScores(
  engine: Engine,
  folders: EndpointFolders,
  window: ReleaseWindow,
  sample: number,
): Promise<ReadonlyMap<string, Float64Array>> {
  if (window.releases.length === 0) return new Map();
  return received(folders, window.since, async (paths) => {
    if (paths.length === 0) return new Map();
    const table = await engine.query(
      `SELECT release_id, list_sort(list(score)) FROM (
         SELECT release_id, score::DOUBLE AS score FROM ${predictionSource(paths)}
         WHERE received_at >= ${digits(window.since)} AND release_id IN (${listOf(window.releases)})
           AND score IS NOT NULL AND isfinite(score::DOUBLE)
         QUALIFY row_number() OVER (PARTITION BY release_id ORDER BY ${ROW_KEY}, request_id, "row") <= ${digits(sample)}
       ) GROUP BY release_id`,
    );
    return new Map(
      Array.from({ length: table.rows }, (_, i) => {
        const list: unknown = table.columns[1]?.[i];
        const scores = (Array.isArray(list) ? list : []).filter((one): one is number => typeof one === 'number');
        return [String(table.columns[0]?.[i]), Float64Array.from(scores)] as const;
      }),
    );
  });
}

export async function releaseOutcomes(
  engine: Engine,
  folders: EndpointFolders,
  query: ReleaseWindow & { readonly outcome: string; readonly experiment?: string; readonly limit: number },
): Promise<ReadonlyMap<string, ScoredOutcomes>> {
  if (query.releases.length === 0) return new Map();
  return received(folders, query.since, (predictions) =>
    folders.outcomes.reading(async (all) => {
      const names = all.length === 0 ? [] : await folders.readableOutcomes(all);
      if (predictions.length === 0 || names.length === 0) return new Map();
      const experiment = query.experiment === undefined ? '' : ` AND experiment = ${literal(query.experiment)}`;
      const table = await engine.query(
        `WITH p AS MATERIALIZED (
           SELECT request_id || '/' || "row" AS id, any_value(release_id) AS release_id, any_value(score)::DOUBLE AS score
           FROM ${predictionSource(predictions)}
           WHERE received_at >= ${digits(query.since)} AND release_id IN (${listOf(query.releases)})${experiment}
           GROUP BY request_id, "row", release_id
         ), o AS (
           SELECT prediction_id, arg_max(value, seq) AS value, max(seq) AS seq
           FROM ${parquetSource(within(folders.outcomes, names))}
           WHERE name = ${literal(query.outcome)} AND prediction_id IN (SELECT id FROM p) GROUP BY prediction_id
         )
         SELECT release_id, list(score ORDER BY seq, id), list(value ORDER BY seq, id) FROM (
           SELECT p.release_id, coalesce(p.score, 'nan'::DOUBLE) AS score, o.value, o.seq, p.id
           FROM p JOIN o ON o.prediction_id = p.id ORDER BY o.seq, p.id LIMIT ${digits(query.limit)}
         ) GROUP BY release_id`,
      );
      const numbers = (list: unknown): Float64Array => Float64Array.from(Array.isArray(list) ? list : [], Number);
      return new Map(
        Array.from({ length: table.rows }, (_, i) => [
          String(table.columns[0]?.[i]),
          { scores: numbers(table.columns[1]?.[i]), outcomes: numbers(table.columns[2]?.[i]) },
        ]),
      );
    }),
  );
}

const NO_SHADOW: ShadowComparison = {
  rows: 0,
  differing: 0,
  meanAbsDiff: 0,
  maxAbsDiff: 0,
  liveScores: new Float64Array(),
  shadowScores: new Float64Array(),
  top: [],
};
/** Scores of the same rows that distances are computed from. */
const SHADOW_SAMPLE = 20_000;

/** The rows that both answered, as the common table `j`. */
function pairs(paths: readonly string[], query: { readonly releaseId: string; readonly since: number }): string {
  const source = predictionSource(paths);
  const since = `received_at >= ${digits(query.since)}`;
  return `WITH s AS MATERIALIZED (
      SELECT request_id, "row", any_value(score)::DOUBLE AS shadow, min(latency_ms)::DOUBLE AS latency
      FROM ${source} WHERE ${since} AND role = 'shadow' AND release_id = ${literal(query.releaseId)} GROUP BY ALL
    ), l AS (
      SELECT request_id, "row", any_value(score)::DOUBLE AS live FROM ${source}
      WHERE ${since} AND role IS DISTINCT FROM 'shadow' AND request_id IN (SELECT request_id FROM s) GROUP BY ALL
    ), j AS MATERIALIZED (
      SELECT request_id, "row", live, shadow, latency, abs(shadow - live) AS difference FROM s JOIN l USING (request_id, "row")
      WHERE live IS NOT NULL AND shadow IS NOT NULL AND isfinite(live) AND isfinite(shadow)
    )`;
}

async function topRows(
  engine: Engine,
  paths: readonly string[],
  query: { readonly releaseId: string; readonly since: number; readonly top: number },
): Promise<readonly ShadowRow[]> {
  const columns = await inputColumns(engine, paths);
  const picked = columns.map(({ column }) => `, any_value(p.${identifier(column)}) AS ${identifier(column)}`).join('');
  const table = await engine.query(
    `${pairs(paths, query)}, t AS (SELECT * FROM j ORDER BY difference DESC, request_id, "row" LIMIT ${digits(query.top)})
     SELECT t.request_id || '/' || t."row", any_value(p.time)::DOUBLE, any_value(p.received_at)::DOUBLE,
            any_value(t.live), any_value(t.shadow), any_value(t.difference) AS difference${picked}
     FROM t JOIN ${predictionSource(paths)} AS p ON p.request_id = t.request_id AND p."row" = t."row"
     WHERE p.received_at >= ${digits(query.since)} AND p.role IS DISTINCT FROM 'shadow'
     GROUP BY t.request_id, t."row" ORDER BY difference DESC, t.request_id, t."row"`,
  );
  const cell = (value: unknown): string | number | boolean | null => {
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'number') return Number.isFinite(value) ? value : null;
    if (typeof value === 'string' || typeof value === 'boolean') return value;
    return value === undefined || value === null ? null : JSON.stringify(value);
  };
  return Array.from({ length: table.rows }, (_, i) => ({
    id: String(table.columns[0]?.[i]),
    time: numberAt(table, 1, i) ?? 0,
    receivedAt: numberAt(table, 2, i) ?? 0,
    live: numberAt(table, 3, i) ?? 0,
    shadow: numberAt(table, 4, i) ?? 0,
    inputs: Object.fromEntries(columns.map(({ name }, at) => [name, cell(table.columns[6 + at]?.[i])])),
  }));
}

export async function shadowComparison(
  engine: Engine,
  folders: EndpointFolders,
  query: { readonly releaseId: string; readonly since: number; readonly top: number },
): Promise<ShadowComparison> {
  return received(folders, query.since, async (paths) => {
    if (paths.length === 0) return NO_SHADOW;
    const summary = await engine.query(
      `${pairs(paths, query)}
       SELECT count(*)::DOUBLE, (count(*) FILTER (WHERE difference > 1e-6 + 1e-4 * abs(live)))::DOUBLE, avg(difference),
              max(difference), quantile_cont(latency, 0.5), quantile_cont(latency, 0.95), quantile_cont(latency, 0.99) FROM j`,
    );
    const rows = numberAt(summary, 0) ?? 0;
    if (rows === 0) return NO_SHADOW;
    const sample = await engine.query(
      `${pairs(paths, query)} SELECT live, shadow FROM j ORDER BY ${ROW_KEY}, request_id, "row" LIMIT ${SHADOW_SAMPLE}`,
    );
    const [p50, p95, p99] = [numberAt(summary, 4), numberAt(summary, 5), numberAt(summary, 6)];
    return {
      rows,
      differing: numberAt(summary, 1) ?? 0,
      meanAbsDiff: numberAt(summary, 2) ?? 0,
      maxAbsDiff: numberAt(summary, 3) ?? 0,
      ...(p50 === undefined || p95 === undefined || p99 === undefined ? {} : { latency: { p50, p95, p99 } }),
      liveScores: floats(sample, 0).sort(),
      shadowScores: floats(sample, 1).sort(),
      top: query.top > 0 ? await topRows(engine, paths, query) : [],
    };
  });
}
