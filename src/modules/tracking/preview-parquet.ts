/** The first rows of a Parquet file. Only what they need is read, and only when its own footer says that it is little. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { MAX_COLUMNS, MAX_ROWS, tableOf } from './preview-tables.ts';
import type { TablePreview } from './preview-tables.ts';

const MIB = 2 ** 20;
const MAX_FOOTER = MIB;
/** Bytes of the columns shown, decompressed, as the footer counts them. */
const MAX_READ = 64 * MIB;

type None = { readonly kind: 'none'; readonly reason: string };

/** What a page claims to become is allocated before it is read, so the claim is bounded. */
function bounded(decompress: (input: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array) {
  return (input: Uint8Array, length: number): Uint8Array => {
    if (length > MAX_READ) throw new Error('a page is larger than a preview may read');
    return decompress(input, { maxOutputLength: MAX_READ });
  };
}

export async function parquetPreview(
  bytes: number,
  read: (start: number, end: number) => Promise<Uint8Array>,
): Promise<TablePreview | None> {
  const slice = async (start: number, end = bytes): Promise<ArrayBuffer> =>
    Uint8Array.from(await read(start, end)).buffer;
  try {
    const tail = Buffer.from(await read(bytes - 8, bytes));
    if (tail.toString('latin1', 4) !== 'PAR1' || tail.readUInt32LE(0) > Math.min(MAX_FOOTER, bytes)) {
      return { kind: 'none', reason: 'the end of this Parquet file is missing or too large' };
    }
    const { parquetMetadataAsync, parquetReadObjects, snappyUncompress } = await import('hyparquet');
    const file = { byteLength: bytes, slice };
    const metadata = await parquetMetadataAsync(file);
    const names = metadata.schema.slice(1).map((one) => one.name);
    const roots = metadata.row_groups[0]?.columns.map((one) => one.meta_data?.path_in_schema[0]) ?? [];
    const columns = [...new Set(roots.filter((name) => name !== undefined))].slice(0, MAX_COLUMNS);
    const total = Number(metadata.num_rows);
    let size = 0;
    let rows = 0;
    for (const group of metadata.row_groups) {
      if (rows >= MAX_ROWS) break;
      rows += Number(group.num_rows);
      for (const { meta_data: column } of group.columns) {
        if (column !== undefined && columns.includes(column.path_in_schema[0] ?? ''))
          size += Math.max(Number(column.total_uncompressed_size), Number(column.total_compressed_size));
      }
    }
    if (size > MAX_READ) return { kind: 'none', reason: 'the first rows of this Parquet file are larger than 64 MiB' };
    if (total === 0) return tableOf(names.slice(0, MAX_COLUMNS), [], 0);
    const found = await parquetReadObjects({
      file,
      metadata,
      columns,
      rowStart: 0,
      rowEnd: Math.min(MAX_ROWS, total),
      compressors: {
        SNAPPY: (input, length) => {
          if (length > MAX_READ) throw new Error('a page is larger than a preview may read');
          const output = new Uint8Array(length);
          snappyUncompress(input, output);
          return output;
        },
        GZIP: bounded(gunzipSync),
        BROTLI: bounded(brotliDecompressSync),
        ZSTD: bounded(zstdDecompressSync),
      },
    });
    return tableOf(
      columns,
      found.map((row) => columns.map((name) => row[name])),
      total,
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : 'it cannot be read';
    return { kind: 'none', reason: `this Parquet file cannot be shown: ${reason}` };
  }
}
