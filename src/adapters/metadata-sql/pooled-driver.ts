/**
 * Kysely's driver over a server with a pool of connections. It gives the store the same promises as SQLite's one writer:
 * - `store.transaction` runs alone: no other write of this database, of any process, happens beside it, so what it read stays true. It
 *   takes a lock that every other write takes together with its like (shared), which therefore still run side by side.
 * - A select outside a transaction reads the last commit on a connection of its own pool: readers never wait for writers that wait.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { SelectQueryNode } from 'kysely';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import { createMutex } from '../../platform/mutex.ts';

/** How long a transaction that runs alone waits for the one before it in this process. */
const WRITER_WAIT_MS = 30_000;

/** A value as both drivers take it. Theirs would write an object or an array into the statement in ways of their own. */
export function toColumn(value: unknown): string | number | bigint | Buffer | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const what = typeof value === 'number' ? value : typeof value;
  throw new MillwrightError('MW-INTERNAL', `a value (${what}) cannot be stored in a column`);
}

/** One connection of a server, with its values translated and its errors coded. */
export interface ServerSession {
  run<R>(sql: string, parameters: readonly unknown[]): Promise<QueryResult<R>>;
  /** Begins a transaction under the lock of writers: alone, or beside others that write. */
  begin(lock: 'alone' | 'beside'): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Back to its pool; `broken` when it cannot be used again. */
  release(broken: boolean): void;
}

export interface ServerPools {
  /** A connection that may write. */
  writer(): Promise<ServerSession>;
  /** A connection that the server lets read only. */
  reader(): Promise<ServerSession>;
  end(): Promise<void>;
}

function isRead(query: CompiledQuery): boolean {
  // A `with` clause may write. The pool of readers is read-only on the server too, so a mistake here is an error and not a write.
  return SelectQueryNode.is(query.query) || (query.query.kind === 'RawNode' && /^\s*select\b/i.test(query.sql));
}

class PooledConnection implements DatabaseConnection {
  readonly driver: PooledDriver;
  /** Set while this connection is in a transaction. */
  session: ServerSession | undefined;
  /** Gives the process's turn of `alone` back. */
  turn: (() => void) | undefined;

  constructor(driver: PooledDriver) {
    this.driver = driver;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.session !== undefined) return this.session.run<R>(query.sql, query.parameters);
    return isRead(query) ? this.driver.read<R>(query) : this.driver.write<R>(query);
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}

export class PooledDriver implements Driver {
  readonly #pools: ServerPools;
  readonly #turns = createMutex();
  readonly #current = new AsyncLocalStorage<{ open: boolean }>();

  constructor(pools: ServerPools) {
    this.#pools = pools;
  }

  async init(): Promise<void> {
    // The pools connect when they are first used.
  }

  /** Marks the asynchronous calls that run inside an open transaction of this database. */
  async inTransaction<T>(work: () => Promise<T>): Promise<T> {
    const state = { open: true };
    try {
      return await this.#current.run(state, work);
    } finally {
      // Work that was started inside and lives on may write again.
      state.open = false;
    }
  }

  #refuseInside(): void {
    if (this.#current.getStore()?.open !== true) return;
    // Waiting here would be waiting for ourselves.
    throw new MillwrightError('MW-INTERNAL', 'a write was made on the store inside one of its transactions', {
      next: 'write on the `tx` that `transaction` hands over',
    });
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return new PooledConnection(this);
  }

  async read<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const session = await this.#pools.reader();
    try {
      return await session.run<R>(query.sql, query.parameters);
    } finally {
      session.release(false);
    }
  }

  /** One statement under the lock of writers, which lasts to the end of a transaction. */
  async write<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.#refuseInside();
    const session = await this.#pools.writer();
    let broken = true;
    try {
      await session.begin('beside');
      let result: QueryResult<R>;
      try {
        result = await session.run<R>(query.sql, query.parameters);
      } catch (error) {
        await session.rollback();
        broken = false;
        throw error;
      }
      await session.commit();
      broken = false;
      return result;
    } finally {
      session.release(broken);
    }
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    this.#refuseInside();
    const pooled = connection as PooledConnection;
    const alone = settings.isolationLevel === 'serializable';
    // Only one of this process waits in the server, so that those who wait never take all connections.
    const turn = alone ? await this.#turns.acquire(WRITER_WAIT_MS, tooLong) : undefined;
    let session: ServerSession | undefined;
    try {
      session = await this.#pools.writer();
      await session.begin(alone ? 'alone' : 'beside');
    } catch (error) {
      session?.release(true);
      turn?.();
      throw error;
    }
    pooled.session = session;
    pooled.turn = turn;
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const pooled = connection as PooledConnection;
    // When this fails, Kysely rolls back, which releases the connection.
    await pooled.session?.commit();
    this.#finish(pooled, false);
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const pooled = connection as PooledConnection;
    let broken = true;
    try {
      await pooled.session?.rollback();
      broken = false;
    } catch {
      // The server rolls back what a lost connection had open; the error that led here is the one to tell.
    } finally {
      this.#finish(pooled, broken);
    }
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await this.#say(connection, 'savepoint', name);
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await this.#say(connection, 'rollback to savepoint', name);
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await this.#say(connection, 'release savepoint', name);
  }

  async #say(connection: DatabaseConnection, words: string, name: string): Promise<void> {
    if (!/^\w+$/.test(name)) throw new MillwrightError('MW-INTERNAL', `"${name}" is no name of a savepoint`);
    await (connection as PooledConnection).session?.run(`${words} ${name}`, []);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if ((connection as PooledConnection).session !== undefined) await this.rollbackTransaction(connection);
  }

  async destroy(): Promise<void> {
    await this.#pools.end();
  }

  #finish(pooled: PooledConnection, broken: boolean): void {
    const { session, turn } = pooled;
    pooled.session = undefined;
    pooled.turn = undefined;
    session?.release(broken);
    turn?.();
  }
}

function tooLong(): MillwrightError {
  return new MillwrightError('MW-UNAVAILABLE', `a transaction has kept the metadata for ${WRITER_WAIT_MS / 1000} s`, {
    next: 'try again; if it stays, restart the server and report its log',
  });
}
