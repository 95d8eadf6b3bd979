/**
 * Copies all metadata from one database to another, of any engine. Nobody may write to the source meanwhile: it is read in one
 * transaction that runs alone. The target carries a mark, which every Millwright refuses, from before its first row until every table
 * was read again and found equal; so a copy that was cut off can never be taken for a whole one.
 */
import { access } from 'node:fs/promises';
import { Kysely, sql } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import { alone } from './atomically.ts';
import type { TableShape } from './catalog.ts';
import type { SqlEngine } from './engine.ts';
import { engineOf, sqliteFile } from './engine-of.ts';
import { markCopy, migrate, requireNewest, unmarkCopy } from './migrate.ts';
import { MIGRATIONS } from './migrations/list.ts';
import { rowDigest } from './row-digest.ts';
import { pagesOf } from './table-pages.ts';
import type { Row } from './table-pages.ts';

/** Tables that say what the others are, and are made by the target itself. */
const OWN = ['schema_version'];
/** The one row that a new database has. */
const SEEDED = 'experiments';

export interface CopiedTable {
  readonly table: string;
  readonly rows: number;
  /** The same for the same rows, whatever the engine. */
  readonly digest: string;
}

export interface CopyProgress {
  readonly phase: 'copy' | 'verify';
  readonly table: string;
  /** Tables done, of `tables`. */
  readonly done: number;
  readonly tables: number;
  /** Rows of all tables so far, in this phase. */
  readonly rows: number;
}

interface Opened {
  readonly db: Kysely<unknown>;
  readonly engine: SqlEngine;
  close(): Promise<void>;
}

async function open(url: string): Promise<Opened> {
  const engine = await engineOf(url);
  const db = new Kysely<unknown>({ dialect: engine.dialect });
  return {
    db,
    engine,
    async close() {
      await db.destroy();
      await engine.closed();
    },
  };
}

const isCopied = (table: TableShape): boolean => !OWN.includes(table.name);

async function requireEmpty({ db, engine }: Opened): Promise<readonly TableShape[]> {
  const tables = (await engine.catalog.tables(db)).filter(isCopied);
  for (const { name } of tables) {
    const some =
      name === SEEDED
        ? sql`select id from ${sql.table(name)} where id <> 0 limit 1`
        : sql`select 1 from ${sql.table(name)} limit 1`;
    if ((await some.execute(db)).rows.length === 0) continue;
    throw new MillwrightError('MW-STATE', `the target is not empty: there are rows in ${name}`, {
      where: '--to',
      next: 'name an empty database, or a file that is not there yet',
    });
  }
  return tables;
}

/** Both must have the same tables with the same columns; the target's shape (its counted column, its key) is what counts for it. */
function matched(
  from: readonly TableShape[],
  to: readonly TableShape[],
): readonly (readonly [TableShape, TableShape])[] {
  const described = (tables: readonly TableShape[]): string =>
    tables
      .map(({ name, columns }) => `${name}(${columns.toSorted().join()})`)
      .toSorted()
      .join();
  if (described(from) !== described(to)) {
    throw new MillwrightError('MW-STATE', 'the source and the target do not have the same tables', {
      next: 'start this version of Millwright once on the source: mw server --metadata <source>',
    });
  }
  return from.map((table) => [table, to.find(({ name }) => name === table.name) ?? table]);
}

async function write({ db, engine }: Opened, { name, key }: TableShape, rows: readonly Row[]): Promise<void> {
  // Far below each engine's limit of bound values.
  const most = Math.max(1, Math.floor(20_000 / Math.max(1, Object.keys(rows[0] ?? {}).length)));
  const into = db as Kysely<Record<string, Record<string, unknown>>>;
  for (let at = 0; at < rows.length; at += most) {
    const part = rows.slice(at, at + most);
    try {
      await into.insertInto(name).values(part).execute();
    } catch (error) {
      if (!(error instanceof MillwrightError)) throw error;
      const [first] = part;
      const place = key.map((column) => String(first?.[column])).join(', ');
      throw new MillwrightError(error.code, `${error.message} (table ${name}, from row ${place})`, {
        where: '--to',
        cause: error,
        next: error.next ?? `the ${engine.caps.engine} engine cannot keep this value; change it in the source`,
      });
    }
  }
}

