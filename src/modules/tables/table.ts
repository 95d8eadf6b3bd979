/** One table of the picture: what it says, and where its rows come from. */
import { setImmediate as breathe } from 'node:timers/promises';
import { type Collection, type Doc, pagesOf } from '../../ports/collection.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import type { Cell, ColumnType, ScanName, ScanRow } from '../../ports/table-source.ts';

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly description: string;
}

/** Texts that the query binds a column to; see ParsedQuery. */
export type Bound = Readonly<Record<string, readonly string[]>>;

export interface Table {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly TableColumn[];
  /** Read anew for each query, narrowed to what it binds. */
  readonly onDemand?: true;
  /** `most`: refuses to read more rows than that, where a table has so many that it matters. */
  rows(store: Stores, bound: Bound, most?: number): AsyncIterable<readonly ScanRow[]>;
}

/** `name TYPE: description` */
export function columns(...lines: readonly string[]): readonly TableColumn[] {
  return lines.map((line) => {
    const [, name = '', type = '', description = ''] = /^(\w+) ([A-Z]+): (.+)$/.exec(line) ?? [];
    return { name, type: type as ColumnType, description };
  });
}

/** Rows as the store has them in bulk, each made into cells. */
export async function* scanned(
  store: Stores,
  name: ScanName,
  cells: (row: ScanRow) => ScanRow = (row) => row,
): AsyncIterable<readonly ScanRow[]> {
  for await (const batch of store.tables.scan(name)) {
    yield batch.map(cells);
    // The stores that are a library answer at once: without a pause a large table would hold up everybody else.
    await breathe();
  }
}

/** Rows of a collection: some for each document. */
export async function* documents<T extends Doc, K extends string>(
  of: Collection<T, K>,
  cells: (doc: T) => readonly (readonly (Cell | undefined)[])[],
): AsyncIterable<readonly ScanRow[]> {
  for await (const page of pagesOf(of)) {
    yield page.flatMap(cells).map((row) => row.map((cell) => cell ?? null));
    await breathe();
  }
}
