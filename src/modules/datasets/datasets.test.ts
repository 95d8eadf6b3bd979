import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDuckDbAnalytics } from '../../adapters/analytics-duckdb/index.ts';
import { createMemoryArtifacts, createMemoryMetadata } from '../../adapters/memory/index.ts';
import { createWorkspaceFs } from '../../adapters/workspace-fs/index.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Workspace } from '../../ports/workspace.ts';
import { createDatasets, type Datasets, parseCheck, schemaChanges } from './index.ts';

const quiet = () => undefined;
const ctx: Context = {
  principal: { name: 'ada', role: 'editor' },
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  signal: new AbortController().signal,
};

let home: string;
let root: string;
let analytics: AnalyticsStore;
let store: MetadataStore;
let workspace: Workspace;
let datasets: Datasets;

const CSV = ['id,rate,kind,air time,note', '1,0.5,a,10,x', "2,0.25,b,,it's", '3,1,a,30,y', '4,,c d,40,z', ''].join(
  '\n',
);

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mw-datasets-'));
  analytics = createDuckDbAnalytics({ home });
});
afterAll(async () => {
  await analytics.close();
  rmSync(home, { recursive: true, force: true });
});
beforeEach(() => {
  root = mkdtempSync(join(home, 'project-'));
  writeFileSync(join(root, 'data.csv'), CSV);
  store = createMemoryMetadata();
  workspace = createWorkspaceFs({ root, artifacts: createMemoryArtifacts() });
  datasets = createDatasets({ store, analytics, clock: systemClock, ids: createIds(systemClock) });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const version = (...checks: string[]) => datasets.version(ctx, 'p', 'd', { from: ['*.csv'], checks }, workspace);
const observed = async (check: string): Promise<string> => {
  const found = await version(check).catch(async () => (await datasets.list('p'))[0]);
  const result = found?.checks[0];
  return `${result?.passed}: ${result?.observed}`;
};

describe('checks on real data', () => {
  it.each([
    ['rows >= 4', 'true: 4 rows'],
    ['rows = 4', 'true: 4 rows'],
    ['rows < 4', 'false: 4 rows'],
    ['rate between 0 and 1', 'true: values from 0.25 to 1'],
    ['rate between 0 and 0.5', 'false: 1 rows outside, values from 0.25 to 1'],
    ['missing(rate) <= 25%', 'true: missing 0.25'],
    ['missing("air time") <= 0.2', 'false: missing 0.25'],
    ['unique(id)', 'true: 4 different values'],
    ['unique(kind)', 'false: 1 rows repeat a value'],
    ['distinct(kind) <= 3', 'true: distinct 3'],
    ['kind in [a, b, "c d"]', 'true: 0 rows with another value'],
    ['kind in [a, b]', 'false: 1 rows with another value'],
    ['note in [x, "it\'s", y, z]', 'true: 0 rows with another value'],
    ['id in [1, 2, 3, 4]', 'true: 0 rows with another value'],
    ['id in [1, two]', 'false: "id" holds numbers, and the list has other values'],
    ['min(id) > 0', 'true: min 1'],
    ['max(id) < 4', 'false: max 4'],
    ['mean("air time") > 26', 'true: mean 26.6667'],
    ['min(kind) > 0', 'false: "kind" is a string column, not numbers'],
    ['missing(rats) <= 0', 'false: there is no column "rats"; did you mean "rate"?'],
    ['kind in [\'a) or 1=1 --\', "b"]', 'false: 3 rows with another value'],
    ['missing("x\'; drop table t; --") <= 0', 'false: there is no column "x\'; drop table t; --"'],
  ])('%s', async (check, expected) => {
    expect(await observed(check)).toBe(expected);
  });

  it('NaN of a Parquet or JSON file counts as missing, not as a large number', async () => {
    rmSync(join(root, 'data.csv'));
    writeFileSync(join(root, 'data.csv'), 'x\n1.5\nNaN\n2.5\n');
    expect(await observed('x between 0 and 3')).toBe('true: values from 1.5 to 2.5');
    expect(await observed('missing(x) <= 0.5')).toBe('true: missing 0.333333');
  });
});

describe('the grammar', () => {
  it.each([
    ['rate > 0', 6],
    ['rows >=', 8],
    ['rows >= many', 9],
    ['rate between 1 and 0', 20],
    ['rate between 0 1', 16],
    ['median(x) > 0', 1],
    ['unique()', 8],
    ['kind in [', 10],
    ['kind in [a, b', 14],
    ['missing("x > 0', 15],
    ['rows >= 4 please', 11],
    ['', 1],
  ])('%j is refused at column %i', (text, column) => {
    expect(() => parseCheck(text)).toThrow(
      expect.objectContaining({
        code: 'MW-CONFIG-EXPRESSION',
        message: expect.stringContaining(`at column ${column} `),
      }),
    );
  });

  it('reads any text in little time, and never fails in another way', () => {
    const hard = [
      '('.repeat(2_000),
      'a in ['.repeat(300),
      '"'.repeat(1_999),
      `x in [${'a,'.repeat(900)}`,
      'between '.repeat(240),
    ];
    const started = performance.now();
    for (const text of hard) expect(() => parseCheck(text)).toThrow(MillwrightError);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('versions', () => {
  it('are named by content, told of once, and linked to the one before', async () => {
    const first = await version('rows >= 1');
    expect(first).toMatchObject({ project: 'p', name: 'd', rows: 4, bytes: CSV.length });
    expect(first.id).toBe(`p/d/${first.digest.slice(7, 19)}`);
    expect(first.columns.map((column) => column.name)).toEqual(['id', 'rate', 'kind', 'air time', 'note']);
    expect(first.profile.find((column) => column.name === 'rate')).toMatchObject({ rows: 4, missing: 1 });
    expect(first.previousId).toBeUndefined();
    expect(await version('rows >= 1')).toEqual(first);

    writeFileSync(join(root, 'data.csv'), 'id,rate,extra\n1,high,2\n');
    const second = await version('rows >= 1');
    expect(second.previousId).toBe(first.id);
    expect(second.schemaChanges).toEqual([
      { column: 'air time', kind: 'removed', from: expect.any(String) },
      { column: 'extra', kind: 'added', to: 'integer' },
      { column: 'kind', kind: 'removed', from: 'string' },
      { column: 'note', kind: 'removed', from: 'string' },
      { column: 'rate', kind: 'retyped', from: 'number', to: 'string' },
    ]);
    expect((await datasets.list('p', 'd')).map((item) => item.id)).toEqual([second.id, first.id]);
    expect(await datasets.get(first.id)).toEqual(first);
    await expect(datasets.get('p/d/none')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    const events = await store.events.find({ types: ['dataset.versioned'] });
    expect(events.map((event) => event.actor)).toEqual(['ada', 'ada']);
  });

  it('that fail their checks are stored, and every failure is named', async () => {
    await expect(version('rows >= 5', 'unique(id)', 'missing(rats) <= 0')).rejects.toMatchObject({
      code: 'MW-DATA-CHECK',
      where: 'datasets.d.checks',
      message: expect.stringMatching(
        /2 of its 3 checks: rows >= 5: 4 rows; missing\(rats\) <= 0: .*did you mean "rate"/,
      ),
    });
    const [stored] = await datasets.list('p');
    expect(stored?.checks.map((check) => check.passed)).toEqual([false, true, false]);
    await expect(version('rows >= 5', 'unique(id)', 'missing(rats) <= 0')).rejects.toMatchObject({
      code: 'MW-DATA-CHECK',
    });
    // The data were right and the check was wrong: the same version passes the corrected one.
    expect((await version('rows >= 4')).id).toBe(stored?.id);
    expect(await datasets.list('p')).toHaveLength(1);
  });

  it('are not made of a check that cannot be read, or of no files', async () => {
    await expect(version('rows >> 1')).rejects.toMatchObject({ code: 'MW-CONFIG-EXPRESSION' });
    rmSync(join(root, 'data.csv'));
    await expect(version()).rejects.toMatchObject({ code: 'MW-CONFIG-FILE' });
    expect(await datasets.list('p')).toEqual([]);
  });

  function whileReading(write: (reads: number) => void) {
    let reads = 0;
    const growing: Pick<AnalyticsStore, 'summarize' | 'aggregate'> = {
      aggregate: (files, expressions) => analytics.aggregate(files, expressions),
      async summarize(files) {
        const summary = await analytics.summarize(files);
        reads += 1;
        write(reads);
        return summary;
      },
    };
    return createDatasets({ store, analytics: growing, clock: systemClock, ids: createIds(systemClock) });
  }

  it('that change all the time while they are read are not recorded', async () => {
    const late = whileReading((reads) => writeFileSync(join(root, 'data.csv'), `${CSV}${reads},1,a,1,x\n`));
    await expect(late.version(ctx, 'p', 'd', { from: ['*.csv'], checks: [] }, workspace)).rejects.toMatchObject({
      code: 'MW-CONFLICT',
    });
    expect(await datasets.list('p')).toEqual([]);
  });

  it('that change once while they are read are read anew', async () => {
    const late = whileReading((reads) => {
      if (reads === 1) writeFileSync(join(root, 'data.csv'), `${CSV}9,1,a,1,x\n`);
    });
    const taken = await late.version(ctx, 'p', 'd', { from: ['*.csv'], checks: [] }, workspace);
    const [only, ...others] = await datasets.list('p');
    expect(others).toEqual([]);
    expect(only).toMatchObject({ id: taken.id, rows: CSV.trim().split('\n').length });
  });

  it('equal schemas have no changes', () => {
    expect(schemaChanges([{ name: 'a', type: 'number' }], [{ name: 'a', type: 'number' }])).toEqual([]);
  });
});
