/** SQL over the metadata, by the engine that the server uses, on the stores that need no server. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetadataQuery } from '../../adapters/analytics-duckdb/index.ts';
import { createMemoryMetadata } from '../../adapters/memory/index.ts';
import { openMetadata } from '../../adapters/metadata-sql/index.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { ScanRow } from '../../ports/table-source.ts';
import { createTables, type Tables } from './index.ts';

const RUN = 'a'.repeat(32);
const OTHER = 'b'.repeat(32);
const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const STORES = [
  ['memory', async () => createMemoryMetadata()],
  ['sqlite', () => openMetadata('sqlite::memory:')],
] as const;

describe.each(STORES)('SQL over %s', (_name, open) => {
  let store: MetadataStore;
  let tables: Tables;
  let clock: number;
  let opened: number;

  beforeEach(async () => {
    store = await open();
    clock = 0;
    opened = 0;
    tables = createTables({
      store,
      engine: async () => {
        opened += 1;
        return createMetadataQuery({ memoryMiB: 128 });
      },
      clock: { now: () => 0, monotonic: () => clock },
    });
    const { id } = await store.tracking.createExperiment({
      name: 'tuning',
      lifecycle: 'active',
      createdAt: 1,
      updatedAt: 1,
      tags: {},
    });
    for (const [run, end] of [
      [RUN, START + 1500],
      [OTHER, undefined],
    ] as const) {
      const info = {
        id: run,
        experimentId: id,
        name: run.slice(0, 2),
        userId: 'ann',
        startTime: START,
        lifecycle: 'active' as const,
      };
      await store.tracking.createRun(
        { ...info, status: 'RUNNING', ...(end === undefined ? {} : { endTime: end }) },
        {},
      );
      await store.tracking.logBatch(run, {
        metrics: [
          ...[1, 2, 3].map((step) => ({ key: 'loss', value: 1 / step, timestamp: START + step, step })),
          { key: 'nan', value: Number.NaN, timestamp: START, step: 0 },
        ],
        params: [{ key: 'lr', value: '0.1' }],
      });
    }
    await store.models.insert({
      id: 'flights',
      createdAt: 1,
      updatedAt: 1,
      tags: {},
      aliases: { champion: 2 },
      lastVersion: 2,
    });
    await store.tokens.insert({ id: 't', createdAt: 1, name: 'ci', role: 'admin', hash: 'very-secret-hash' });
  });
  afterEach(async () => {
    await tables.close();
    await store.close();
  });

  const ask = async (sql: string) => (await tables.query(sql, 100)).rows;
  async function refusal(sql: string): Promise<MillwrightError> {
    try {
      await ask(sql);
    } catch (error) {
      return error as MillwrightError;
    }
    throw new Error(`not refused: ${sql}`);
  }

  it('is not loaded before the first question', () => {
    expect(opened).toBe(0);
    expect(tables.tables.length).toBeGreaterThan(20);
  });

  it('joins runs with their latest metrics, with times and NaN as what they are', async () => {
    const answer = await tables.query(
      "select r.experiment, r.start_time, r.duration_s, m.value, m.points from runs r join metrics m using (run_id) where m.key = 'loss' order by run_id",
      100,
    );
    expect(answer.rows).toEqual([
      ['tuning', '2026-01-02 03:04:05', 1.5, 1 / 3, 3],
      ['tuning', '2026-01-02 03:04:05', null, 1 / 3, 3],
    ]);
    expect(answer.columns.map((column) => column.type)).toEqual(['VARCHAR', 'TIMESTAMP', 'DOUBLE', 'DOUBLE', 'BIGINT']);
    expect(answer.truncated).toBe(false);
    expect(await ask("select value, isnan(value) from metrics where key = 'nan' limit 1")).toEqual([['NaN', true]]);
  });

  it('every table of the picture can be asked, and has the columns it says', async () => {
    for (const table of tables.tables) {
      const { columns } = await tables.query(`select * from ${table.name}`, 1);
      expect(columns.map((column) => column.name)).toEqual(table.columns.map((column) => column.name));
      for (const column of table.columns) expect(column.description, `${table.name}.${column.name}`).not.toBe('');
    }
    for (const { sql } of tables.examples) await ask(sql);
  });

  it('reads of the history only what the conditions bind, and gives the same answer as without', async () => {
    const read: string[] = [];
    const metricHistory: typeof store.tracking.metricHistory = (...args) => store.tracking.metricHistory(...args);
    const counted = {
      ...store,
      tracking: {
        ...store.tracking,
        metricHistory: (...args: Parameters<typeof metricHistory>) => (read.push(args[0]), metricHistory(...args)),
      },
    };
    const own = createTables({
      store: counted,
      engine: async () => createMetadataQuery({ memoryMiB: 128 }),
      clock: { now: () => 0, monotonic: () => 0 },
    });
    const all = [
      [1, 1],
      [2, 0.5],
      [3, 1 / 3],
    ];
    expect(
      (
        await own.query(
          `select step, value from metric_history where run_id = '${RUN}' and key in ('loss') order by step`,
          10,
        )
      ).rows,
    ).toEqual(all);
    expect(read).toEqual([RUN]);
    read.length = 0;
    expect(
      (
        await own.query(
          `select step, value from metric_history where run_id || '' = '${RUN}' and key = 'loss' order by step`,
          10,
        )
      ).rows,
    ).toEqual(all);
    expect(read.sort()).toEqual([RUN, OTHER]);
    // Named twice, or under an OR: nothing may be left out.
    expect(
      (await own.query(`select count(*) from metric_history a, metric_history b where a.run_id = '${RUN}'`, 10)).rows,
    ).toEqual([[32]]);
    expect(
      (await own.query(`select count(*) from metric_history where run_id = '${RUN}' or key = 'loss'`, 10)).rows,
    ).toEqual([[7]]);
    await own.close();
  });

  it('reads only what the conditions leave of a table that is too large to be held', async () => {
    const small = createMetadataQuery({ memoryMiB: 128 });
    const loaded: number[] = [];
    const own = createTables({
      store,
      engine: async () => ({
        ...small,
        async load(table, batches) {
          const rows: ScanRow[] = [];
          for await (const batch of batches) rows.push(...batch);
          if (table.name === 'params') loaded.push(rows.length);
          if (table.name === 'params' && rows.length > 1) throw new MillwrightError('MW-SQL', 'needs more memory');
          await small.load(
            table,
            (async function* once() {
              yield rows;
            })(),
          );
        },
      }),
      clock: { now: () => 0, monotonic: () => 0 },
    });
    expect((await own.query(`select value from params where run_id = '${RUN}'`, 10)).rows).toEqual([['0.1']]);
    await expect(own.query('select value from params', 10)).rejects.toThrow('memory');
    expect(loaded).toEqual([0, 2, 1, 0, 2]);
    await own.close();
  });

  it('answers from a picture that is a few seconds old at most', async () => {
    expect(await ask('select count(*) from params')).toEqual([[2]]);
    await store.tracking.logBatch(RUN, { params: [{ key: 'seed', value: '1' }] });
    clock = 4_000;
    expect(await tables.query('select count(*) from params', 1)).toMatchObject({ rows: [[2]], snapshotMs: 4_000 });
    clock = 6_000;
    expect(await tables.query('select count(*) from params', 1)).toMatchObject({ rows: [[3]], snapshotMs: 0 });
  });

  it('takes one SELECT and nothing else, and says where a mistake is', async () => {
    expect(await refusal('select nope from runs')).toMatchObject({ code: 'MW-SQL', where: 'line 1, column 8' });
    expect(await refusal('select *\nfrm runs')).toMatchObject({ code: 'MW-SQL', where: 'line 2, column 5' });
    expect((await refusal('select * from rns')).message).toContain('"runs"');
    for (const sql of [
      'select 1; select 2',
      'delete from runs',
      'create table x as select 1',
      'drop table runs',
      "copy runs to '/tmp/x.csv'",
      "attach '/tmp/x.db' as x",
      'set threads = 8',
      'pragma database_list',
      'install httpfs',
      'explain select 1',
      '',
      '-- nothing',
    ]) {
      expect((await refusal(sql)).code, sql).toBe('MW-SQL');
    }
  });

  it('reaches no file, no network and no secret', async () => {
    for (const sql of [
      "select * from '/etc/passwd'",
      "select * from read_csv('/etc/passwd')",
      "select * from read_text('/etc/passwd')",
      "select * from read_parquet('http://127.0.0.1/x.parquet')",
      "select * from glob('/*')",
      "select * from query('select 1')",
      "select * from query_table('runs')",
      'select * from tokens',
      'select * from webhooks',
    ]) {
      expect((await refusal(sql)).code, sql).toBe('MW-SQL');
    }
    for (const table of tables.tables) {
      expect(JSON.stringify((await tables.query(`select * from ${table.name}`, 100)).rows)).not.toContain(
        'very-secret',
      );
    }
  });

  it('bounds rows and memory, and goes on after a refusal', async () => {
    expect(await tables.query('select * from range(1000)', 10)).toMatchObject({
      truncated: true,
      rows: { length: 10 },
    });
    expect(
      (await refusal("select max(a) from (select repeat('x', 1000000) || range as a from range(100000) order by a)"))
        .code,
    ).toBe('MW-SQL');
    expect(await ask('select alias, version from aliases')).toEqual([['champion', 2]]);
    expect(await ask('select 9007199254740993::bigint, 3::bigint, [1, 2], null')).toEqual([
      ['9007199254740993', 3, '[1, 2]', null],
    ]);
  });

  it('puts no more than a few questions on the bench', async () => {
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => tables.query('select 1', 1)));
    expect(all.filter((one) => one.status === 'rejected').length).toBe(4);
  });
});

it('stops a query that takes too long', async () => {
  const engine = createMetadataQuery({ memoryMiB: 128 });
  const slow = 'select count(*) from range(100000) a, range(100000) b where a.range * b.range % 7 = 1';
  await expect(engine.query(slow, { rows: 1, timeoutMs: 200 })).rejects.toMatchObject({ code: 'MW-SQL' });
  expect((await engine.query('select 1', { rows: 1, timeoutMs: 5_000 })).rows).toEqual([[1]]);
  await engine.close();
});
