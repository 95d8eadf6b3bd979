/** Reading rows from one of three engines with the same SQL: `?` for values, names that need no quotes but `key`. */
import { existsSync } from 'node:fs';
import { MillwrightError } from '../../domain/errors.ts';
import type { Row } from './rows.ts';

export interface Query {
  tables(): Promise<readonly string[]>;
  rows(sql: string, values: readonly unknown[]): Promise<readonly Row[]>;
  quoted(name: string): string;
  close(): Promise<void>;
}

async function sqlite(path: string): Promise<Query> {
  if (!existsSync(path)) throw new MillwrightError('MW-NOT-FOUND', 'there is no such database', { where: path });
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(path, { readOnly: true });
  return {
    tables: async () =>
      database
        .prepare("select name from sqlite_master where type = 'table'")
        .all()
        .map((row) => String(row['name'])),
    rows: async (sql, values) => database.prepare(sql).all(...(values as (string | number)[])),
    quoted: (name) => `"${name}"`,
    close: async () => database.close(),
  };
}

async function postgres(url: string): Promise<Query> {
  const { default: pg } = await import('pg');
  // Ids and times are bigint, which the driver gives as text; they are converted where they are read.
  const client = new pg.Client({ connectionString: url, statement_timeout: 120_000 });
  await client.connect();
  await client.query('set session characteristics as transaction read only');
  return {
    tables: async () =>
      (
        await client.query<{ tablename: string }>(
          'select tablename from pg_tables where schemaname = any(current_schemas(false))',
        )
      ).rows.map((row) => row.tablename),
    async rows(sql, values) {
      let index = 0;
      const numbered = sql.replaceAll('?', () => `$${(index += 1)}`);
      return (await client.query<Row>(numbered, [...values])).rows;
    },
    quoted: (name) => `"${name}"`,
    close: () => client.end(),
  };
}

async function mysql(url: string): Promise<Query> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ uri: url });
  await connection.query('set session transaction read only');
  return {
    async tables() {
      const [found] = await connection.query('show tables');
      return (found as Row[]).map((row) => String(Object.values(row)[0]));
    },
    async rows(sql, values) {
      const [found] = await connection.query(sql, [...values]);
      return found as Row[];
    },
    quoted: (name) => `\`${name}\``,
    close: () => connection.end(),
  };
}

/** SQLAlchemy has `sqlite:///relative` and `sqlite:////absolute`; others write `sqlite:///absolute`. */
function sqlitePath(rest: string): string {
  const path = rest.replace(/^\//, '');
  return !existsSync(path) && existsSync(`/${path}`) ? `/${path}` : path;
}

/** SQLAlchemy's spelling of a URL too (`postgresql+psycopg2://`, `mysql+pymysql://`). Throws MW-UNAVAILABLE when it does not open. */
export async function openQuery(url: string): Promise<Query> {
  const [, engine = '', rest = ''] = /^(\w+)(?:\+\w+)?:\/\/(.*)$/s.exec(url) ?? [];
  try {
    if (engine === 'sqlite') return await sqlite(sqlitePath(rest));
    if (engine === 'postgresql' || engine === 'postgres') return await postgres(`postgresql://${rest}`);
    return await mysql(`mysql://${rest}`);
  } catch (error) {
    if (error instanceof MillwrightError) throw error;
    throw new MillwrightError(
      'MW-UNAVAILABLE',
      `the database does not open: ${error instanceof Error ? error.message : ''}`,
      {
        where: url.replace(/\/\/[^@/]*@/, '//…@'),
        cause: error,
      },
    );
  }
}
