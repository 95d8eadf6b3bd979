import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COLLECTIONS, UNIQUE } from '../../ports/metadata-store.ts';
import type { CollectionName } from '../../ports/metadata-store.ts';
import { openMetadata } from './index.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/list.ts';
import { sqliteEngine } from './sqlite-engine.ts';
import { columnOf, tableOf } from './tables.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-migrate-'));
  file = join(folder, 'millwright.db');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function inspect<T>(work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

describe('the schema', () => {
  it('has a column and an index for each indexed field of the port, and its unique sets', async () => {
    await (await openMetadata(`sqlite://${file}`)).close();
    inspect((db) => {
      const unique: Partial<Record<CollectionName, readonly (readonly string[])[]>> = UNIQUE;
      for (const name of Object.keys(COLLECTIONS) as CollectionName[]) {
        const table = tableOf(name);
        const columns = db.prepare(`select name from pragma_table_info('${table}')`).all();
        const expected = ['id', 'created_at', ...COLLECTIONS[name].map(columnOf), 'doc'];
        expect([table, columns.map((column) => String(column['name'])).toSorted()]).toEqual([
          table,
          expected.toSorted(),
        ]);
        const indexes = db.prepare(`select name, "unique" from pragma_index_list('${table}') where origin = 'c'`).all();
        const sets = indexes
          .filter((index) => index['unique'] === 1)
          .map((index) => db.prepare('select name from pragma_index_info(?)').all(index['name'] ?? null))
          .map((rows) => rows.map((row) => row['name']));
        expect(sets).toEqual((unique[name] ?? []).map((fields) => fields.map(columnOf)));
      }
    });
  });

  it('is kept in WAL mode, and every commit is fsynced', async () => {
    const store = await openMetadata(`sqlite://${file}`);
    await store.counter('x');
    await store.close();
    expect(inspect((db) => db.prepare('pragma journal_mode').get())).toEqual({ journal_mode: 'wal' });
  });

  it('finds pages by index, not by reading the table', async () => {
    await (await openMetadata(`sqlite://${file}`)).close();
    inspect((db) => {
      const plan = (sql: string): string =>
        db
          .prepare(`explain query plan ${sql}`)
          .all()
          .map((row) => String(row['detail']))
          .join('; ');
      const page = plan(
        `select doc from step_runs where pipeline_run_id = 'x' order by created_at desc, id desc limit 5`,
      );
      expect(page).toContain('USING INDEX step_runs_pipeline_run_id');
      expect(page).not.toContain('TEMP B-TREE');
      expect(plan('select doc from audit order by created_at, id limit 5')).toContain('USING INDEX audit_page');
      expect(plan(`select * from events where project = 'p' and seq > 5 order by seq`)).toContain(
        'USING INDEX events_project',
      );
    });
  });

  it('of a newer program is refused and left alone', async () => {
    await (await openMetadata(`sqlite://${file}`)).close();
    inspect((db) => db.exec(`insert into schema_version values (99, '0099-future', 1)`));
    await expect(openMetadata(`sqlite://${file}`)).rejects.toMatchObject({
      code: 'MW-STATE',
      message: expect.stringContaining('newer Millwright'),
      next: expect.stringContaining('npm install'),
    });
    expect(inspect((db) => db.prepare('select count(*) as n from schema_version').get())).toEqual({
      n: MIGRATIONS.length + 1,
    });
  });

  it('of another history is refused', async () => {
    await (await openMetadata(`sqlite://${file}`)).close();
    inspect((db) => db.exec(`update schema_version set name = 'other' where number = 1`));
    await expect(openMetadata(`sqlite://${file}`)).rejects.toMatchObject({ code: 'MW-STATE' });
  });

  it('is brought up in one transaction: a step that fails leaves the old one', async () => {
    await (await openMetadata(`sqlite://${file}`)).close();
    const engine = sqliteEngine(file);
    const db = new Kysely<unknown>({ dialect: engine.dialect });
    const broken = {
      name: '9999-broken',
      async up(tx: Kysely<unknown>): Promise<void> {
        await tx.schema.createTable('half').addColumn('id', 'text').execute();
        throw new Error('power cut');
      },
    };
    await expect(migrate(db, engine, [...MIGRATIONS, broken])).rejects.toThrow('power cut');
    expect(await migrate(db, engine, MIGRATIONS)).toEqual([]);
    await db.destroy();
    expect(inspect((found) => found.prepare(`select name from sqlite_master where name = 'half'`).all())).toEqual([]);
  });

  it('opened by two at once is made once', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openMetadata(`sqlite://${file}`)));
    const numbers = [];
    for (const store of stores) numbers.push(await store.counter('n'));
    expect(numbers).toEqual([1, 2, 3]);
    for (const store of stores) await store.close();
  });
});

describe('opening', () => {
  it.each(['postgres://x/y', 'sqlite://relative.db', 'sqlite:', ''])('refuses the URL %j', async (url) => {
    await expect(openMetadata(url)).rejects.toMatchObject({ code: 'MW-CONFIG-VALUE' });
  });

  it('a file that is no database or a folder that is not there says so', async () => {
    await writeFile(file, 'this is not a database, but long enough to be looked at'.repeat(100));
    await expect(openMetadata(`sqlite://${file}`)).rejects.toMatchObject({ code: 'MW-UNAVAILABLE', where: file });
    await expect(openMetadata(`sqlite://${join(folder, 'none', 'x.db')}`)).rejects.toMatchObject({
      code: 'MW-UNAVAILABLE',
    });
  });

  it('a full disk is a coded error, loses nothing acknowledged, and the store goes on afterwards', async () => {
    const store = await openMetadata(`sqlite://${file}`);
    await store.counter('kept');
    await store.close();
    // A page limit is how SQLite itself says "full" (SQLITE_FULL), the same as for a full disk.
    const engine = sqliteEngine(file);
    const db = new Kysely<{ counters: { name: string; value: number } }>({ dialect: engine.dialect });
    const { sql } = await import('kysely');
    await sql`pragma max_page_count = 1`.execute(db);
    const big = db.transaction().execute(async (tx) => {
      await tx
        .insertInto('counters')
        .values({ name: 'x'.repeat(500_000), value: 1 })
        .execute();
    });
    await expect(big).rejects.toMatchObject({ code: 'MW-DISK-FULL' });
    await sql`pragma max_page_count = 1000000`.execute(db);
    await db.transaction().execute((tx) => tx.insertInto('counters').values({ name: 'after', value: 1 }).execute());
    expect(await db.selectFrom('counters').selectAll().orderBy('name').execute()).toEqual([
      { name: 'after', value: 1 },
      { name: 'kept', value: 1 },
    ]);
    await db.destroy();
  });
});
