import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIds } from '../../platform/ids.ts';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import { writePredictionFile } from '../../../test/fixtures/prediction-file.ts';
import { createEngine } from './engine.ts';
import { createDuckDbAnalytics } from './index.ts';
import { timeOfId } from './prediction-lookup.ts';

const T0 = 1_795_000_000_000;
let home: string;
let store: AnalyticsStore;
const skipped: string[] = [];
beforeEach(() => {
  skipped.length = 0;
  home = mkdtempSync(join(tmpdir(), 'mw-lookup-'));
  store = createDuckDbAnalytics({ home, skipped: (path) => skipped.push(path) });
});
afterEach(async () => {
  await store.close();
  rmSync(home, { recursive: true, force: true });
});

const idAt = (time: number): string => createIds({ now: () => time }).next('p');

test('the time of an id is the time it was made at; ids of callers have none', () => {
  expect(timeOfId(idAt(T0))).toBe(T0);
  expect(['p_', 'order-17', idAt(T0).toUpperCase(), `q${idAt(T0).slice(1)}`].map(timeOfId)).toEqual(
    Array.from({ length: 4 }),
  );
});

test('any prediction is found by its id: ours, a caller’s, one whose time lies, before and after files are merged', async () => {
  const ours = Array.from({ length: 20 }, (_, index) => idAt(T0 + index * 3_600_000));
  const liar = idAt(T0 - 9e9);
  ours.forEach((id, index) => {
    const time = T0 + index * 3_600_000;
    writePredictionFile(home, 'flights', [
      { requestId: id, row: 0, time: 5, receivedAt: time, score: index },
      { requestId: id, row: 1, time: 5, receivedAt: time, score: index + 0.5 },
      { requestId: index === 7 ? liar : `order-${index}`, row: 0, time: 5, receivedAt: time + 1, score: -index },
    ]);
  });
  // The same id again, later: the newest counts.
  writePredictionFile(home, 'flights', [
    { requestId: 'order-3', row: 0, time: 6, receivedAt: T0 + 9e8, score: 33, role: 'live', experiment: 'x' },
  ]);
  for (const merged of [false, true]) {
    if (merged) expect(await store.compact('flights')).toBe(21);
    expect(await store.prediction('flights', `${ours[11]}/1`)).toMatchObject({ id: `${ours[11]}/1`, score: 11.5 });
    expect(await store.prediction('flights', ours[4] ?? '')).toMatchObject({ id: `${ours[4]}/0`, score: 4 });
    expect(await store.prediction('flights', `${liar}/0`)).toMatchObject({ score: -7 });
    expect(await store.prediction('flights', 'order-19/0')).toMatchObject({ score: -19 });
    expect(await store.prediction('flights', 'order-3/0')).toMatchObject({ score: 33 });
    for (const absent of [`${ours[11]}/2`, `${idAt(T0)}/0`, "order-3'/0", '/0', 'order-3/-1', 'order-3/x', ''])
      expect(await store.prediction('flights', absent)).toBeUndefined();
  }
});

test('a merge of files of before and after keeps role and experiment, and gives ids a Bloom filter', async () => {
  for (let index = 0; index < 20; index += 1) {
    writePredictionFile(
      home,
      'flights',
      Array.from({ length: 300 }, (_, row) => ({
        requestId: `r${index}-${row}`,
        row: 0,
        time: index,
        score: 1,
        ...(index < 10 ? {} : { role: 'live' as const, experiment: `x${index}` }),
      })),
    );
  }
  await store.compact('flights');
  const folder = join(home, 'predictions', 'flights');
  const name = readdirSync(folder).find((file) => file.endsWith('.parquet')) ?? '';
  const engine = createEngine({ spillFolder: join(home, 'spill'), memoryMiB: 128, threads: 1 });
  const path = `'${join(folder, name)}'`;
  const counted = await engine.query(
    `SELECT count(*)::DOUBLE, count(role)::DOUBLE, count(DISTINCT experiment)::DOUBLE FROM read_parquet(${path})`,
  );
  expect(counted.columns.map((column) => column[0])).toEqual([6000, 3000, 10]);
  const bloom = await engine.query(
    `SELECT bloom_filter_length::DOUBLE FROM parquet_metadata(${path}) WHERE path_in_schema = 'request_id'`,
  );
  expect(Number(bloom.columns[0]?.[0])).toBeGreaterThan(0);
  await engine.close();
});

test('a damaged file hides its own rows only', async () => {
  const id = idAt(T0);
  writePredictionFile(home, 'flights', [{ requestId: id, row: 0, time: 5, receivedAt: T0, score: 1 }]);
  const broken = writePredictionFile(home, 'flights', [{ requestId: 'b', row: 0, time: 5, receivedAt: T0, score: 2 }]);
  writeFileSync(join(home, 'predictions', 'flights', broken), 'PAR1 no');
  expect(await store.prediction('flights', `${id}/0`)).toMatchObject({ score: 1 });
  expect(await store.prediction('flights', 'b/0')).toBeUndefined();
  expect(skipped.map((path) => existsSync(path))).toEqual([true]);
});
