import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import { analyticsContract } from '../../testing/analytics.contract.ts';
import type { LoggedPrediction } from '../../testing/analytics-under-test.ts';
import { createDuckDbAnalytics } from './index.ts';
import { writePredictionFile } from '../../../test/fixtures/prediction-file.ts';

analyticsContract('duckdb', async () => {
  // A home whose name a careless glob or quote would trip over.
  const home = mkdtempSync(join(tmpdir(), "mw [a]*?'q-"));
  let store = createDuckDbAnalytics({ home });
  return {
    store,
    log: async (endpoint, rows) => void writePredictionFile(home, endpoint, rows),
    async reopen() {
      await store.close();
      store = createDuckDbAnalytics({ home });
      return store;
    },
    async end() {
      await store.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
});

describe('what a kill -9 or a damaged disk leaves', () => {
  let home: string;
  let store: AnalyticsStore;
  const skipped: string[] = [];
  const predictions = (): string => join(home, 'predictions', 'flights');
  const outcomes = (): string => join(home, 'outcomes', 'flights');
  const query = { endpoint: 'flights', outcome: 'late', from: 0, to: 1e9, knownBy: 1e9 };

  beforeEach(async () => {
    skipped.length = 0;
    home = mkdtempSync(join(tmpdir(), 'mw-analytics-'));
    store = createDuckDbAnalytics({ home, skipped: (path) => skipped.push(path) });
    for (let i = 0; i < 20; i++) {
      const rows = Array.from(
        { length: 5 },
        (_, r): LoggedPrediction => ({ requestId: `r${i}`, row: r, time: i * 10 + r, score: 0.5 }),
      );
      writePredictionFile(home, 'flights', rows);
      await store.addOutcomes('flights', [{ predictionId: `r${i}/0`, name: 'late', value: i, time: 1 }]);
    }
  });
  afterEach(async () => {
    await store.close();
    rmSync(home, { recursive: true, force: true });
  });

  async function intact(): Promise<void> {
    expect((await store.span('flights'))?.predictions).toBe(100);
    const rows = await store.labelled(query);
    expect(rows.map((row) => row.outcome)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  }

  it('a temporary file of a writer is no data', async () => {
    writeFileSync(join(predictions(), 'part-x.parquet.tmp'), 'half');
    writeFileSync(join(outcomes(), 'part-1.parquet.9.ab.tmp'), 'half');
    await intact();
    await store.compact('flights');
    // The gateway may be writing it at this moment: only our own leftovers are removed.
    expect(readdirSync(predictions())).toContain('part-x.parquet.tmp');
  });

  it('killed before the merged file was renamed, or before its list was', async () => {
    const one = readdirSync(predictions())[0] ?? '';
    writeFileSync(join(predictions(), 'compact-a.parquet.tmp'), 'half');
    copyFileSync(join(predictions(), one), join(predictions(), 'compact-b.parquet'));
    copyFileSync(join(predictions(), one), join(predictions(), 'compact-c.parquet'));
    writeFileSync(join(predictions(), 'compact-c.json.77.aa.tmp'), '{"repl');
    await intact();
    expect(await store.compact('flights')).toBe(40);
    expect(readdirSync(predictions()).filter((name) => /-[abc]\./.test(name))).toEqual([]);
    await intact();
  });

  it('killed after the commit, with some or all of the replaced files left', async () => {
    const kept = mkdtempSync(join(tmpdir(), 'mw-kept-'));
    const before = readdirSync(predictions());
    const beforeOutcomes = readdirSync(outcomes());
    for (const name of before) copyFileSync(join(predictions(), name), join(kept, name));
    for (const name of beforeOutcomes) copyFileSync(join(outcomes(), name), join(kept, name));
    expect(await store.compact('flights')).toBe(40);
    for (const name of before.slice(3)) copyFileSync(join(kept, name), join(predictions(), name));
    for (const name of beforeOutcomes) copyFileSync(join(kept, name), join(outcomes(), name));
    rmSync(kept, { recursive: true });
    await store.close();
    store = createDuckDbAnalytics({ home });
    await intact();
    await store.compact('flights');
    expect(readdirSync(predictions())).toHaveLength(2);
    expect(readdirSync(outcomes())).toHaveLength(2);
    await intact();
  });

  it('a compaction that is compacted later leaves neither its file nor its list', async () => {
    await store.compact('flights');
    for (let i = 0; i < 20; i++) {
      writePredictionFile(home, 'flights', [{ requestId: `s${i}`, row: 0, time: 5000 + i, score: 0.5 }]);
    }
    expect(await store.compact('flights')).toBe(21);
    expect(readdirSync(predictions())).toHaveLength(2);
    expect((await store.span('flights'))?.predictions).toBe(120);
  });

  it('one damaged prediction file is reported and the others count', async () => {
    writeFileSync(join(predictions(), 'part-zz.parquet'), 'PAR1 not really PAR1');
    writeFileSync(join(predictions(), 'part-zy.parquet'), '');
    await intact();
    await store.compact('flights');
    await intact();
    expect(skipped.map((path) => path.slice(-15)).sort()).toEqual(['part-zy.parquet', 'part-zz.parquet']);
  });

  it('one damaged outcome file is reported and the others count', async () => {
    const [first = '', second = ''] = readdirSync(outcomes());
    // Nothing of a Parquet file, an empty one, and one whose footer is whole and whose pages are not.
    writeFileSync(join(outcomes(), 'part-0000000000000001.parquet'), 'PAR1 not really PAR1');
    writeFileSync(join(outcomes(), 'part-0000000000000002.parquet'), '');
    const pages = readFileSync(join(outcomes(), first));
    writeFileSync(join(outcomes(), first), pages.fill(0xff, 4, 60));
    const rows = await store.labelled(query);
    expect(rows.map((row) => row.outcome)).toEqual(Array.from({ length: 19 }, (_, i) => i + 1));
    const shown = await store.recent('flights', 100);
    expect(shown.filter((row) => row.outcome !== undefined)).toHaveLength(19);
    await store.compact('flights');
    expect(await store.labelled(query)).toHaveLength(19);
    expect(skipped.map((path) => path.slice(outcomes().length + 1)).sort()).toEqual([
      'part-0000000000000001.parquet',
      'part-0000000000000002.parquet',
      first,
    ]);
    expect(second).not.toBe(first);
  });

  it('files with more, fewer or wider columns are read together', async () => {
    writePredictionFile(home, 'flights', [
      { requestId: 'w', row: 0, time: 300, score: null, inputs: { temp: 3, town: 'JFK' } },
    ]);
    writePredictionFile(home, 'flights', [{ requestId: 'v', row: 0, time: 301, score: 1, inputs: { temp: null } }]);
    writePredictionFile(home, 'flights', [
      { requestId: 'u', row: 0, time: 302, score: Number.NaN, inputs: { temp: Number.NaN } },
    ]);
    const [temp, town] = await store.columns('flights', 0, 1000, 100);
    expect([temp?.rows, temp?.missing, temp?.mean]).toEqual([103, 102, 3]);
    expect([...(town?.values ?? [])]).toEqual([['JFK', 1]]);
    const [newest] = await store.recent('flights', 1);
    expect([newest?.id, newest?.score, newest?.inputs['temp']]).toEqual(['u/0', null, null]);
  });

  it('an outcome that cannot be written is refused with a code, and the next one is kept', async () => {
    const folder = outcomes();
    renameSync(folder, `${folder}-away`);
    writeFileSync(folder, 'a file where the folder was');
    const one = { predictionId: 'r0/0', name: 'late', value: 1, time: 1 };
    await expect(store.addOutcomes('flights', [one])).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    rmSync(folder);
    mkdirSync(folder);
    await store.addOutcomes('flights', [one]);
    expect(await store.labelled(query)).toHaveLength(1);
  });
});
