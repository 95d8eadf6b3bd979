/**
 * Kysely's driver over node:sqlite. One connection writes, behind a mutex that a transaction holds from begin to commit, so that two
 * asynchronous transactions cannot interleave on it. Another connection reads: in WAL mode it sees the last commit and waits for
 * nobody. A query outside a transaction goes to the reader when it is a select and to the writer, alone, when it is not.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { SelectQueryNode } from 'kysely';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import { createMutex } from '../../platform/mutex.ts';
import { openSqlite, SQLITE_BUSY, sqliteCode } from './sqlite-connection.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

/** A transaction that is open longer than this is a bug (it waits for something outside); others get an error, not silence. */
const WRITER_WAIT_MS = 30_000;

/** How long a write waits for another process. */
const BUSY_WAIT_MS = 10_000;
const BUSY_PAUSE_MS = 15;

/** Repeats a first statement until no other process holds the write lock; such a statement has done nothing when it is refused. */
async function whenFree<T>(statement: () => T): Promise<T> {
  const end = performance.now() + BUSY_WAIT_MS;
  for (;;) {
    try {
      return statement();
    } catch (error) {
      const busy = error instanceof MillwrightError && sqliteCode(error.cause) === SQLITE_BUSY;
      if (!busy || performance.now() > end) throw error;
      await sleep(BUSY_PAUSE_MS);
    }
  }
}

/** Marks the asynchronous calls that run inside an open transaction. */
export interface OpenTransaction {
  open: boolean;
}

export const currentTransaction = new AsyncLocalStorage<OpenTransaction>();

function isRead(query: CompiledQuery): boolean {
  // A `with` clause or a raw query may write; only what Kysely itself built as a select is known to read.
  return SelectQueryNode.is(query.query);
}

function answer<R>(connection: SqliteConnection, query: CompiledQuery): QueryResult<R> {
  const { rows, changes, lastId } = connection.run(query.sql, query.parameters);
  return {
    rows: rows as R[],
    ...(changes === undefined ? {} : { numAffectedRows: changes }),
    ...(lastId === undefined ? {} : { insertId: lastId }),
  };
}

class RoutedConnection implements DatabaseConnection {
  readonly writer: SqliteConnection;
  readonly reader: SqliteConnection;
  readonly lockWriter: () => Promise<() => void>;
  /** Set while this connection is in a transaction and owns the writer. */
  release: (() => void) | undefined;

  constructor(writer: SqliteConnection, reader: SqliteConnection, lockWriter: () => Promise<() => void>) {
    this.writer = writer;
    this.reader = reader;
    this.lockWriter = lockWriter;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.release !== undefined) return answer<R>(this.writer, query);
    if (isRead(query)) return answer<R>(this.reader, query);
    const release = await this.lockWriter();
    try {
      return await whenFree(() => answer<R>(this.writer, query));
    } finally {
      release();
    }
  }

  // eslint-disable-next-line require-yield
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    // Rows are already in memory after `executeQuery`: node:sqlite is synchronous, and an open cursor would pin the log.
    yield await this.executeQuery<R>(query);
  }
}

export class SqliteFileDriver implements Driver {
  readonly #path: string;
  readonly #durable: boolean;
  readonly #mutex = createMutex();
  #writer: SqliteConnection | undefined;
  #reader: SqliteConnection | undefined;

  constructor(path: string, durable: boolean) {
    this.#path = path;
    this.#durable = durable;
  }

  async init(): Promise<void> {
    this.#writer = openSqlite(this.#path, 'write', this.#durable);
    this.#reader = openSqlite(this.#path, 'read', this.#durable);
  }

  async #lockWriter(): Promise<() => void> {
    if (currentTransaction.getStore()?.open === true) {
      // Waiting here would be waiting for ourselves.
      throw new MillwrightError('MW-INTERNAL', 'a write was made on the store inside one of its transactions', {
        next: 'write on the `tx` that `transaction` hands over',
      });
    }
    return this.#mutex.acquire(
      WRITER_WAIT_MS,
      () =>
        new MillwrightError('MW-UNAVAILABLE', `a transaction has kept the metadata for ${WRITER_WAIT_MS / 1000} s`, {
          where: this.#path,
          next: 'try again; if it stays, restart the server and report its log',
        }),
    );
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#writer === undefined || this.#reader === undefined) {
      throw new MillwrightError('MW-UNAVAILABLE', 'the metadata store is closed');
    }
    return new RoutedConnection(this.#writer, this.#reader, () => this.#lockWriter());
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const routed = connection as RoutedConnection;
    const release = await this.#lockWriter();
    try {
      // `immediate` takes the write lock now: a later upgrade from a read could fail half-way when another process wrote.
      await whenFree(() => routed.writer.exec('begin immediate'));
    } catch (error) {
      release();
      throw error;
    }
    routed.release = release;
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const routed = connection as RoutedConnection;
    // A commit that fails (disk full) stays in the transaction; Kysely then rolls back, which releases the writer.
    routed.writer.exec('commit');
    this.#finish(routed);
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const routed = connection as RoutedConnection;
    try {
      // SQLite rolls back by itself after some errors (disk full, I/O); a second rollback would hide the first error.
      if (routed.writer.inTransaction()) routed.writer.exec('rollback');
    } finally {
      this.#finish(routed);
    }
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    (connection as RoutedConnection).writer.exec(`savepoint "${name.replaceAll('"', '""')}"`);
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    (connection as RoutedConnection).writer.exec(`rollback to "${name.replaceAll('"', '""')}"`);
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    (connection as RoutedConnection).writer.exec(`release "${name.replaceAll('"', '""')}"`);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const routed = connection as RoutedConnection;
    if (routed.release !== undefined) await this.rollbackTransaction(connection);
  }

  /** Waits for the transaction that is open, then closes both connections. */
  async destroy(): Promise<void> {
    const release = await this.#mutex.acquire(WRITER_WAIT_MS);
    try {
      this.#reader?.close();
      this.#writer?.close();
      this.#reader = undefined;
      this.#writer = undefined;
    } finally {
      release();
    }
  }

  #finish(routed: RoutedConnection): void {
    const release = routed.release;
    routed.release = undefined;
    release?.();
  }
}
