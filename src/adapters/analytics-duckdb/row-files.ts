/** Rows of files by DuckDB, in file order, and answers written beside them (ports/row-files.ts). */
import { mkdir, open, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { MillwrightError } from '../../domain/errors.ts';
import { emptyData } from '../../domain/tensor-data.ts';
import type { Datatype, TensorData } from '../../domain/tensors.ts';
import { renameDurable, writeFileDurable } from '../../platform/durable-file.ts';
import type { AnswerColumn, RowColumn, RowFiles, RowSource, WantedColumn } from '../../ports/row-files.ts';
import { reason, source } from './data-files.ts';
import { identifier, literal, pathLiteral } from './engine.ts';

/** A `.json` file may be one document; rows are lines. */
const ROWS = /\.(parquet|(csv|tsv|jsonl|ndjson)(\.gz)?)$/i;

function relation(files: readonly string[]): string {
  const other = files.find((path) => !ROWS.test(path));
  if (other === undefined) return source(files);
  throw new MillwrightError('MW-DATA-READ', `not a file with rows: ${other}`, {
    where: other,
    next: 'use Parquet (.parquet), CSV (.csv, .tsv) or JSON lines (.jsonl, .ndjson)',
  });
}

function typeOf(sqlType: string): RowColumn['type'] {
  if (sqlType === 'BOOLEAN') return 'boolean';
  if (/\[|STRUCT|MAP|UNION|BLOB|INTERVAL/.test(sqlType)) return 'other';
  if (/INT/.test(sqlType)) return 'integer';
  return /FLOAT|DOUBLE|DECIMAL/.test(sqlType) ? 'number' : 'text';
}

/** The SQL that brings a column into the storage of a tensor; the same roundings as a JSON number takes. */
function castTo({ name, as }: WantedColumn): string {
  const column = identifier(name);
  if (as === 'BYTES') return `coalesce(${column}::VARCHAR, '')`;
  if (as === 'FP32' || as === 'FP64' || as === 'FP16' || as === 'BF16') return `${column}::DOUBLE`;
  return as === 'INT64' || as === 'UINT64'
    ? `${column}::HUGEINT`
    : as === 'BOOL'
      ? `${column}::BOOLEAN`
      : `${column}::DOUBLE`;
}

function refuseCell(row: number, name: string, value: DuckDBValue | undefined, as: Datatype): never {
  const shown = value === null || value === undefined ? 'missing' : value.toString().slice(0, 40);
  throw new MillwrightError('MW-DATA-READ', `row ${row + 1}: "${name}" is ${shown}, the model takes ${as}`, {
    where: `row ${row + 1}, column ${name}`,
    next: 'repair the row, or take it out of the file',
  });
}

function storageOf(values: readonly DuckDBValue[], { name, as }: WantedColumn, first: number): TensorData {
  if (as === 'BYTES') return values.map(String);
  const data = emptyData(as, values.length);
  values.forEach((value, index) => {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      if (typeof value !== 'bigint') refuseCell(first + index, name, value, as);
      data[index] = value;
      if (data[index] !== value) refuseCell(first + index, name, value, as);
    } else if (data instanceof Float32Array || data instanceof Float64Array)
      data[index] = typeof value === 'number' ? value : Number.NaN;
    else if (!('buffer' in data)) refuseCell(first + index, name, value, as);
    else {
      const number = typeof value === 'boolean' ? Number(value) : value;
      if (typeof number !== 'number') refuseCell(first + index, name, value, as);
      data[index] = number;
      if (data[index] !== number) refuseCell(first + index, name, value, as);
    }
  });
  return data;
}

const PARQUET_TYPE: Readonly<Partial<Record<Datatype, 'STRING' | 'BOOLEAN' | 'INT64' | 'FLOAT' | 'DOUBLE' | 'INT32'>>> =
  {
    BYTES: 'STRING',
    BOOL: 'BOOLEAN',
    INT64: 'INT64',
    UINT64: 'INT64',
    UINT32: 'INT64',
    FP32: 'FLOAT',
    FP64: 'DOUBLE',
  };

function parquetColumn({ name, datatype, data }: AnswerColumn) {
  const type = PARQUET_TYPE[datatype] ?? 'INT32';
  const cells =
    type === 'BOOLEAN'
      ? Array.from(data, (value) => Number(value) !== 0)
      : type === 'INT64'
        ? Array.from(data, BigInt)
        : Array.from(data);
  return { name, type, data: cells, nullable: false };
}

const FORMATS: Readonly<Record<string, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  csv: 'FORMAT csv, HEADER true',
  jsonl: 'FORMAT json',
};

