/** Connections of the npm package mysql2 as sessions: values translated, errors coded. */
import mysql from 'mysql2/promise';
import type { QueryResult } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import { TransactionClash } from './atomically.ts';
import { toColumn } from './pooled-driver.ts';
import type { ServerPools, ServerSession } from './pooled-driver.ts';
import type { ServerUrl } from './server-url.ts';

const CONNECT_MS = 10_000;
const IDLE_MS = 30_000;
/** How long a query waits for a free connection. */
const POOL_WAIT_MS = 30_000;
const STATEMENT_S = 60;
const LOCK_S = 25;

/**
 * The lock of writers is the first row of the table of migrations, held to the commit: shared by writes that may run side by side. Before
 * the first migration there is no such row and no writer but that migration, which holds a lock of its own.
 */
const LOCK = {
  alone: 'select number from schema_version where number = 1 for update',
  beside: 'select number from schema_version where number = 1 lock in share mode',
} as const;
const NO_SUCH_TABLE = 1146;

/** Strict: a value that does not fit is an error and is not cut. `||` joins texts, and an experiment may have the number 0. */
const SQL_MODE =
  'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO';

/** Table exists, column exists, index exists. */
const ALREADY_THERE = [1050, 1060, 1061];

export interface MysqlKind {
  readonly mariadb: boolean;
  /** Compares by code point, trailing spaces too. */
  readonly exact: string;
  readonly exactAscii: string;
}

/** The number of a server's error (https://mariadb.com/kb/en/mariadb-error-code-reference/). */
export function mysqlCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errno' in error)) return undefined;
  return typeof error.errno === 'number' ? error.errno : undefined;
}

const NETWORK = /^(?:E[A-Z]+|PROTOCOL_.*|POOL_.*|HANDSHAKE_.*)$/;

/** The connection has ended. What is asked of it afterwards fails with this mark and without a code. */
const isOver = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'fatal' in error && error.fatal === true;