/**
 * Copies every table (whatever tables there are: the database is asked), moves the counters of numbered tables on, reads everything again
 * and compares. `from` must be at this program's schema, `to` empty. Throws MW-STATE for what cannot be copied or is not equal afterwards,
 * MW-NOT-FOUND for a source that is not there, MW-CANCELLED when `signal` is aborted.
 */
export async function copyMetadata(
  fromUrl: string,
  toUrl: string,
  progress: (at: CopyProgress) => void,
  signal?: AbortSignal,
): Promise<readonly CopiedTable[]> {
  await mustExist(fromUrl);
  const source = await open(fromUrl);
  try {
    await requireNewest(source.db, MIGRATIONS);
    const target = await open(toUrl);
    try {
      await migrate(target.db, target.engine, MIGRATIONS);
      return await copy(source, target, progress, signal);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function mustExist(url: string): Promise<void> {
  const file = sqliteFile(url);
  if (file === undefined) return;
  try {
    await access(file);
  } catch (error) {
    throw new MillwrightError('MW-NOT-FOUND', 'the source is not there', { where: file, cause: error });
  }
}

async function copy(
  source: Opened,
  target: Opened,
  progress: (at: CopyProgress) => void,
  signal: AbortSignal | undefined,
): Promise<readonly CopiedTable[]> {
  const empty = await requireEmpty(target);
  const shapes = (await source.engine.catalog.tables(source.db)).filter(isCopied);
  const pairs = matched(shapes, empty);
  await markCopy(target.db);
  for (const { name } of empty) await sql`delete from ${sql.table(name)}`.execute(target.db);

  async function* watched(phase: CopyProgress['phase'], db: Kysely<unknown>, table: TableShape, done: number) {
    let rows = 0;
    progress({ phase, table: table.name, done, tables: pairs.length, rows });
    for await (const page of pagesOf(db, table)) {
      if (signal?.aborted === true) {
        throw new MillwrightError('MW-CANCELLED', 'stopped; the target is incomplete and cannot be opened', {
          next: 'empty the target, then run it again',
        });
      }
      yield page;
      rows += page.length;
      progress({ phase, table: table.name, done, tables: pairs.length, rows });
    }
  }

  // One transaction of the source, alone: what it reads belongs together.
  const copied = await alone(source.db, async (tx) => {
    const result: CopiedTable[] = [];
    for (const [done, [from, to]] of pairs.entries()) {
      const digest = rowDigest(from.columns);
      for await (const page of watched('copy', tx, from, done)) {
        for (const row of page) digest.add(row);
        await write(target, to, page);
      }
      if (from.counted !== undefined && to.counted !== undefined) {
        const next = await source.engine.catalog.nextNumber(tx, from);
        await target.engine.catalog.setNextNumber(target.db, to, next);
      }
      result.push({ table: from.name, rows: digest.rows, digest: digest.value() });
    }
    return result;
  });

  for (const [done, [, to]] of pairs.entries()) {
    const digest = rowDigest(to.columns);
    for await (const page of watched('verify', target.db, to, done)) for (const row of page) digest.add(row);
    const wanted = copied[done];
    if (wanted?.rows === digest.rows && wanted.digest === digest.value()) continue;
    throw new MillwrightError(
      'MW-STATE',
      `the table ${to.name} is not equal: ${wanted?.rows} rows there, ${digest.rows} here`,
      {
        where: '--to',
        next: 'the source is untouched; empty the target, run it again, and report this if it stays',
      },
    );
  }
  await unmarkCopy(target.db);
  return copied;
}
