/**
 * SQL over tables that are handed in, on a DuckDB of its own that can reach nothing else: no file, no network, no extension, no
 * setting, and memory, threads and time within limits. The database that predictions and data files are read with is another one.
 */
import type { DuckDBConnection, DuckDBInstance, DuckDBValue, DuckDBType } from '@duckdb/node-api';
import type { Cell, ColumnType, QueryAnswer, QueryEngine, ScanRow, TableShape } from '../../ports/table-source.ts';
import { identifier, literal } from './engine.ts';
import { fromEngine, readParsed, refused } from './parsed-query.ts';

export interface MetadataQueryOptions {
  /** Default 512: a query that needs more is refused. Nothing is written to the disk. */
  readonly memoryMiB?: number;
  readonly threads?: number;
}

const CHUNK_ROWS = 2_048;
/** Of one cell, and of all of an answer, in characters. */
const CELL_LIMIT = 1_000_000;
const ANSWER_LIMIT = 8_000_000;

/** How a column is handed over, and how it becomes what it is. Numbers come as doubles, which hold whole numbers to 2^53. */
const STAGED: Readonly<
  Record<ColumnType, readonly [staged: 'VARCHAR' | 'DOUBLE' | 'BOOLEAN', read: (name: string) => string]>
> = {
  VARCHAR: ['VARCHAR', (name) => name],
  JSON: ['VARCHAR', (name) => `${name}::JSON`],
  DOUBLE: ['DOUBLE', (name) => name],
  BIGINT: ['DOUBLE', (name) => `${name}::BIGINT`],
  BOOLEAN: ['BOOLEAN', (name) => name],
  TIMESTAMP: ['DOUBLE', (name) => `epoch_ms(${name}::BIGINT)`],
};

function cellOf(value: DuckDBValue): Cell {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.length > CELL_LIMIT ? `${value.slice(0, CELL_LIMIT)}…` : value;
  // JSON has no NaN and no infinity.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return cellOf(String(value));
}

export function createMetadataQuery({ memoryMiB = 512, threads = 2 }: MetadataQueryOptions = {}): QueryEngine {
  let opened: Promise<DuckDBInstance> | undefined;

  async function open(): Promise<DuckDBInstance> {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    return DuckDBInstance.create(':memory:', {
      memory_limit: `${memoryMiB}MiB`,
      threads: String(threads),
      temp_directory: '',
      enable_external_access: 'false',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      lock_configuration: 'true',
    });
  }

  async function connected<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await (await (opened ??= open())).connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  }

  async function fill(connection: DuckDBConnection, table: TableShape, batches: AsyncIterable<readonly ScanRow[]>) {
    const { BOOLEAN, DOUBLE, DuckDBDataChunk, VARCHAR } = await import('@duckdb/node-api');
    const kinds: Readonly<Record<'VARCHAR' | 'DOUBLE' | 'BOOLEAN', DuckDBType>> = { VARCHAR, DOUBLE, BOOLEAN };
    const types = table.columns.map((column) => kinds[STAGED[column.type][0]]);
    const appender = await connection.createAppender('staged', undefined, 'temp');
    try {
      for await (const rows of batches) {
        for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
          const some = rows.slice(at, at + CHUNK_ROWS);
          const chunk = DuckDBDataChunk.create(types, some.length);
          chunk.setColumns(table.columns.map((_, i) => some.map((row) => row[i] ?? null)));
          appender.appendDataChunk(chunk);
        }
      }
    } finally {
      appender.closeSync();
    }
  }

  return {
    parse: (sql) =>
      connected(async (connection) => {
        // The engine's C interface ends a text there.
        if (sql.includes('\0')) throw refused('a query holds no NUL character', 'sql');
        const reader = await connection.runAndReadAll(`SELECT json_serialize_sql(${literal(sql)})`);
        return readParsed(sql, String(reader.getRows()[0]?.[0] ?? ''));
      }),

    load: (table, batches) =>
      connected(async (connection) => {
        const name = identifier(table.name);
        const staged = table.columns.map((column) => `${identifier(column.name)} ${STAGED[column.type][0]}`);
        const read = table.columns.map((column) => {
          const own = identifier(column.name);
          return `${STAGED[column.type][1](own)} AS ${own}`;
        });
        // Temporary tables belong to the connection: whatever happens, it is gone with it.
        await connection.run(`CREATE TEMP TABLE staged (${staged.join(', ')})`);
        try {
          await fill(connection, table, batches);
          await connection.run(`CREATE OR REPLACE TABLE main.${name} AS SELECT ${read.join(', ')} FROM temp.staged`);
        } catch (error) {
          throw error instanceof Error && /^Out of Memory/i.test(error.message) ? fromEngine(error) : error;
        }
      }),

    query: (sql, { rows, timeoutMs }) =>
      connected(async (connection): Promise<QueryAnswer> => {
        let late = false;
        const timer = setTimeout(() => {
          late = true;
          connection.interrupt();
        }, timeoutMs);
        try {
          const reader = await connection.streamAndReadUntil(sql, rows + 1);
          const names = reader.columnNames();
          const columns = reader.columnTypes().map((type, i) => ({ name: names[i] ?? '', type: String(type) }));
          const found: Cell[][] = [];
          let size = 0;
          for (const row of reader.getRows()) {
            if (found.length === rows || size > ANSWER_LIMIT) return { columns, rows: found, truncated: true };
            const cells = row.map(cellOf);
            for (const cell of cells) size += typeof cell === 'string' ? cell.length : 8;
            found.push(cells);
          }
          return { columns, rows: found, truncated: false };
        } catch (error) {
          if (late)
            throw refused(
              `the query took longer than ${timeoutMs / 1000} s and was stopped`,
              undefined,
              'narrow it with WHERE or LIMIT',
            );
          throw fromEngine(error);
        } finally {
          clearTimeout(timer);
        }
      }),

    alive: () => true,

    async close() {
      const instance = await opened?.catch(() => undefined);
      opened = undefined;
      instance?.closeSync();
    },
  };
}