function coded(error: unknown, { shown }: ServerUrl): unknown {
  if (error instanceof MillwrightError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const detail = { where: shown, cause: error };
  const name = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  switch (mysqlCode(error)) {
    case 1213:
      return new TransactionClash(error);
    case 1205:
      return new MillwrightError('MW-UNAVAILABLE', 'the metadata is locked by another transaction', {
        ...detail,
        next: 'try again; if it stays, look for a hanging session: show full processlist',
      });
    case 1969:
    case 3024:
      return new MillwrightError('MW-DEADLINE', `the metadata took longer than ${STATEMENT_S} s`, {
        ...detail,
        next: 'ask for less, or look at the load of the database server',
      });
    case 1021:
    case 1114:
      return new MillwrightError('MW-DISK-FULL', 'the disk of the database server is full', {
        ...detail,
        next: 'free some space and try again; nothing that was acknowledged is lost',
      });
    // Too long, not in the character set of the column, out of range, not a number.
    case 1406:
    case 1366:
    case 1264:
    case 1292:
    case 1367:
    case 3988:
      return new MillwrightError('MW-INVALID', `the database cannot keep this value: ${text}`, { cause: error });
    case 1153:
    case 1301:
      return new MillwrightError('MW-INVALID', 'the value is larger than the database server takes', {
        cause: error,
        next: 'raise max_allowed_packet of the server',
      });
    // Refused, unknown database, too many connections, shutting down, read only, connection killed.
    case 1044:
    case 1045:
    case 1698:
    case 1049:
    case 1040:
    case 1203:
    case 1053:
    case 1142:
    case 1290:
    case 1792:
    case 1836:
    case 1927:
      break;
    default:
      if (name.startsWith('ER_') || !(isOver(error) || NETWORK.test(name))) return error;
  }
  return new MillwrightError('MW-UNAVAILABLE', `the database cannot be reached or written: ${text || name}`, {
    ...detail,
    next: 'check that the server runs and that this user owns the database: grant all on <database>.* to <user>',
  });
}

function session(connection: mysql.PoolConnection, url: ServerUrl, tolerates: () => boolean): ServerSession {
  async function say(sql: string, values: readonly unknown[] = []): Promise<unknown> {
    try {
      // Not `execute`: prepared statements of this protocol take numbers as doubles, which `limit` refuses.
      const [result] = await connection.query(sql, [...values]);
      return result;
    } catch (error) {
      if (tolerates() && ALREADY_THERE.includes(mysqlCode(error) ?? 0)) return undefined;
      throw coded(error, url);
    }
  }
  return {
    async run<R>(sql: string, parameters: readonly unknown[]): Promise<QueryResult<R>> {
      const result = await say(sql, parameters.map(toColumn));
      if (Array.isArray(result)) return { rows: result as R[] };
      const done = result as mysql.ResultSetHeader | undefined;
      return {
        rows: [],
        numAffectedRows: BigInt(done?.affectedRows ?? 0),
        ...(done === undefined || done.insertId === 0 ? {} : { insertId: BigInt(done.insertId) }),
      };
    },
    async begin(lock) {
      await say('begin');
      try {
        await connection.query(LOCK[lock]);
      } catch (error) {
        if (mysqlCode(error) !== NO_SUCH_TABLE) throw coded(error, url);
      }
    },
    async commit() {
      await say('commit');
    },
    async rollback() {
      await say('rollback');
    },
    release(broken) {
      if (broken) connection.destroy();
      else connection.release();
    },
  };
}

/** The server's kind, found on a connection of its own. */
export async function mysqlKind(url: ServerUrl): Promise<MysqlKind> {
  try {
    const connection = await mysql.createConnection(settings(url));
    try {
      const [rows] = await connection.query('select version() as version');
      const version = (rows as { version?: string }[])[0]?.version ?? '';
      const mariadb = version.includes('MariaDB');
      const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
      if (mariadb ? major < 10 || (major === 10 && minor < 6) : major < 8) {
        throw new MillwrightError('MW-UNAVAILABLE', `the server is ${version}; MariaDB 10.6 or MySQL 8 is needed`, {
          where: url.shown,
        });
      }
      return mariadb
        ? { mariadb, exact: 'utf8mb4_nopad_bin', exactAscii: 'ascii_nopad_bin' }
        : { mariadb, exact: 'utf8mb4_0900_bin', exactAscii: 'ascii_bin' };
    } finally {
      await connection.end();
    }
  } catch (error) {
    throw coded(error, url);
  }
}

function settings(url: ServerUrl): mysql.ConnectionOptions {
  return {
    host: url.host,
    port: url.port,
    user: url.user,
    ...(url.password === undefined ? {} : { password: url.password }),
    database: url.database,
    ...(url.tls === 'disable' ? {} : { ssl: { rejectUnauthorized: url.tls === 'verify-full' } }),
    charset: 'utf8mb4',
    connectTimeout: CONNECT_MS,
    // Sums of whole numbers come as decimals.
    decimalNumbers: true,
    multipleStatements: false,
  };
}

/** Holds the named lock of migrations on a connection of its own while `work` runs. */
export async function withNamedLock<T>(url: ServerUrl, work: () => Promise<T>): Promise<T> {
  let connection: mysql.Connection;
  try {
    connection = await mysql.createConnection(settings(url));
  } catch (error) {
    throw coded(error, url);
  }
  try {
    // The lock goes with its connection, however this process ends.
    const name = `millwright:${url.database}`.slice(0, 64);
    const [rows] = await connection.query('select get_lock(?, 120) as got', [name]);
    if ((rows as { got?: unknown }[])[0]?.got !== 1) {
      throw new MillwrightError('MW-UNAVAILABLE', 'another server is migrating the metadata', { next: 'try again' });
    }
    return await work();
  } finally {
    connection.destroy();
  }
}

/** Pools that connect when they are first used. `tolerates`: what a migration made already is passed over. */
export function mysqlPools(url: ServerUrl, kind: MysqlKind, tolerates: () => boolean): ServerPools {
  const common = [
    `set names utf8mb4 collate ${kind.exact}`,
    `set session sql_mode = '${SQL_MODE}'`,
    'set session transaction isolation level read committed',
    `set session innodb_lock_wait_timeout = ${LOCK_S}`,
    // MySQL 8 answers with counters as they were up to a day ago.
    ...(kind.mariadb ? [] : ['set session information_schema_stats_expiry = 0']),
    kind.mariadb
      ? `set session max_statement_time = ${STATEMENT_S}`
      : `set session max_execution_time = ${STATEMENT_S}000`,
  ];
  const ready = new WeakSet<mysql.PoolConnection['connection']>();
  const pool = (): mysql.Pool =>
    mysql.createPool({
      ...settings(url),
      waitForConnections: true,
      connectionLimit: url.pool,
      queueLimit: 10_000,
      idleTimeout: IDLE_MS,
      enableKeepAlive: true,
    });
  const writers = pool();
  const readers = pool();

  async function connect(from: mysql.Pool): Promise<mysql.PoolConnection> {
    const wanted = from.getConnection();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(
        new MillwrightError('MW-UNAVAILABLE', `no connection to the database was free for ${POOL_WAIT_MS / 1000} s`, {
          where: url.shown,
          next: 'try again, or allow more: ?pool=16 at the end of the metadata URL',
        }),
      );
      // It may still come.
      void wanted.then((connection) => connection.release()).catch(() => undefined);
    }, POOL_WAIT_MS);
    try {
      return await Promise.race([wanted, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async function take(from: mysql.Pool): Promise<ServerSession> {
    let connection: mysql.PoolConnection | undefined;
    try {
      connection = await connect(from);
      if (!ready.has(connection.connection)) {
        for (const statement of common) await connection.query(statement);
        if (from === readers) await connection.query('set session transaction read only');
        ready.add(connection.connection);
      }
      return session(connection, url, tolerates);
    } catch (error) {
      connection?.destroy();
      throw coded(error, url);
    }
  }

  return {
    writer: () => take(writers),
    reader: () => take(readers),
    async end() {
      await Promise.all([writers.end(), readers.end()]);
    },
  };
}
