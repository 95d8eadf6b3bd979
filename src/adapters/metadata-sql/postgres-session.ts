/** Connections of the npm package pg as sessions: values translated, errors coded. */
import { Pool, types } from 'pg';
import type { PoolClient, QueryResult as Answer } from 'pg';
import type { QueryResult } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import { TransactionClash } from './atomically.ts';
import { toColumn } from './pooled-driver.ts';
import type { ServerPools, ServerSession } from './pooled-driver.ts';
import type { ServerUrl } from './server-url.ts';

const CONNECT_MS = 10_000;
const IDLE_MS = 30_000;
/** A statement that takes longer was not meant to; what is slow on purpose reads in pages. */
const STATEMENT_MS = 60_000;
const LOCK_MS = 25_000;
/** A transaction that does nothing this long belongs to a program that hangs: it would hold everybody's writes. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Any two numbers: advisory locks are per database, and nobody else uses them in this one. */
const WRITERS = '7718, 1';
const BEGIN = {
  alone: `begin isolation level read committed; select pg_advisory_xact_lock(${WRITERS})`,
  beside: `begin isolation level read committed; select pg_advisory_xact_lock_shared(${WRITERS})`,
} as const;

const STALE_PLAN = '0A000';

const INT8 = 20;
const NUMERIC = 1700;

/** The library's own: its types know only the numbers that it names. */
const parserOf = types.getTypeParser as (oid: number, format?: 'text' | 'binary') => unknown;

/** Whole numbers stay below 2^53 by the port's contract; sums of them come as numeric. */
const getTypeParser = ((oid: number, format?: 'text' | 'binary'): unknown =>
  oid === INT8 || oid === NUMERIC ? Number : parserOf(oid, format)) as typeof types.getTypeParser;

/** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) or a code of Node. */
export function postgresCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function coded(error: unknown, { shown }: ServerUrl): unknown {
  if (error instanceof MillwrightError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const code = postgresCode(error) ?? '';
  const detail = { where: shown, cause: error };
  if (code === '40001' || code === '40P01') return new TransactionClash(error);
  if (code === '57014') {
    return new MillwrightError('MW-DEADLINE', `the metadata took longer than ${STATEMENT_MS / 1000} s`, {
      ...detail,
      next: 'ask for less, or look at the load of the PostgreSQL server',
    });
  }
  if (code === '55P03') {
    return new MillwrightError('MW-UNAVAILABLE', 'the metadata is locked by another transaction', {
      ...detail,
      next: 'try again; if it stays, look for a hanging session in pg_stat_activity',
    });
  }
  if (code === '53100') {
    return new MillwrightError('MW-DISK-FULL', 'the disk of the PostgreSQL server is full', {
      ...detail,
      next: 'free some space and try again; nothing that was acknowledged is lost',
    });
  }
  // A NUL character, a number out of range, a text too long for its index.
  if (
    code === '22021' ||
    code === '22P05' ||
    code === '22P02' ||
    code === '22003' ||
    code === '22001' ||
    code === '54000'
  ) {
    return new MillwrightError('MW-INVALID', `PostgreSQL cannot keep this value: ${text}`, { cause: error });
  }
  if (code === STALE_PLAN) {
    return new MillwrightError('MW-UNAVAILABLE', 'a newer Millwright changed the tables of the metadata', {
      ...detail,
      next: 'try again; if it stays, update this server: npm install --global millwright@latest',
    });
  }
  if (code === '42501' || code === '25006') {
    return new MillwrightError('MW-UNAVAILABLE', `the metadata cannot be written: ${text}`, {
      ...detail,
      next: 'connect as the owner of the database, to a server that is no standby',
    });
  }
  const lost = code === '' && /terminated|timeout|not queryable|Connection/i.test(text);
  if (lost || code.startsWith('08') || code.startsWith('28') || /^(?:3D000|53300|57P0\d|E[A-Z]+)$/.test(code)) {
    return new MillwrightError('MW-UNAVAILABLE', `PostgreSQL cannot be reached: ${text || code}`, {
      ...detail,
      next: `check that the server runs and takes this user: psql "${shown}"`,
    });
  }
  return error;
}

/** Statements a connection keeps parsed. The few that writing takes come first; later ones are parsed each time. */
const MOST_PREPARED = 400;
const prepared = new Map<string, string>();

/** A name makes the server parse and plan a statement once a connection. */
function nameOf(sql: string): { readonly name: string } | undefined {
  const known = prepared.get(sql);
  if (known !== undefined) return { name: known };
  if (prepared.size >= MOST_PREPARED) return undefined;
  const name = `mw${prepared.size}`;
  prepared.set(sql, name);
  return { name };
}

const WRITES = ['INSERT', 'UPDATE', 'DELETE', 'MERGE'];

function session(client: PoolClient, url: ServerUrl): ServerSession {
  /** Another program changed a table; what this connection keeps parsed is of no use any more. */
  let stale = false;
  async function say(text: string): Promise<Answer> {
    try {
      return await client.query(text);
    } catch (error) {
      throw coded(error, url);
    }
  }
  return {
    async run<R>(sql: string, parameters: readonly unknown[]): Promise<QueryResult<R>> {
      const values = parameters.map(toColumn);
      try {
        const { command, rowCount, rows } = await client.query({ text: sql, values, ...nameOf(sql) });
        const changed = WRITES.includes(command) && rowCount !== null ? { numAffectedRows: BigInt(rowCount) } : {};
        return { rows: rows as R[], ...changed };
      } catch (error) {
        stale ||= postgresCode(error) === STALE_PLAN;
        throw coded(error, url);
      }
    },
    async begin(lock) {
      await say(BEGIN[lock]);
    },
    async commit() {
      // PostgreSQL answers a commit of a transaction in which a statement failed with ROLLBACK, without an error.
      const { command } = await say('commit');
      if (command !== 'COMMIT') {
        throw new MillwrightError(
          'MW-INTERNAL',
          'a statement of the transaction failed, so that nothing of it was kept',
        );
      }
    },
    async rollback() {
      await say('rollback');
    },
    release(broken) {
      client.release(broken || stale);
    },
  };
}

/** Pools that connect when they are first used. */
export function postgresPools(url: ServerUrl): ServerPools {
  function pool(options: string): Pool {
    const made = new Pool({
      host: url.host,
      port: url.port,
      user: url.user,
      ...(url.password === undefined ? {} : { password: url.password }),
      database: url.database,
      ...(url.tls === 'disable' ? {} : { ssl: { rejectUnauthorized: url.tls === 'verify-full' } }),
      max: url.pool,
      connectionTimeoutMillis: CONNECT_MS,
      idleTimeoutMillis: IDLE_MS,
      statement_timeout: STATEMENT_MS,
      lock_timeout: LOCK_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      application_name: 'millwright',
      keepAlive: true,
      types: { getTypeParser },
      options,
    });
    // An idle connection that the server closes: the pool drops it and the next query opens another.
    made.on('error', () => undefined);
    // One that is in use and between two statements: without a listener the event would end this process; the next statement fails.
    made.on('connect', (client) => client.on('error', () => undefined));
    return made;
  }
  const writers = pool('');
  const readers = pool('-c default_transaction_read_only=on');
  const take = async (from: Pool): Promise<ServerSession> => {
    try {
      return session(await from.connect(), url);
    } catch (error) {
      throw coded(error, url);
    }
  };
  return {
    writer: () => take(writers),
    reader: () => take(readers),
    async end() {
      await Promise.all([writers.end(), readers.end()]);
    },
  };
}
