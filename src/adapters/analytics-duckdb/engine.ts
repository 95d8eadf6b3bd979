/** One in-memory DuckDB, loaded when first needed: the server must start without paying for it. */
import { mkdir } from 'node:fs/promises';
import type { DuckDBInstance } from '@duckdb/node-api';

/** A result by columns. SQL casts 64-bit integers to DOUBLE, so that no bigint leaves this folder. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly (readonly unknown[])[];
}

export interface Engine {
  query(sql: string): Promise<Table>;
  close(): Promise<void>;
}

export interface EngineOptions {
  /** Where sorts and joins above the memory limit spill to. */
  readonly spillFolder: string;
  readonly memoryMiB: number;
  readonly threads: number;
}

export function createEngine(options: EngineOptions): Engine {
  let instance: Promise<DuckDBInstance> | undefined;
  let closed = false;

  async function open(): Promise<DuckDBInstance> {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    await mkdir(options.spillFolder, { recursive: true });
    return DuckDBInstance.create(':memory:', {
      memory_limit: `${options.memoryMiB}MiB`,
      threads: String(options.threads),
      temp_directory: options.spillFolder,
      // An extension would be fetched from a host of its maker; everything needed is built in.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
    });
  }

  return {
    async query(sql) {
      if (closed) throw new Error('the analytics store is closed');
      instance ??= open();
      instance.catch(() => {
        instance = undefined;
      });
      const connection = await (await instance).connect();
      try {
        const reader = await connection.runAndReadAll(sql);
        return { rows: reader.currentRowCount, columns: reader.getColumnsJS() };
      } finally {
        connection.closeSync();
      }
    },
    async close() {
      closed = true;
      const opened = await instance?.catch(() => undefined);
      opened?.closeSync();
      instance = undefined;
    },
  };
}

/** `'text'` with quotes doubled. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `"name"` with quotes doubled. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A path as a literal that DuckDB does not read as a glob pattern. */
export function pathLiteral(path: string): string {
  return literal(path.replaceAll(/[[*?]/g, (character) => `[${character}]`));
}

export function parquetSource(paths: readonly string[]): string {
  return `read_parquet([${paths.map(pathLiteral).join(', ')}], union_by_name = true, hive_partitioning = false)`;
}

/**
 * The prediction log, with the columns that files of before they were kept lack: a row without a role is live. To be used as
 * a table, in FROM.
 */
export function predictionSource(paths: readonly string[]): string {
  return `(SELECT * FROM (SELECT NULL::VARCHAR AS role, NULL::VARCHAR AS experiment WHERE false)
           UNION ALL BY NAME SELECT * FROM ${parquetSource(paths)})`;
}

/** Only the answers that callers were given: copies for a shadow are no predictions to anybody. */
export function liveSource(paths: readonly string[]): string {
  return `(SELECT * FROM ${predictionSource(paths)} WHERE role IS DISTINCT FROM 'shadow')`;
}

/** The finite number of a column, or null: NaN and infinity count as missing, as a model gets them for a missing value. */
export function finite(column: string): string {
  const cast = `${column}::DOUBLE`;
  return `(CASE WHEN isfinite(${cast}) THEN ${cast} END)`;
}

export function numberAt(table: Table, column: number, row = 0): number | undefined {
  const value = table.columns[column]?.[row];
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : undefined;
}
