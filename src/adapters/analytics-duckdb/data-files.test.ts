import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import { createDuckDbAnalytics } from './index.ts';

describe('data files', () => {
  let folder: string;
  let store: AnalyticsStore;
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mw data['x*]-"));
    store = createDuckDbAnalytics({ home: join(folder, 'home') });
  });
  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('profiles CSV: types, missing, deciles that hold every row, top values', async () => {
    const lines = Array.from(
      { length: 1000 },
      (_, i) => `${i},${i % 10 === 0 ? 'NA' : i / 4},${i % 3 === 0 ? 'x' : 'y'},2013-01-0${1 + (i % 9)},true`,
    );
    const path = file('a.csv', `id,w,kind,day,ok\n${lines.join('\n')}\n`);
    const seen = await store.summarize([path]);
    expect(seen.rows).toBe(1000);
    expect(seen.columns.map((c) => c.type)).toEqual(['integer', 'number', 'string', 'time', 'boolean']);
    const [id, w, kind, day, ok] = seen.profile;
    expect([id?.min, id?.max, id?.mean, id?.distinct, id?.missing]).toEqual([0, 999, 499.5, 1000, 0]);
    expect(id?.edges).toHaveLength(11);
    expect(id?.counts).toEqual(Array.from({ length: 10 }, () => 100));
    expect(id?.sd).toBeCloseTo(288.675, 3);
    expect([w?.missing, w?.counts?.reduce((s, n) => s + n, 0), w?.sample?.length]).toEqual([100, 900, 900]);
    expect(kind?.top).toEqual([
      { value: 'y', rows: 666 },
      { value: 'x', rows: 334 },
    ]);
    expect(kind?.otherRows).toBe(0);
    expect([day?.min, day?.edges]).toEqual([Date.UTC(2013, 0, 1), undefined]);
    expect(ok?.top).toEqual([{ value: 'true', rows: 1000 }]);
  });

  it('puts Parquet, JSON lines and CSV together by column name', async () => {
    const parquet = file(
      'b.parquet',
      new Uint8Array(
        parquetWriteBuffer({ columnData: [{ name: 'x', data: [1.5, null, Number.NaN], type: 'DOUBLE' }] }),
      ),
    );
    const json = file('c.jsonl', '{"x": 4.5, "town": "a\'b"}\n{"x": null}\n');
    const csv = file('d.csv', 'x\n7.5\n');
    const seen = await store.summarize([parquet, json, csv]);
    expect(seen.rows).toBe(6);
    const x = seen.profile.find((one) => one.name === 'x');
    expect([x?.missing, x?.mean, x?.sample]).toEqual([3, 4.5, [1.5, 4.5, 7.5]]);
    expect(
      await store.aggregate(
        [parquet, json, csv],
        ['count(*)', 'max(x)', `min("x") filter (where town = 'a''b')`, 'sum(x) filter (where x > 99)'],
      ),
    ).toEqual([6, 7.5, 4.5, null]);
  });

  it('samples at most 5,000, ascending, the same each time', async () => {
    const path = file('e.csv', `v\n${Array.from({ length: 30_000 }, (_, i) => i).join('\n')}\n`);
    const [first] = (await store.summarize([path])).profile;
    const [second] = (await store.summarize([path])).profile;
    expect(first?.sample).toHaveLength(5000);
    expect(first?.sample).toEqual(second?.sample);
    const mean = (first?.sample ?? []).reduce((s, v) => s + v, 0) / 5000;
    expect(Math.abs(mean - 15_000)).toBeLessThan(500);
  });

  it('holds constants, empty columns and more than 200 values', async () => {
    const lines = Array.from({ length: 600 }, (_, i) => `5,,v${i % 300}`);
    const path = file('f.csv', `c,e,t\n${lines.join('\n')}\n`);
    const [c, e, t] = (await store.summarize([path])).profile;
    expect([c?.edges, c?.counts, c?.sd, c?.distinct]).toEqual([[5, 5], [600], 0, 1]);
    expect([e?.missing, e?.distinct]).toEqual([600, 0]);
    expect([t?.top?.length, t?.otherRows]).toEqual([200, 200]);
  });

  it('names the file that cannot be read', async () => {
    const good = file('g.csv', 'x\n1\n');
    const bad = file('h.parquet', 'this is no parquet');
    await expect(store.summarize([good, bad])).rejects.toMatchObject({ code: 'MW-DATA-READ', where: bad });
    await expect(store.aggregate([good, join(folder, 'gone.csv')], ['count(*)'])).rejects.toMatchObject({
      code: 'MW-DATA-READ',
      where: join(folder, 'gone.csv'),
    });
    await expect(store.summarize([file('i.xlsx', 'x')])).rejects.toMatchObject({ code: 'MW-DATA-READ' });
    await expect(store.summarize([])).rejects.toMatchObject({ code: 'MW-DATA-READ' });
    await expect(store.aggregate([good], ['max(nothing_there)'])).rejects.toMatchObject({ code: 'MW-DATA-READ' });
  });

  it('refuses an expression that is more than an aggregate', async () => {
    const good = file('j.csv', 'x\n1\n');
    for (const bad of [
      "(select count(*) from read_csv('/etc/passwd'))",
      '1; drop table x',
      'count(*) -- x',
      '1 /* x */',
      "getenv('HOME')",
      'count(*)) from "x',
    ]) {
      await expect(store.aggregate([good], [bad])).rejects.toMatchObject({ code: 'MW-INVALID' });
    }
    expect(await store.aggregate([good], [`count(*) filter (where "x" >= 1 and 'select' <> 'from')`])).toEqual([1]);
  });
});
