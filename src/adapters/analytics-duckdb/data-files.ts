/** Schema, profile and aggregates of a user's data files: Parquet, CSV, JSON lines. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Column, ColumnProfile, ColumnType } from '../../domain/datasets.ts';
import type { DataSummary } from '../../ports/analytics-store.ts';
import { type Engine, finite, identifier, numberAt, pathLiteral } from './engine.ts';

const SAMPLE = 5000;
const TOP = 200;
/** What pandas and R write for a missing value. */
const NULLS = `['', 'NA', 'NaN', 'nan', 'null', 'NULL', 'None', 'N/A']`;

function reader(path: string): string {
  const lower = path.toLowerCase();
  const at = `[${pathLiteral(path)}]`;
  if (lower.endsWith('.parquet')) return `read_parquet(${at}, hive_partitioning = false)`;
  if (/\.(csv|tsv)(\.gz)?$/.test(lower)) {
    return `read_csv(${at}, nullstr = ${NULLS}, sample_size = 200000, hive_partitioning = false)`;
  }
  if (/\.(jsonl|ndjson|json)(\.gz)?$/.test(lower)) return `read_json(${at}, hive_partitioning = false)`;
  throw new MillwrightError('MW-DATA-READ', `not a data file: ${path}`, {
    where: path,
    next: 'use Parquet (.parquet), CSV (.csv, .tsv) or JSON lines (.jsonl, .ndjson) files',
  });
}

/** The files as one relation; columns that a file lacks are missing in its rows. */
export function source(files: readonly string[]): string {
  if (files.length === 0)
    throw new MillwrightError('MW-DATA-READ', 'no data files', { next: 'check the dataset\'s "from"' });
  return `(${files.map((path) => `SELECT * FROM ${reader(path)}`).join(' UNION ALL BY NAME ')})`;
}

/** What the engine said, on one line. */
export function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 300) ?? '';
}

/** Turns an engine error into MW-DATA-READ that names the one file that cannot be read, or what else is wrong. */
async function naming<T>(engine: Engine, files: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MillwrightError) throw error;
    for (const path of files) {
      try {
        await engine.query(`SELECT count(*) FROM (SELECT * FROM ${reader(path)})`);
        await engine.query(`SELECT count(COLUMNS(*)) FROM ${reader(path)}`);
      } catch (broken) {
        throw new MillwrightError('MW-DATA-READ', `cannot read ${path}: ${reason(broken)}`, {
          where: path,
          next: 'open the file and repair or replace it, or take it out of the dataset\'s "from"',
          cause: broken,
        });
      }
    }
    throw new MillwrightError('MW-DATA-READ', `cannot read the data: ${reason(error)}`, {
      where: files[0] ?? '',
      next: 'check that the files have the same columns with the same types',
      cause: error,
    });
  }
}

