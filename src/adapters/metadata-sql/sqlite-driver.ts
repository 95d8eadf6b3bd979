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
import { runNow } from './program.ts';
import type { DirectAccess, Program, Step } from './program.ts';
import { openSqlite, SQLITE_BUSY, sqliteCode } from './sqlite-connection.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { createLogSync } from './sqlite-log-sync.ts';
import type { LogSync, SyncCalls } from './sqlite-log-sync.ts';

/** A transaction that is open longer than this is a bug (it waits for something outside); others get an error, not silence. */
const WRITER_WAIT_MS = 30_000;

/** How long a write waits for another process. */
const BUSY_WAIT_MS = 10_000;
const BUSY_PAUSE_MS = 15;

const NOTHING: readonly unknown[] = [];

/** How long programs that came together may hold the event loop before others get their turn. */
const SLICE_MS = 4;

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

interface Access {
  readonly writer: SqliteConnection;
  readonly reader: SqliteConnection;
  readonly lockWriter: () => Promise<() => void>;
  /** Resolves when what was committed is on the disk. */
  readonly covered: () => Promise<void>;
}

class RoutedConnection implements DatabaseConnection {
  readonly writer: SqliteConnection;
  readonly reader: SqliteConnection;
  readonly access: Access;
  /** Set while this connection is in a transaction and owns the writer. */
  release: (() => void) | undefined;

  constructor(access: Access) {
    this.writer = access.writer;
    this.reader = access.reader;
    this.access = access;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.release !== undefined) return answer<R>(this.writer, query);
    if (isRead(query)) return answer<R>(this.reader, query);
    const release = await this.access.lockWriter();
    let answered: QueryResult<R>;
    try {
      answered = await whenFree(() => answer<R>(this.writer, query));
    } finally {
      release();
    }
    await this.access.covered();
    return answered;
  }

  // eslint-disable-next-line require-yield
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    // Rows are already in memory after `executeQuery`: node:sqlite is synchronous, and an open cursor would pin the log.
    yield await this.executeQuery<R>(query);
  }
}

interface Job {
  readonly run: () => void;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

interface Connections {
  readonly writer: SqliteConnection;
  readonly reader: SqliteConnection;
  readonly log: LogSync | undefined;
}

export class SqliteFileDriver implements Driver, DirectAccess {
  readonly #path: string;
  readonly #durable: boolean;
  readonly #calls: SyncCalls | undefined;
  readonly #mutex = createMutex();
  #open: Connections | undefined;
  #queue: Job[] = [];
  #draining = false;

  /** `calls`: for tests of a disk that fails. */
  constructor(path: string, durable: boolean, calls?: SyncCalls) {
    this.#path = path;
    this.#durable = durable;
    this.#calls = calls;
  }

  async init(): Promise<void> {
    const writer = openSqlite(this.#path, 'write', this.#durable);
    const reader = openSqlite(this.#path, 'read', this.#durable);
    this.#open = { writer, reader, log: this.#durable ? createLogSync(this.#path, this.#calls) : undefined };
  }

  #connections(): Connections {
    if (this.#open === undefined) throw new MillwrightError('MW-UNAVAILABLE', 'the metadata store is closed');
    return this.#open;
  }

  async #lockWriter(): Promise<() => void> {
    this.#refuseInside();
    this.#open?.log?.mustBeSound();
    return this.#mutex.acquire(
      WRITER_WAIT_MS,
      () =>
        new MillwrightError('MW-UNAVAILABLE', `a transaction has kept the metadata for ${WRITER_WAIT_MS / 1000} s`, {
          where: this.#path,
          next: 'try again; if it stays, restart the server and report its log',
        }),
    );
  }

  #refuseInside(): void {
    if (currentTransaction.getStore()?.open === true) {
      // Waiting here would be waiting for ourselves.
      throw new MillwrightError('MW-INTERNAL', 'a write was made on the store inside one of its transactions', {
        next: 'write on the `tx` that `transaction` hands over',
      });
    }
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const { writer, reader, log } = this.#connections();
    const covered = async (): Promise<void> => log?.covered();
    return new RoutedConnection({ writer, reader, lockWriter: () => this.#lockWriter(), covered });
  }

  read<T>(program: () => Program<T>): T {
    const { reader } = this.#connections();
    return runNow(program(), (step) => reader.run(step.sql, step.parameters).rows);
  }

  write<T>(program: () => Program<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#refuseInside();
      const { writer } = this.#connections();
      let result: { readonly value: T } | undefined;
      const answerStep = (step: Step): readonly unknown[] => writer.run(step.sql, step.parameters).rows;
      this.#queue.push({
        run: () => {
          result = { value: runNow(program(), answerStep) };
        },
        done: () => {
          if (result !== undefined) resolve(result.value);
        },
        fail: reject,
      });
      if (this.#draining) return;
      this.#draining = true;
      this.#drainSoon();
    });
  }

  /** After all requests that have arrived in this turn of the loop and while the disk was busy: they share a transaction and a sync. */
  #drainSoon(): void {
    const drain = (): void => void setImmediate(() => void this.#drain());
    if (this.#open?.log === undefined) drain();
    else this.#open.log.whenFree(drain);
  }

  /** Never rejects: every job is told by itself. */
  async #drain(): Promise<void> {
    let release: () => void;
    try {
      release = await this.#lockWriter();
    } catch (error) {
      this.#draining = false;
      for (const job of this.#queue.splice(0)) job.fail(error);
      return;
    }
    const jobs: Job[] = [];
    try {
      const { writer, log } = this.#connections();
      await whenFree(() => writer.run('begin immediate', NOTHING));
      this.#runJobs(writer, jobs);
      try {
        writer.run('commit', NOTHING);
      } catch (error) {
        if (writer.inTransaction()) writer.exec('rollback');
        throw error;
      }
      const acknowledge = (): void => {
        for (const job of jobs) job.done();
      };
      const fail = (error: unknown): void => {
        for (const job of jobs) job.fail(error);
      };
      if (log === undefined) acknowledge();
      else log.covered().then(acknowledge, fail);
    } catch (error) {
      for (const job of jobs.length > 0 ? jobs : this.#queue.splice(0)) job.fail(error);
    } finally {
      release();
      if (this.#queue.length > 0) this.#drainSoon();
      else this.#draining = false;
    }
  }

  /** Takes jobs off the queue until the time is up; those that worked are in `jobs`, those that failed are told and undone. */
  #runJobs(writer: SqliteConnection, jobs: Job[]): void {
    const end = performance.now() + SLICE_MS;
    do {
      const job = this.#queue.shift();
      if (job === undefined) return;
      writer.run('savepoint job', NOTHING);
      try {
        job.run();
      } catch (error) {
        job.fail(error);
        // SQLite has undone everything by itself after some errors (disk full, I/O).
        if (!writer.inTransaction()) throw error;
        writer.exec('rollback to job');
        writer.exec('release job');
        continue;
      }
      writer.run('release job', NOTHING);
      jobs.push(job);
    } while (performance.now() < end);
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
    // The next transaction need not wait for the disk; the caller of this one does.
    this.#finish(routed);
    await routed.access.covered();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const routed = connection as RoutedConnection;
    // Already committed, and the disk failed after: the writer may be in somebody else's transaction now.
    if (routed.release === undefined) return;
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

  /** Waits for the transaction that is open and for the disk, then closes both connections. */
  async destroy(): Promise<void> {
    const release = await this.#mutex.acquire(WRITER_WAIT_MS);
    try {
      const open = this.#open;
      this.#open = undefined;
      await open?.log?.close();
      open?.reader.close();
      open?.writer.close();
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
