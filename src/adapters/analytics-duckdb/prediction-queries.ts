/** Questions to the prediction log. Row ids are `<request_id>/<row>`; times are event time unless named received. */
import { join } from 'node:path';
import type { ColumnWindow, LabelledRow, PredictionRow } from '../../ports/analytics-store.ts';
import { type Engine, finite, identifier, literal, liveSource, numberAt, parquetSource, type Table } from './engine.ts';
import type { FactsCache, FileFacts } from './file-facts.ts';
import type { ParquetFolder } from './parquet-folder.ts';

export interface EndpointFolders {
  readonly predictions: ParquetFolder;
  readonly outcomes: ParquetFolder;
  readonly facts: FactsCache;
  /** Of outcome files, those that are not damaged. */
  readonly readableOutcomes: (names: readonly string[]) => Promise<readonly string[]>;
}

export const within = (folder: ParquetFolder, names: readonly string[]): string[] =>
  names.map((name) => join(folder.path, name));

/** Numbers from the domain are put into SQL as digits only. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`not a time: ${value}`);
  return String(Math.trunc(value));
}

/** Runs `work` on the paths of the files that can hold rows of [from, to). */
function inWindow<T>(
  folders: EndpointFolders,
  from: number,
  to: number,
  work: (paths: readonly string[], facts: readonly FileFacts[]) => Promise<T>,
): Promise<T> {
  return folders.predictions.reading(async (names) => {
    const facts = [...(await folders.facts.of(names))].filter(([, one]) => one.lastTime >= from && one.firstTime < to);
    return work(
      within(
        folders.predictions,
        facts.map(([name]) => name),
      ),
      facts.map(([, one]) => one),
    );
  });
}

export async function span(
  folders: EndpointFolders,
): Promise<{ readonly first: number; readonly last: number; readonly predictions: number } | undefined> {
  return folders.predictions.reading(async (names) => {
    const facts = [...(await folders.facts.of(names)).values()];
    if (facts.length === 0) return undefined;
    return {
      first: Math.min(...facts.map((one) => one.firstTime)),
      last: Math.max(...facts.map((one) => one.lastTime)),
      predictions: facts.reduce((sum, one) => sum + one.liveRows, 0),
    };
  });
}

export async function countRows(engine: Engine, folders: EndpointFolders, from: number, to: number): Promise<number> {
  return inWindow(folders, from, to, async (paths, facts) => {
    if (facts.every((one) => one.firstTime >= from && one.lastTime < to)) {
      return facts.reduce((sum, one) => sum + one.liveRows, 0);
    }
    const table = await engine.query(
      `SELECT count(*)::DOUBLE FROM ${liveSource(paths)} WHERE time >= ${digits(from)} AND time < ${digits(to)}`,
    );
    return numberAt(table, 0) ?? 0;
  });
}

/** The newest file that names a prediction decides its outcome. */
function outcomesOf(paths: readonly string[], condition: string): string {
  return `SELECT prediction_id, arg_max(value, seq) AS value, arg_max(time, seq) AS known
          FROM ${parquetSource(paths)} WHERE ${condition} GROUP BY prediction_id`;
}

export async function labelled(
  engine: Engine,
  folders: EndpointFolders,
  query: { readonly outcome: string; readonly from: number; readonly to: number; readonly knownBy: number },
): Promise<readonly LabelledRow[]> {
  return inWindow(folders, query.from, query.to, (predictions) =>
    folders.outcomes.reading(async (all) => {
      if (predictions.length === 0 || all.length === 0) return [];
      const names = await folders.readableOutcomes(all);
      if (names.length === 0) return [];
      const outcomes = outcomesOf(
        within(folders.outcomes, names),
        `name = ${literal(query.outcome)} AND prediction_id IN (SELECT id FROM p)`,
      );
      const table = await engine.query(
        `WITH p AS MATERIALIZED (
           SELECT request_id || '/' || "row" AS id, time::DOUBLE AS time, version::DOUBLE AS version, score::DOUBLE AS score
           FROM ${liveSource(predictions)}
           WHERE time >= ${digits(query.from)} AND time < ${digits(query.to)} AND score IS NOT NULL AND isfinite(score::DOUBLE)
         ), o AS (${outcomes})
         SELECT p.time, p.version, p.score, o.value FROM p JOIN o ON o.prediction_id = p.id
         WHERE o.known <= ${digits(query.knownBy)} ORDER BY p.time, p.id`,
      );
      const [time, version, score, outcome] = table.columns as readonly (readonly number[])[];
      return Array.from({ length: table.rows }, (_, i) => ({
        time: time?.[i] ?? 0,
        version: version?.[i] ?? 0,
        score: score?.[i] ?? 0,
        outcome: outcome?.[i] ?? 0,
      }));
    }),
  );
}

