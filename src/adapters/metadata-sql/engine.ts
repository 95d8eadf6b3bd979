/** What differs between SQL engines. Everything else in this folder is the same SQL, built by Kysely, for all of them. */
import type { Dialect, InsertQueryBuilder, Kysely, RawBuilder } from 'kysely';
import type { StoreCaps } from '../../ports/metadata-store.ts';
import type { Catalog } from './catalog.ts';
import type { DirectAccess } from './program.ts';

export interface SqlEngine extends SqlPhrases {
  readonly caps: StoreCaps;
  readonly dialect: Dialect;
  /** Column types of the migrations. */
  readonly types: ColumnTypes;
  /** True when an error says that a unique field is taken. */
  isTaken(error: unknown): boolean;
  /** Added to the select that picks the row a transaction is about to change (`for update` where readers do not exclude writers). */
  readonly lockRow: RawBuilder<unknown> | undefined;
  /** As `lockRow`, but a row that another transaction is about to change is passed over; undefined where that locks too much. */
  readonly lockFree: RawBuilder<unknown> | undefined;
  /** Runs a statement that may be refused, so that its refusal leaves the transaction it is in usable. */
  refusable<T>(db: Kysely<unknown>, work: () => Promise<T>): Promise<T>;
  /** Runs the migrations so that no other server runs them at the same time. */
  migrating<T>(work: () => Promise<T>): Promise<T>;
  /** False: a statement that changes the schema commits by itself, so a migration that was cut off is taken up again by `resuming`. */
  readonly schemaRollsBack: boolean;
  /** Runs a migration once more: what it already made is passed over. */
  resuming<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` so that a write on the store inside it is refused instead of waiting for itself. */
  inTransaction<T>(work: () => Promise<T>): Promise<T>;
  /** How programs of statements run here when a statement is a function call and no round trip. */
  readonly direct?: DirectAccess;
  readonly catalog: Catalog;
  /** Called once after the database was closed. */
  closed(): Promise<void>;
}

export interface Upsert {
  /** The columns of the primary key or unique constraint whose row is replaced. */
  readonly key: readonly string[];
  /** Columns that take the values of the new row. */
  readonly set: readonly string[];
  /**
   * Replace only where these columns of the new row, compared from the left, are greater than those of the old row. None of them
   * may be null. Those that shall change are named in `set` as well.
   */
  readonly ifGreater?: readonly string[];
}

/** Pure functions that finish a statement in the engine's words. All work inside and outside a transaction. */
export interface SqlPhrases {
  /**
   * Rows whose key is there already are passed over; any other error is an error. `key` is one column of the primary key. How many
   * rows were new is not told: see `tryInsert`. The rows of one statement may repeat each other.
   */
  insertAbsent<DB, T extends keyof DB, O>(
    insert: InsertQueryBuilder<DB, T, O>,
    key: string,
  ): InsertQueryBuilder<DB, T, O>;
  /** Inserts, or replaces the row with the same key. One statement may not hold the same key twice. */
  upsert<DB, T extends keyof DB, O>(insert: InsertQueryBuilder<DB, T, O>, how: Upsert): InsertQueryBuilder<DB, T, O>;
  /** Inserts one row; false when its key or one of its unique fields is taken. A transaction stays usable. */
  tryInsert<DB, T extends keyof DB, O>(insert: InsertQueryBuilder<DB, T, O>): Promise<boolean>;
  /** Inserts one row into a table whose `column` is of type `sequence`; its number, or undefined when a unique field is taken. */
  insertNumbered<DB, T extends keyof DB, O>(
    insert: InsertQueryBuilder<DB, T, O>,
    column: string,
  ): Promise<number | undefined>;
  /** `%` is any run of characters, `_` any one; everything else, the backslash too, is itself. Upper and lower case differ. */
  like(text: RawBuilder<unknown>, pattern: string): RawBuilder<boolean>;
  /** As `like`, and at least the letters A to Z equal a to z. */
  likeAnyCase(text: RawBuilder<unknown>, pattern: string): RawBuilder<boolean>;
  /** A number as text. */
  asText(number: RawBuilder<unknown>): RawBuilder<string>;
  /** The `value` of the entry with this `key` in a column of JSON text `[{"key": …, "value": …}, …]`; null when there is none. */
  jsonEntry(column: RawBuilder<unknown>, key: string): RawBuilder<string | null>;
}

/** SQLite takes text of any length for all kinds of text; other engines need to know what an index holds. */
export interface ColumnTypes {
  /** A key or an indexed text, to 255 characters. */
  readonly key: RawBuilder<unknown>;
  /** An id of ASCII characters (runs, logged models, kinds), to 256. Two of them, a `key` and a `name` fit one index. */
  readonly id: RawBuilder<unknown>;
  /** An indexed name to 500 characters (experiments, datasets). */
  readonly name: RawBuilder<unknown>;
  /** An indexed path of an artifact, to 650 characters. */
  readonly path: RawBuilder<unknown>;
  /** Text of any length, without an index. */
  readonly text: RawBuilder<unknown>;
  /** Bytes of any length, without an index. Read as Uint8Array. */
  readonly bytes: RawBuilder<unknown>;
  /** Whole numbers to 2^53: ms since the epoch, counts. */
  readonly integer: RawBuilder<unknown>;
  /** 64-bit floating point; finite. */
  readonly real: RawBuilder<unknown>;
  /** A primary key the engine counts up and never gives twice. */
  readonly sequence: RawBuilder<unknown>;
  /** Ends a table that is to be kept in the order of its primary key, where that must be said. */
  readonly clustered?: RawBuilder<unknown>;
}
