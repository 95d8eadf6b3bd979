/** What differs between SQL engines. Everything else in this folder is the same SQL, built by Kysely, for all of them. */
import type { Dialect, RawBuilder } from 'kysely';
import type { StoreCaps } from '../../ports/metadata-store.ts';

export interface SqlEngine {
  readonly caps: StoreCaps;
  readonly dialect: Dialect;
  /** Column types of the migrations. */
  readonly types: ColumnTypes;
  /** True when an error says that a unique field is taken. */
  isTaken(error: unknown): boolean;
  /** Added to the select that picks the row a transaction is about to change (`for update` where readers do not exclude writers). */
  readonly lockRow: RawBuilder<unknown> | undefined;
  /** Runs `work` so that a write on the store inside it is refused instead of waiting for itself. */
  inTransaction<T>(work: () => Promise<T>): Promise<T>;
  /** Called once after the database was closed. */
  closed(): Promise<void>;
}

export interface ColumnTypes {
  /** A key or an indexed text. */
  readonly key: RawBuilder<unknown>;
  /** Text of any length. */
  readonly text: RawBuilder<unknown>;
  /** Whole numbers to 2^53: ms since the epoch, counts. */
  readonly integer: RawBuilder<unknown>;
  readonly real: RawBuilder<unknown>;
  /** A primary key the engine counts up and never gives twice. */
  readonly sequence: RawBuilder<unknown>;
}