interface InputColumn {
  readonly column: string;
  readonly name: string;
  readonly kind: 'number' | 'text';
}

export async function inputColumns(engine: Engine, paths: readonly string[]): Promise<readonly InputColumn[]> {
  const table = await engine.query(`DESCRIBE SELECT * FROM ${parquetSource(paths)}`);
  const inputs: InputColumn[] = [];
  for (let i = 0; i < table.rows; i++) {
    const column = String(table.columns[0]?.[i]);
    if (!column.startsWith('in_')) continue;
    const numeric = /INT|FLOAT|DOUBLE|DECIMAL/.test(String(table.columns[1]?.[i]));
    inputs.push({ column, name: column.slice(3), kind: numeric ? 'number' : 'text' });
  }
  return inputs;
}

const VALUES_LIMIT = 5000;

async function textValues(engine: Engine, source: string, column: string): Promise<ReadonlyMap<string, number>> {
  const id = identifier(column);
  const table = await engine.query(
    `SELECT ${id}::VARCHAR AS value, count(*)::DOUBLE AS n FROM ${source} AND ${id} IS NOT NULL
     GROUP BY 1 ORDER BY n DESC, value LIMIT ${VALUES_LIMIT}`,
  );
  return new Map(
    Array.from({ length: table.rows }, (_, i) => [String(table.columns[0]?.[i]), numberAt(table, 1, i) ?? 0]),
  );
}

/**
 * The rows of the sample are those with the smallest hash of (request id, row): the same rows for the same data, whatever
 * the files' number and order. Exact counts, means and ranges are over all rows of the window.
 */
async function samples(
  engine: Engine,
  source: string,
  numbers: readonly InputColumn[],
  rows: number,
  size: number,
): Promise<ReadonlyMap<string, Float64Array>> {
  if (numbers.length === 0 || size <= 0) return new Map();
  const key = `hash(request_id, "row", 20261123)`;
  // A first cut by the hash keeps the sort small; 2^64 * 1.2 * size / rows holds `size` rows but for a chance far below 1e-9.
  const share = Math.min(1, (1.2 * size + 200) / Math.max(1, rows));
  const cut = share < 1 ? ` AND ${key} <= ${BigInt(Math.floor(share * 2 ** 53)) * 2048n}::UBIGINT` : '';
  const picked = numbers.map((one) => `${finite(identifier(one.column))}::DOUBLE`).join(', ');
  const order = rows > size ? ` ORDER BY ${key}, request_id, "row" LIMIT ${digits(size)}` : '';
  const table = await engine.query(`SELECT ${picked} FROM ${source}${cut}${order}`);
  return new Map(
    numbers.map((one, i) => [
      one.name,
      Float64Array.from((table.columns[i] ?? []).filter((value): value is number => typeof value === 'number')).sort(),
    ]),
  );
}

export async function columnWindows(
  engine: Engine,
  folders: EndpointFolders,
  from: number,
  to: number,
  sample: number,
): Promise<readonly ColumnWindow[]> {
  return inWindow(folders, from, to, async (paths) => {
    if (paths.length === 0) return [];
    const inputs = await inputColumns(engine, paths);
    const source = `${liveSource(paths)} WHERE time >= ${digits(from)} AND time < ${digits(to)}`;
    const aggregates = inputs.flatMap(({ column, kind }) => {
      const value = kind === 'number' ? finite(identifier(column)) : identifier(column);
      const count = `count(${value})::DOUBLE`;
      return kind === 'number' ? [count, `min(${value})`, `max(${value})`, `avg(${value})`] : [count];
    });
    const table = await engine.query(
      `SELECT count(*)::DOUBLE${aggregates.map((sql) => `, ${sql}`).join('')} FROM ${source}`,
    );
    const rows = numberAt(table, 0) ?? 0;
    if (rows === 0) return [];
    const numbers = inputs.filter((one) => one.kind === 'number');
    const sampled = await samples(engine, source, numbers, rows, sample);
    const windows: ColumnWindow[] = [];
    let at = 1;
    for (const input of inputs) {
      const present = numberAt(table, at) ?? 0;
      const common = { name: input.name, rows, missing: rows - present };
      if (input.kind === 'text') {
        at += 1;
        windows.push({ ...common, sample: new Float64Array(), values: await textValues(engine, source, input.column) });
        continue;
      }
      const [min, max, mean] = [numberAt(table, at + 1), numberAt(table, at + 2), numberAt(table, at + 3)];
      at += 4;
      windows.push({
        ...common,
        sample: sampled.get(input.name) ?? new Float64Array(),
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        ...(mean === undefined ? {} : { mean }),
        values: new Map(),
      });
    }
    return windows;
  });
}

