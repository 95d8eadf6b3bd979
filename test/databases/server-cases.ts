/** For tests: what every engine with a server must do besides the contracts. */
import { Kysely } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { atomically } from '../../src/adapters/metadata-sql/atomically.ts';
import { engineOf } from '../../src/adapters/metadata-sql/engine-of.ts';
import { metadataContract } from '../../src/testing/metadata.contract.ts';
import type { MetadataStore } from '../../src/ports/metadata-store.ts';
import { event, project } from '../../src/testing/metadata-samples.ts';
import { refusal } from '../../src/testing/outcome.ts';
import { trackingContract } from '../../src/testing/tracking.contract.ts';
import { openMetadata } from '../../src/adapters/metadata-sql/index.ts';
import { migrate } from '../../src/adapters/metadata-sql/migrate.ts';
import type { Migration } from '../../src/adapters/metadata-sql/migrate.ts';
import { MIGRATIONS } from '../../src/adapters/metadata-sql/migrations/list.ts';
import type { MillwrightError } from '../../src/domain/errors.ts';
import { RUN_GRAMMAR } from '../../src/domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../../src/domain/tracking-filter.ts';
import type { RealDatabase } from './real-databases.ts';

export function serverCases(name: string, server: RealDatabase | undefined): void {
  describe.skipIf(server === undefined)(`${name} server`, () => {
    if (server === undefined) return;
    let made: Promise<string> | undefined;
    const module = new URL('../../src/adapters/metadata-sql/index.ts', import.meta.url).href;

    /** The one database of most tests, migrated and empty. */
    async function empty(): Promise<string> {
      if (server === undefined) throw new Error('no server');
      if (made === undefined) {
        made = server.database('contract').then(async (url) => {
          await (await openMetadata(url)).close();
          return url;
        });
      }
      const url = await made;
      await server.clear(url);
      return url;
    }

    afterAll(() => server.stop());

    metadataContract(name, async () => {
      const url = await empty();
      return {
        store: await openMetadata(url),
        reopen: () => openMetadata(url),
        elsewhere: { module, open: 'openMetadata', argument: url },
        dispose: async () => undefined,
      };
    });

    trackingContract(name, async () => {
      const store = await openMetadata(await empty());
      return { tracking: store.tracking, close: () => store.close() };
    });

    it('two servers that start at once migrate once', async () => {
      const url = await server.database('started_twice');
      const stores = await Promise.all([1, 2, 3].map(() => openMetadata(url)));
      const numbers = [];
      for (const store of stores) numbers.push(await store.counter('n'));
      expect(numbers).toEqual([1, 2, 3]);
      for (const store of stores) await store.close();
    });

    it('a migration that was cut off does no harm, and the next start completes it', async () => {
      const url = await server.database('cut_off');
      const engine = await engineOf(url);
      const db = new Kysely<unknown>({ dialect: engine.dialect });
      let broken = true;
      const cut: Migration = {
        name: '9999-cut',
        async up(tx, { id, integer }) {
          await tx.schema
            .createTable('half')
            .addColumn('id', id, (column) => column.primaryKey().notNull())
            .execute();
          await tx.schema.createIndex('half_id').on('half').column('id').execute();
          await tx.schema.alterTable('half').addColumn('more', integer).execute();
          if (broken) throw new Error('power cut');
          await tx.schema.createTable('other_half').addColumn('id', id).execute();
        },
      };
      const all = [...MIGRATIONS.slice(0, 1), cut];
      await expect(migrate(db, engine, all)).rejects.toThrow('power cut');
      broken = false;
      expect(await migrate(db, engine, all)).toContain('9999-cut');
      expect(await migrate(db, engine, all)).toEqual([]);
      const names = (await engine.catalog.tables(db)).map((table) => table.name);
      expect(names).toEqual(expect.arrayContaining(['half', 'other_half', 'projects']));
      await db.destroy();
    });

    it('a transaction that the engine undoes because of another one is tried again', async () => {
      const url = await empty();
      const store = await openMetadata(url);
      for (const id of ['a', 'b']) await store.projects.insert(project(id, ''));
      await store.close();
      const engine = await engineOf(url);
      const db = new Kysely<{ projects: { id: string; doc: string } }>({ dialect: engine.dialect });
      let tries = 0;
      const both = Promise.withResolvers<void>();
      let waiting = 2;
      const cross = (first: string, second: string) =>
        atomically(db, async (tx) => {
          tries += 1;
          await tx.updateTable('projects').set({ doc: first }).where('id', '=', first).execute();
          waiting -= 1;
          if (waiting === 0) both.resolve();
          await both.promise;
          await tx.updateTable('projects').set({ doc: first }).where('id', '=', second).execute();
        });
      await Promise.all([cross('a', 'b'), cross('b', 'a')]);
      expect(tries).toBe(3);
      const docs = await db.selectFrom('projects').select('doc').execute();
      expect(new Set(docs.map(({ doc }) => doc)).size).toBe(1);
      await db.destroy();
    });

    it('a server that drops its connections is an error once, and then all is well', async () => {
      const store = await openMetadata(await empty());
      await store.projects.insert(project('p', 'kept'));
      const open = Promise.withResolvers<void>();
      const cut = Promise.withResolvers<void>();
      const writing = store.transaction(async (tx) => {
        await tx.projects.update('p', (doc) => ({ ...doc, file: 'lost' }));
        open.resolve();
        await cut.promise;
        await tx.counter('n');
      });
      const outcome = refusal(writing);
      await open.promise;
      await server.dropConnections();
      cut.resolve();
      expect(await outcome).toBe('MW-UNAVAILABLE');
      // What waited in the pools may be dead, too; each such connection fails once at most.
      let file: string | undefined;
      for (let attempt = 0; attempt < 20 && file === undefined; attempt += 1) {
        file = await store.projects.get('p').then(
          (doc) => doc?.file,
          () => undefined,
        );
      }
      expect(file).toBe('kept');
      let counter = 0;
      for (let attempt = 0; attempt < 20 && counter === 0; attempt += 1)
        counter = await store.counter('n').catch(() => 0);
      expect(counter).toBe(1);
      await store.close();
    });

    it('many writers, transactions and readers at once wait for each other, fail nobody and lose nothing', async () => {
      const url = await empty();
      // Two stores stand for two processes: they share nothing but the database.
      const stores = [await openMetadata(url), await openMetadata(url)];
      const [one] = stores;
      if (one === undefined) throw new Error('unreachable');
      const create = (store: MetadataStore, id: string) =>
        store.tracking.createRun(
          { id, experimentId: '0', name: id, userId: '', status: 'RUNNING', startTime: 1, lifecycle: 'active' },
          {},
        );
      const dataset = (id: number) => ({
        dataset: { name: `d${id % 3}`, digest: 'x', sourceType: 's', source: '' },
        tags: [],
      });
      await create(one, 'hot');
      await one.projects.insert(project('p', '0'));
      await Promise.all(
        stores.flatMap((store, side) => [
          ...Array.from({ length: 40 }, (_, i) =>
            store.tracking.logBatch('hot', {
              metrics: [{ key: `k${i % 2}`, value: i, step: i, timestamp: side }],
              params: [{ key: `${side}-${i}`, value: 'x' }],
              tags: [{ key: 'last', value: `${i}` }],
            }),
          ),
          ...Array.from({ length: 20 }, async (_, i) => {
            await create(store, `r${side}-${i}`);
            // Each links two data sets, in an order of its own.
            await store.tracking.logInputs(`r${side}-${i}`, [dataset(i), dataset(i * 2 + 1)], []);
          }),
          ...Array.from({ length: 20 }, (_, i) =>
            store.transaction(async (tx) => {
              const before = await tx.projects.get('p');
              // A read on the store itself takes a connection that those who wait for the lock must not have taken.
              await store.tracking.getRun('hot');
              await tx.projects.update('p', (doc) => ({ ...doc, file: String(Number(before?.file) + 1) }));
              await tx.events.append(event(`e${side}-${i}`));
            }),
          ),
          ...Array.from({ length: 40 }, () => store.tracking.getRun('hot')),
        ]),
      );
      expect((await one.projects.get('p'))?.file).toBe('40');
      expect(await one.events.find({ limit: 1000 })).toHaveLength(40);
      expect((await one.tracking.getRun('hot'))?.params).toHaveLength(80);
      const points = await one.tracking.metricKeys('hot');
      expect(points.map((key) => key.points)).toEqual([40, 40]);
      for (const store of stores) await store.close();
    });

    it('what cannot be reached or kept is a coded error that never shows the password', async () => {
      const url = await empty();
      const wrong = [
        url.replace(/:\d+\//, ':1/'),
        url.replace('/contract', '/no_such_database'),
        url.replace('//mw:', '//nobody:'),
        url.replace('/contract', '/contract?sslmode=maybe'),
        url.replace('/contract', '/contract?pool=0'),
        url.replace('/contract', '/contract?user=root'),
        url.replace('/contract', ''),
      ];
      for (const text of wrong) {
        const error = await openMetadata(text).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error, text).toMatchObject({ code: expect.stringMatching(/^MW-(?:UNAVAILABLE|CONFIG-VALUE)$/) });
        const { message, where, next } = error as MillwrightError;
        expect(`${message} ${where} ${next}`).not.toContain('secret-password');
      }
      const store = await openMetadata(url);
      const long = 'x'.repeat(10_000);
      expect(await refusal(store.projects.insert(project(`p${long}`)))).toMatch(
        name === 'mysql' ? 'MW-INVALID' : /^accepted|MW-INVALID$/,
      );
      expect(await refusal(store.projects.get('nul\u0000nul').then(() => undefined))).toMatch(/^accepted|MW-INVALID$/);
      await store.close();
    });

    it('search patterns mean the same: % and _ are wild, a backslash is itself', async () => {
      const store = await openMetadata(await empty());
      const values = ['50%', '50', 'a|b', 'a||b', 'a_b', 'aXb', 'c\\d', 'C\\D', 'é', 'e'];
      for (const [index, value] of values.entries()) {
        await store.tracking.createRun(
          {
            id: `r${index}`,
            experimentId: '0',
            name: value,
            userId: '',
            status: 'RUNNING',
            startTime: index,
            lifecycle: 'active',
          },
          {},
        );
      }
      const names = async (filter: string): Promise<readonly string[]> => {
        const found = await store.tracking.searchRuns({
          experimentIds: ['0'],
          view: 'ALL',
          filter: parseFilter(filter, RUN_GRAMMAR),
          order: parseOrder(['start_time ASC'], RUN_GRAMMAR),
          limit: 100,
          offset: 0,
        });
        return found.map(({ info }) => info.name);
      };
      expect(await names("run_name LIKE '50%'")).toEqual(['50%', '50']);
      expect(await names("run_name LIKE 'a_b'")).toEqual(['a|b', 'a_b', 'aXb']);
      expect(await names("run_name LIKE 'c\\%'")).toEqual(['c\\d']);
      expect(await names("run_name ILIKE 'c\\%'")).toEqual(['c\\d', 'C\\D']);
      expect(await names("run_name LIKE 'a|%'")).toEqual(['a|b', 'a||b']);
      expect(await names("run_name LIKE 'e'")).toEqual(['e']);
      await store.close();
    });
  });
}
