/**
 * What has many rows, read whole in bounded batches: for SQL over the metadata and for the collector, which both must see all of it
 * and may hold little of it. Small aggregates (models, releases, alerts …) are read through their collections.
 */

export type Cell = string | number | boolean | null;

/** The columns of each table, in the order of a row's cells. Times are ms since the epoch; a metric may be NaN. */
export const SCANS = {
  experiments: ['id', 'name', 'lifecycle', 'createdAt', 'updatedAt'],
  runs: [
    'id',
    'experimentId',
    'name',
    'userId',
    'status',
    'startTime',
    'endTime',
    'lifecycle',
    /** Also set for the runs of a deleted experiment. */
    'deletedAt',
  ],
  /** The latest point of each key, and how many there are. */
  metrics: ['runId', 'key', 'value', 'step', 'timestamp', 'points'],
  params: ['runId', 'key', 'value'],
  tags: ['runId', 'key', 'value'],
  experimentTags: ['experimentId', 'key', 'value'],
  runDatasets: ['runId', 'name', 'digest', 'sourceType', 'source', 'tags'],
  runModels: ['runId', 'direction', 'modelId', 'step'],
  loggedModels: [
    'id',
    'experimentId',
    'name',
    'modelType',
    'sourceRunId',
    'status',
    'createdAt',
    'updatedAt',
    'deletedAt',
  ],
  artifacts: ['ownerKind', 'ownerId', 'path', 'digest', 'bytes'],
  traces: ['id', 'experimentId', 'requestTime', 'state', 'durationMs', 'name'],
} as const satisfies Record<string, readonly string[]>;

export type ScanName = keyof typeof SCANS;
export type ScanRow = readonly Cell[];

export interface TableSource {
  /**
   * All rows of a table, in any order, at most 10,000 a batch; each batch is one look at committed rows, so a scan that others write
   * beside may or may not have what came meanwhile, but never misses or repeats a row that stayed.
   */
  scan(table: ScanName): AsyncIterable<readonly ScanRow[]>;
}

export type ColumnType = 'VARCHAR' | 'DOUBLE' | 'BIGINT' | 'BOOLEAN' | 'TIMESTAMP' | 'JSON';

export interface TableShape {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
}

/** What a text reads, found by the engine's own parser. */
export interface ParsedQuery {
  /** Names of tables, as written; those of its own WITH are left out. */
  readonly tables: readonly string[];
  /**
   * For a table that is named once and whose rows the conditions bind to one or a few texts (`run_id = '…'`, `key IN (…)`): those
   * texts by column. Reading only such rows gives the same answer.
   */
  readonly bound: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export interface QueryAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly Cell[])[];
  /** There were more rows, or more text than an answer may carry. */
  readonly truncated: boolean;
}

/** An SQL engine over tables that are handed to it, which can reach nothing else: no file, no network, no setting. */
export interface QueryEngine {
  /** Throws MW-SQL for anything but one SELECT. */
  parse(sql: string): Promise<ParsedQuery>;
  /** Makes or replaces a table. Cells are in the order of the columns; TIMESTAMP cells are ms since the epoch. */
  load(table: TableShape, batches: AsyncIterable<readonly ScanRow[]>): Promise<void>;
  /** Throws MW-SQL with the engine's words and where it is wrong, or when it took longer than `timeoutMs` or more memory than there is. */
  query(sql: string, limits: { readonly rows: number; readonly timeoutMs: number }): Promise<QueryAnswer>;
  /** False when a query ended it, with all its tables; another one is needed then. */
  alive(): boolean;
  close(): Promise<void>;
}