function toRows(names: readonly string[], table: Table): Omit<PredictionRow, 'outcome'>[] {
  const at = (name: string, row: number): unknown => table.columns[names.indexOf(name)]?.[row];
  const cell = (value: unknown): string | number | boolean | null => {
    if (value === undefined || value === null || (typeof value === 'number' && !Number.isFinite(value))) return null;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
    return JSON.stringify(value);
  };
  return Array.from({ length: table.rows }, (_, row) => {
    const score = cell(at('score', row));
    return {
      id: String(at('id', row)),
      time: Number(at('time', row)),
      receivedAt: Number(at('received_at', row)),
      version: Number(at('version', row)),
      releaseId: String(at('release_id', row)),
      latencyMs: Number(at('latency_ms', row)),
      inputs: Object.fromEntries(
        names.filter((name) => name.startsWith('in_')).map((name) => [name.slice(3), cell(at(name, row))]),
      ),
      score: typeof score === 'number' ? score : null,
    };
  });
}

export async function withOutcomes(
  engine: Engine,
  folders: EndpointFolders,
  rows: readonly PredictionRow[],
): Promise<PredictionRow[]> {
  return folders.outcomes.reading(async (all) => {
    if (rows.length === 0 || all.length === 0) return [...rows];
    const names = await folders.readableOutcomes(all);
    if (names.length === 0) return [...rows];
    const ids = rows.map((row) => literal(row.id)).join(', ');
    // With several outcomes of one prediction (click, then conversion) the one known first is shown.
    const table = await engine.query(
      `SELECT prediction_id, arg_min(value, known), min(known)::DOUBLE FROM (
         SELECT prediction_id, name, arg_max(value, seq) AS value, arg_max(time, seq) AS known
         FROM ${parquetSource(within(folders.outcomes, names))} WHERE prediction_id IN (${ids}) GROUP BY prediction_id, name
       ) GROUP BY prediction_id`,
    );
    const found = new Map(
      Array.from({ length: table.rows }, (_, i) => [
        String(table.columns[0]?.[i]),
        { outcome: numberAt(table, 1, i) ?? 0, outcomeTime: numberAt(table, 2, i) ?? 0 },
      ]),
    );
    return rows.map((row) => ({ ...row, ...found.get(row.id) }));
  });
}

export async function select(engine: Engine, paths: readonly string[], tail: string): Promise<PredictionRow[]> {
  const described = await engine.query(`DESCRIBE SELECT * FROM ${parquetSource(paths)}`);
  const inputs = (described.columns[0] ?? []).map(String).filter((name) => name.startsWith('in_'));
  const names = ['id', 'time', 'received_at', 'version', 'release_id', 'latency_ms', 'score', ...inputs];
  const table = await engine.query(
    `SELECT request_id || '/' || "row" AS id, time::DOUBLE, received_at::DOUBLE, version::DOUBLE, release_id, latency_ms,
            score::DOUBLE${inputs.map((name) => `, ${identifier(name)}`).join('')}
     FROM ${liveSource(paths)} ${tail}`,
  );
  return toRows(names, table);
}

/** Newest by arrival. Only the files that can hold the newest `limit` rows are opened. */
export async function recent(
  engine: Engine,
  folders: EndpointFolders,
  limit: number,
): Promise<readonly PredictionRow[]> {
  const wanted = Math.max(0, Math.min(10_000, Math.trunc(limit)));
  const rows = await folders.predictions.reading(async (names) => {
    const facts = [...(await folders.facts.of(names))].sort(([, a], [, b]) => b.lastReceived - a.lastReceived);
    let held = 0;
    let oldest = Number.POSITIVE_INFINITY;
    const chosen: string[] = [];
    for (const [name, one] of facts) {
      if (held >= wanted && one.lastReceived < oldest) break;
      chosen.push(name);
      held += one.liveRows;
      oldest = Math.min(oldest, one.firstReceived);
    }
    if (chosen.length === 0 || wanted === 0) return [];
    return select(
      engine,
      within(folders.predictions, chosen),
      `ORDER BY received_at DESC, request_id DESC, "row" DESC LIMIT ${wanted}`,
    );
  });
  return withOutcomes(engine, folders, rows);
}
