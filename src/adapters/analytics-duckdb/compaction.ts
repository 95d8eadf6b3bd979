/** Merges small files into sorted ones, so that a month of traffic is a few files and a window touches few of them. */
import { join } from 'node:path';
import { type Engine, literal, parquetSource, pathLiteral } from './engine.ts';
import type { ParquetFolder } from './parquet-folder.ts';

/** Fewer small files than this are left alone: each merge rewrites its rows. */
const FEWEST_FILES = 16;
/** A file with this many rows is no longer small. */
const SMALL_ROWS = 50_000;
const ROWS_PER_FILE = 250_000;
/** As many values may be in a dictionary: then also ids have one, and with it the Bloom filter that a search for an id skips groups by. */
const GROUP_ROWS = 20_480;

const PREDICTIONS = 'SELECT * FROM :source ORDER BY time, request_id, "row"';
const OUTCOMES = `SELECT prediction_id, name, arg_max(value, seq) AS value, arg_max(time, seq) AS time, max(seq) AS seq
                  FROM :source GROUP BY prediction_id, name ORDER BY time, prediction_id`;

interface SmallFile {
  readonly name: string;
  readonly rows: number;
}

function batches(files: readonly SmallFile[]): (readonly SmallFile[])[] {
  const made: SmallFile[][] = [[]];
  let rows = 0;
  for (const file of files) {
    if (rows + file.rows > ROWS_PER_FILE && (made.at(-1)?.length ?? 0) > 0) {
      made.push([]);
      rows = 0;
    }
    made.at(-1)?.push(file);
    rows += file.rows;
  }
  return made.filter((batch) => batch.length > 1);
}

async function rowsOf(engine: Engine, folder: ParquetFolder, names: readonly string[]): Promise<SmallFile[]> {
  if (names.length === 0) return [];
  const paths = names.map((name) => pathLiteral(join(folder.path, name))).join(', ');
  const table = await engine.query(
    `SELECT parse_filename(file_name), num_rows::DOUBLE FROM parquet_file_metadata([${paths}])`,
  );
  return Array.from({ length: table.rows }, (_, i) => ({
    name: String(table.columns[0]?.[i]),
    rows: Number(table.columns[1]?.[i]),
  })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One compaction at a time per folder. `names` limits it to readable files. Returns the files removed. */
export async function compactFolder(
  engine: Engine,
  folder: ParquetFolder,
  kind: 'predictions' | 'outcomes',
  readable: (names: readonly string[]) => Promise<readonly string[]>,
  id: (last: string) => string,
): Promise<number> {
  return folder.compacting.run(async () => {
    await folder.recover();
    const names = await readable(await folder.list());
    if (names.length < FEWEST_FILES) return 0;
    const small = (await rowsOf(engine, folder, names)).filter((file) => file.rows < SMALL_ROWS);
    if (small.length < FEWEST_FILES) return 0;
    let removed = 0;
    for (const batch of batches(small)) {
      const replaced = batch.map((file) => file.name);
      const source = parquetSource(replaced.map((name) => join(folder.path, name)));
      const select = (kind === 'predictions' ? PREDICTIONS : OUTCOMES).replace(':source', () => source);
      removed += await folder.replace(replaced, id(replaced.at(-1) ?? ''), async (path) => {
        await engine.query(
          `COPY (${select}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${GROUP_ROWS}, DICTIONARY_SIZE_LIMIT ${GROUP_ROWS}, USE_TMP_FILE false)`,
        );
      });
    }
    return removed;
  });
}
