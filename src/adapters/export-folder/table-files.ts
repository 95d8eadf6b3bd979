/** Rows as Parquet, CSV (RFC 4180) or JSON lines, encoded piece by piece. */
import type { ColumnSource } from 'hyparquet-writer';
import type { ExportFormat } from '../../ports/export-folder.ts';
import type { Cell, ColumnType, ScanRow, TableShape } from '../../ports/table-source.ts';

export interface TableEncoder {
  /** Bytes to append for these rows. */
  rows(rows: readonly ScanRow[]): Uint8Array;
  /** Bytes that end the file. */
  end(): Uint8Array;
}

const TYPES: Readonly<Record<ColumnType, NonNullable<ColumnSource['type']>>> = {
  VARCHAR: 'STRING',
  // As text: not every reader knows Parquet's JSON.
  JSON: 'STRING',
  DOUBLE: 'DOUBLE',
  BIGINT: 'INT64',
  BOOLEAN: 'BOOLEAN',
  TIMESTAMP: 'TIMESTAMP',
};

function parquetCell(type: ColumnType, cell: Cell): unknown {
  if (cell === null) return null;
  if (type === 'BIGINT') return BigInt(Math.trunc(Number(cell)));
  if (type === 'DOUBLE') return Number(cell);
  if (type === 'TIMESTAMP') return new Date(Number(cell));
  return type === 'BOOLEAN' ? cell === true || cell === 1 : String(cell);
}

async function parquet({ columns }: TableShape): Promise<TableEncoder> {
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer');
  const writer = new ByteWriter(1 << 20);
  const columnData = (rows: readonly ScanRow[]): ColumnSource[] =>
    columns.map(({ name, type }, i) => ({
      name,
      data: rows.map((row) => parquetCell(type, row[i] ?? null)),
      // Lowest and highest leave NaN out, which readers that order it last would then not find.
      statistics: type !== 'DOUBLE',
    }));
  const schema = schemaFromColumnData({
    columnData: columns.map(({ name, type }) => ({ name, data: [], type: TYPES[type], nullable: true })),
  });
  const file = new ParquetWriter({ writer, schema, createdBy: 'millwright' });
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    // The offset goes on counting: it is what the footer names places by.
    writer.index = 0;
    return bytes;
  };
  return {
    rows(rows) {
      void file.write({ columnData: columnData(rows), rowGroupSize: rows.length });
      return taken();
    },
    end() {
      void file.finish();
      return taken();
    },
  };
}

const iso = (ms: Cell): string => {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
};

/** An empty text is quoted, so that readers can tell it from nothing. */
function csvField(type: ColumnType, cell: Cell): string {
  if (cell === null) return '';
  const text = type === 'TIMESTAMP' ? iso(cell) : String(cell);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv({ columns }: TableShape): TableEncoder {
  const encoder = new TextEncoder();
  let head = `${columns.map(({ name }) => csvField('VARCHAR', name)).join(',')}\r\n`;
  const taken = (lines: string): Uint8Array => {
    const bytes = encoder.encode(head + lines);
    head = '';
    return bytes;
  };
  return {
    rows: (rows) =>
      taken(
        rows.map((row) => `${columns.map(({ type }, i) => csvField(type, row[i] ?? null)).join(',')}\r\n`).join(''),
      ),
    end: () => taken(''),
  };
}

function jsonCell(type: ColumnType, cell: Cell): unknown {
  if (cell === null) return null;
  if (type === 'TIMESTAMP') return iso(cell);
  // JSON has no NaN.
  if (typeof cell === 'number' && !Number.isFinite(cell)) return String(cell);
  return type === 'JSON' && typeof cell === 'string' ? (JSON.parse(cell) as unknown) : cell;
}

function jsonl({ columns }: TableShape): TableEncoder {
  const encoder = new TextEncoder();
  return {
    rows(rows) {
      const lines = rows.map((row) =>
        JSON.stringify(Object.fromEntries(columns.map(({ name, type }, i) => [name, jsonCell(type, row[i] ?? null)]))),
      );
      return encoder.encode(lines.length === 0 ? '' : `${lines.join('\n')}\n`);
    },
    end: () => new Uint8Array(),
  };
}

export async function encoderOf(format: ExportFormat, shape: TableShape): Promise<TableEncoder> {
  if (format === 'parquet') return parquet(shape);
  return format === 'csv' ? csv(shape) : jsonl(shape);
}
