/** One connection of node:sqlite: prepared statements kept, values translated, errors coded. */
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { MillwrightError } from '../../domain/errors.ts';

const CACHED_STATEMENTS = 400;
/** How long opening waits for another process that is recovering the log. */
const OPEN_BUSY_MS = 5_000;
/**
 * SQLite waits for another's lock by sleeping, which stops the event loop (and for ever, if the other is in this very process). So it
 * waits a moment only; the driver tries again between other work.
 */
const BUSY_MS = 10;

export const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
const SQLITE_CORRUPT = 11;

interface Prepared {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

export interface SqliteResult {
  readonly rows: unknown[];
  readonly changes: bigint | undefined;
  readonly lastId: bigint | undefined;
}

export interface SqliteConnection {
  run(sql: string, parameters: readonly unknown[]): SqliteResult;
  exec(sql: string): void;
  inTransaction(): boolean;
  close(): void;
}

function toSqlite(value: unknown): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return value;
  throw new MillwrightError('MW-INTERNAL', `a ${typeof value} cannot be stored in a column`);
}

/** The primary result code of an error of node:sqlite (https://sqlite.org/rescode.html), or undefined. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

function coded(error: unknown, path: string): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const detail = { where: path, cause: error };
  switch (sqliteCode(error)) {
    case SQLITE_FULL:
      return new MillwrightError('MW-DISK-FULL', 'the disk is full: the metadata could not be written', {
        ...detail,
        next: 'free some space and try again; nothing that was acknowledged is lost',
      });
    case SQLITE_BUSY:
      return new MillwrightError('MW-CONFLICT', 'another process holds the metadata', {
        ...detail,
        next: 'stop the other process and try again',
      });
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return new MillwrightError('MW-UNAVAILABLE', `the metadata cannot be opened for writing: ${text}`, {
        ...detail,
        next: 'check that the home folder exists and belongs to you',
      });
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return new MillwrightError('MW-UNAVAILABLE', `the metadata file is damaged: ${text}`, {
        ...detail,
        next: 'restore the home folder from a backup',
      });
    default:
      return error;
  }
}

/** Opens a database file with the settings that durability rests on. */
export function openSqlite(path: string, use: 'write' | 'read', durable: boolean): SqliteConnection {
  const prepared = new Map<string, Prepared>();
  let database: DatabaseSync;

  function guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw coded(error, path);
    }
  }

  function prepare(sql: string): Prepared {
    const known = prepared.get(sql);
    if (known !== undefined) {
      // Re-inserted at the end: the map's first entry is always the one used longest ago.
      prepared.delete(sql);
      prepared.set(sql, known);
      return known;
    }
    const statement = database.prepare(sql);
    const fresh: Prepared = { statement, returnsRows: statement.columns().length > 0 };
    prepared.set(sql, fresh);
    if (prepared.size > CACHED_STATEMENTS) {
      const [oldest] = prepared.keys();
      if (oldest !== undefined) prepared.delete(oldest);
    }
    return fresh;
  }

  database = guarded(() => {
    const opened = new DatabaseSync(path, { timeout: OPEN_BUSY_MS, enableForeignKeyConstraints: true });
    try {
      // The order matters: journal_mode is kept in the file, the others belong to the connection.
      if (use === 'write') opened.exec('pragma journal_mode = wal');
      // NORMAL syncs the log only around checkpoints. What makes a commit durable is the driver's own sync of the log, which covers
      // many commits and stops nobody (sqlite-log-sync.ts); by itself NORMAL would lose acknowledged commits at a power cut.
      opened.exec(`pragma synchronous = ${durable ? 'normal' : 'off'}`);
      opened.exec('pragma cache_size = -16000');
      opened.exec('pragma temp_store = memory');
      if (use === 'read') opened.exec('pragma query_only = on');
      else opened.exec(`pragma busy_timeout = ${BUSY_MS}`);
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  });

  return {
    run(sql, parameters) {
      return guarded(() => {
        const { statement, returnsRows } = prepare(sql);
        const values = parameters.map(toSqlite);
        if (returnsRows) {
          const rows = statement.all(...values);
          return { rows, changes: BigInt(rows.length), lastId: undefined };
        }
        const { changes, lastInsertRowid } = statement.run(...values);
        return { rows: [], changes: BigInt(changes), lastId: BigInt(lastInsertRowid) };
      });
    },
    exec(sql) {
      guarded(() => database.exec(sql));
    },
    inTransaction: () => database.isTransaction,
    close() {
      prepared.clear();
      if (database.isOpen) database.close();
    },
  };
}