export interface RowFilesOptions {
  /** Sorts and joins above the memory limit go here. */
  readonly spillFolder: string;
  readonly memoryMiB?: number;
}

export async function openRowFiles(options: RowFilesOptions): Promise<RowFiles> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  await mkdir(options.spillFolder, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryMiB ?? 1024}MiB`,
    threads: String(Math.min(4, cpus().length)),
    temp_directory: options.spillFolder,
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });

  async function withConnection<T>(files: readonly string[], work: (one: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await instance.connect();
    try {
      return await work(connection);
    } catch (error) {
      if (error instanceof MillwrightError) throw error;
      throw new MillwrightError('MW-DATA-READ', `cannot read the rows: ${reason(error)}`, {
        where: files[0] ?? '',
        next: 'check that the files are whole and have the same columns',
        cause: error,
      });
    } finally {
      connection.closeSync();
    }
  }

  async function* chunksOf(files: readonly string[], from: number, wanted: readonly WantedColumn[], size: number) {
    const connection = await instance.connect();
    try {
      const picked = wanted.map(castTo).join(', ');
      const result = await connection.stream(`SELECT ${picked} FROM ${relation(files)} LIMIT ALL OFFSET ${from}`);
      let held: DuckDBValue[][] = wanted.map(() => []);
      let first = from;
      const take = (count: number): readonly TensorData[] => {
        const data = wanted.map((column, index) => storageOf((held[index] ?? []).slice(0, count), column, first));
        held = held.map((values) => values.slice(count));
        first += count;
        return data;
      };
      for (
        let chunk = await result.fetchChunk();
        chunk !== null && chunk.rowCount > 0;
        chunk = await result.fetchChunk()
      ) {
        const columns = chunk.getColumns();
        held.forEach((values, index) => {
          for (const value of columns[index] ?? []) values.push(value);
        });
        while ((held[0]?.length ?? 0) >= size) yield take(size);
      }
      const rest = held[0]?.length ?? 0;
      if (rest > 0) yield take(rest);
    } catch (error) {
      if (error instanceof MillwrightError) throw error;
      throw new MillwrightError('MW-DATA-READ', `cannot read the rows: ${reason(error)}`, {
        where: files[0] ?? '',
        next: 'a column that the model takes as a number must hold numbers',
        cause: error,
      });
    } finally {
      connection.closeSync();
    }
  }

  return {
    open: (files) =>
      withConnection(files, async (connection): Promise<RowSource> => {
        const from = relation(files);
        const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${from}`);
        const counted = await connection.runAndReadAll(`SELECT count(*)::DOUBLE FROM ${from}`);
        return {
          columns: described
            .getRows()
            .map(([name, type]) => ({ name: `${name?.toString()}`, type: typeOf(`${type?.toString()}`) })),
          rows: Number(counted.getRowsJS()[0]?.[0] ?? 0),
          chunks: (start, wanted, size) => chunksOf(files, start, wanted, size),
        };
      }),
    writePart: (path, columns) =>
      writeFileDurable(path, new Uint8Array(parquetWriteBuffer({ columnData: columns.map(parquetColumn) }))),
    async join(files, parts, out) {
      const format = FORMATS[/\.(\w+)$/.exec(out)?.[1]?.toLowerCase() ?? ''];
      if (format === undefined) throw new MillwrightError('MW-USAGE', `no form for ${basename(out)}`, { where: out });
      const temporary = join(dirname(out), `.${basename(out)}.${process.pid}.tmp`);
      const answers = `read_parquet([${parts.map(pathLiteral).join(', ')}], hive_partitioning = false)`;
      try {
        return await withConnection(files, async (connection) => {
          const count = async (from: string): Promise<number> =>
            Number((await connection.runAndReadAll(`SELECT count(*)::DOUBLE FROM ${from}`)).getRowsJS()[0]?.[0] ?? 0);
          const [rows, answered] = [await count(relation(files)), await count(answers)];
          if (rows !== answered)
            throw new MillwrightError('MW-STATE', `${answered} answers for ${rows} rows`, {
              where: out,
              next: 'run it again with --restart',
            });
          await connection.run(
            `COPY (SELECT * FROM ${relation(files)} POSITIONAL JOIN ${answers}) TO ${literal(temporary)} (${format})`,
          );
          const handle = await open(temporary, 'r+');
          try {
            await handle.sync();
          } finally {
            await handle.close();
          }
          await renameDurable(temporary, out);
          return rows;
        });
      } finally {
        await rm(temporary, { force: true });
      }
    },
    close: () => instance.closeSync(),
  };
}