function columnType(sqlType: string): ColumnType {
  if (/\[|STRUCT|MAP|UNION|BLOB/.test(sqlType)) return 'other';
  if (/INT/.test(sqlType) && sqlType !== 'INTERVAL') return 'integer';
  if (/FLOAT|DOUBLE|DECIMAL/.test(sqlType)) return 'number';
  if (/VARCHAR|ENUM|UUID/.test(sqlType)) return 'string';
  if (sqlType === 'BOOLEAN') return 'boolean';
  return /^(TIMESTAMP|DATE)/.test(sqlType) ? 'time' : 'other';
}

const isNumber = (type: ColumnType): boolean => type === 'number' || type === 'integer';

function valueOf(column: Column): string {
  const id = identifier(column.name);
  if (isNumber(column.type)) return finite(id);
  if (column.type === 'time') return `epoch_ms(${id}::TIMESTAMP)::DOUBLE`;
  return id;
}

async function topValues(
  engine: Engine,
  from: string,
  column: Column,
  present: number,
): Promise<Pick<ColumnProfile, 'top' | 'otherRows'>> {
  const id = identifier(column.name);
  const table = await engine.query(
    `SELECT ${id}::VARCHAR AS value, count(*)::DOUBLE AS n FROM ${from} WHERE ${id} IS NOT NULL
     GROUP BY 1 ORDER BY n DESC, value LIMIT ${TOP}`,
  );
  const top = Array.from({ length: table.rows }, (_, i) => ({
    value: String(table.columns[0]?.[i]),
    rows: numberAt(table, 1, i) ?? 0,
  }));
  return { top, otherRows: present - top.reduce((sum, one) => sum + one.rows, 0) };
}

async function numberSamples(
  engine: Engine,
  from: string,
  columns: readonly Column[],
  rows: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  if (columns.length === 0) return new Map();
  const share = Math.min(1, (1.2 * SAMPLE + 200) / Math.max(1, rows));
  // Rows by the hash of their position: seeded, and the same for the same files.
  const picked = columns.map((column) => finite(identifier(column.name))).join(', ');
  const filter =
    share < 1
      ? `WHERE mw_key <= ${BigInt(Math.floor(share * 2 ** 53)) * 2048n}::UBIGINT ORDER BY mw_key LIMIT ${SAMPLE}`
      : `ORDER BY mw_key LIMIT ${SAMPLE}`;
  const table = await engine.query(
    `SELECT ${picked} FROM (SELECT *, hash(row_number() OVER (), 20261123) AS mw_key FROM ${from}) ${filter}`,
  );
  return new Map(
    columns.map((column, i) => [
      column.name,
      (table.columns[i] ?? []).filter((v): v is number => typeof v === 'number').sort((a, b) => a - b),
    ]),
  );
}

/** Exact deciles (linear between order statistics) without repeats, and the rows in the bins, outer bins open. */
async function deciles(
  engine: Engine,
  from: string,
  columns: readonly Column[],
): Promise<ReadonlyMap<string, { readonly edges: readonly number[]; readonly counts: readonly number[] }>> {
  const found = new Map<string, { edges: readonly number[]; counts: readonly number[] }>();
  if (columns.length === 0) return found;
  const tenths = Array.from({ length: 11 }, (_, i) => (i / 10).toFixed(1)).join(', ');
  const quantiles = await engine.query(
    `SELECT ${columns.map((c) => `quantile_cont(${finite(identifier(c.name))}, [${tenths}])`).join(', ')} FROM ${from}`,
  );
  const edges = columns.map((_, i) => {
    const list = quantiles.columns[i]?.[0];
    const numbers = (Array.isArray(list) ? list : []).filter((v): v is number => typeof v === 'number');
    const distinct = numbers.filter((v, k) => k === 0 || v > (numbers[k - 1] ?? 0));
    return distinct.length === 1 ? [...distinct, ...distinct] : distinct;
  });
  const upTo = columns.flatMap((c, i) =>
    (edges[i] ?? [])
      .slice(1, -1)
      .map((edge) => `count(*) FILTER (WHERE ${finite(identifier(c.name))} <= ${edge}::DOUBLE)::DOUBLE`),
  );
  const totals = columns.map((c) => `count(${finite(identifier(c.name))})::DOUBLE`);
  const counted = await engine.query(`SELECT ${[...totals, ...upTo].join(', ')} FROM ${from}`);
  let at = columns.length;
  columns.forEach((column, i) => {
    const own = edges[i] ?? [];
    if (own.length < 2) return;
    const cumulative = own.slice(1, -1).map(() => numberAt(counted, at++) ?? 0);
    cumulative.push(numberAt(counted, i) ?? 0);
    found.set(column.name, { edges: own, counts: cumulative.map((n, k) => n - (cumulative[k - 1] ?? 0)) });
  });
  return found;
}

async function profile(
  engine: Engine,
  from: string,
  columns: readonly Column[],
): Promise<{ rows: number; profile: ColumnProfile[] }> {
  const aggregates = columns.flatMap((column) => {
    const value = valueOf(column);
    const basic = [`count(${value})::DOUBLE`, `count(DISTINCT ${value})::DOUBLE`];
    if (isNumber(column.type)) basic.push(`avg(${value})`, `stddev_pop(${value})`);
    if (isNumber(column.type) || column.type === 'time') basic.push(`min(${value})`, `max(${value})`);
    return basic;
  });
  const table = await engine.query(
    `SELECT count(*)::DOUBLE${aggregates.map((sql) => `, ${sql}`).join('')} FROM ${from}`,
  );
  const rows = numberAt(table, 0) ?? 0;
  const numbers = columns.filter((column) => isNumber(column.type));
  const [bins, samples] = [await deciles(engine, from, numbers), await numberSamples(engine, from, numbers, rows)];
  const profiles: ColumnProfile[] = [];
  let at = 1;
  for (const column of columns) {
    const present = numberAt(table, at++) ?? 0;
    const distinct = numberAt(table, at++) ?? 0;
    const optional: Record<string, number> = {};
    const take = (name: string): void => {
      const value = numberAt(table, at++);
      if (value !== undefined) optional[name] = value;
    };
    if (isNumber(column.type)) {
      take('mean');
      take('sd');
    }
    if (isNumber(column.type) || column.type === 'time') {
      take('min');
      take('max');
    }
    const text = column.type === 'string' || column.type === 'boolean';
    profiles.push({
      name: column.name,
      type: column.type,
      rows,
      missing: rows - present,
      distinct,
      ...optional,
      ...bins.get(column.name),
      ...(isNumber(column.type) ? { sample: samples.get(column.name) ?? [] } : {}),
      ...(text ? await topValues(engine, from, column, present) : {}),
    });
  }
  return { rows, profile: profiles };
}

export async function summarize(engine: Engine, files: readonly string[]): Promise<DataSummary> {
  return naming(engine, files, async () => {
    const from = source(files);
    const described = await engine.query(`DESCRIBE SELECT * FROM ${from}`);
    const columns = Array.from(
      { length: described.rows },
      (_, i): Column => ({
        name: String(described.columns[0]?.[i]),
        type: columnType(String(described.columns[1]?.[i])),
      }),
    );
    return { columns, ...(await profile(engine, from, columns)) };
  });
}

/** An aggregate is an expression over the columns; anything that could read another file is refused. */
function checkExpression(expression: string): string {
  const bare = expression.replaceAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, ' ');
  if (
    /;|--|\/\*|["'$\\]|\b(?:select|from|with|copy|read_\w+|\w*scan\w*|getenv|glob|query\w*|sniff\w*|parquet_\w+)\b/i.test(
      bare,
    )
  ) {
    throw new MillwrightError(
      'MW-INVALID',
      `not an aggregate over the dataset's columns: ${expression.slice(0, 200)}`,
      {
        next: 'write for example: count(*) filter (where distance > 0)',
      },
    );
  }
  return expression;
}

export async function aggregate(
  engine: Engine,
  files: readonly string[],
  expressions: readonly string[],
): Promise<readonly (number | null)[]> {
  if (expressions.length === 0) return [];
  const list = expressions.map((expression) => `(${checkExpression(expression)})::DOUBLE`).join(', ');
  return naming(engine, files, async () => {
    const from = source(files);
    const described = await engine.query(`DESCRIBE SELECT * FROM ${from}`);
    // pandas writes a missing number as NaN, which SQL would count as present and as the largest value of all.
    const floats = (described.columns[0] ?? [])
      .map(String)
      .filter((_, i) => /^(FLOAT|DOUBLE)$/.test(String(described.columns[1]?.[i])))
      .map(
        (name) => `CASE WHEN isnan(${identifier(name)}) THEN NULL ELSE ${identifier(name)} END AS ${identifier(name)}`,
      );
    const replace = floats.length === 0 ? '' : ` REPLACE (${floats.join(', ')})`;
    const table = await engine.query(`SELECT ${list} FROM (SELECT *${replace} FROM ${from}) AS ${identifier('data')}`);
    return expressions.map((_, i) => numberAt(table, i) ?? null);
  });
}
