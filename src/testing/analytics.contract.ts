/** What every AnalyticsStore must hold. An adapter's test gives a way to make an empty store and to log predictions into it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnalyticsUnderTest, LoggedPrediction } from './analytics-under-test.ts';
import { releaseWindowCases } from './release-windows.contract.ts';

const DAY = 86_400_000;

export function analyticsContract(name: string, start: () => Promise<AnalyticsUnderTest>): void {
  describe(`AnalyticsStore contract: ${name}`, () => {
    let under: AnalyticsUnderTest;
    beforeEach(async () => {
      under = await start();
    });
    afterEach(async () => {
      await under.end();
    });

    const rows = (from: number, count: number, step = 1000): LoggedPrediction[] =>
      Array.from({ length: count }, (_, i) => ({
        requestId: `r${String(from + i * step).padStart(12, '0')}`,
        row: 0,
        time: from + i * step,
        version: 1 + (i % 2),
        score: i / count,
        inputs: { temp: i, town: i % 3 === 0 ? 'JFK' : 'LGA', rain: i % 5 === 0 ? null : i / 10 },
      }));
    const query = { endpoint: 'flights', outcome: 'late', from: 0, to: DAY, knownBy: DAY };

    it('knows nothing of an endpoint that was never called', async () => {
      expect(await under.store.span('flights')).toBeUndefined();
      expect(await under.store.labelled(query)).toEqual([]);
      expect(await under.store.columns('flights', 0, DAY, 100)).toEqual([]);
      expect(await under.store.recent('flights', 10)).toEqual([]);
      expect(await under.store.prediction('flights', 'r/0')).toBeUndefined();
      expect(await under.store.count('flights', 0, DAY)).toBe(0);
      expect(await under.store.compact('flights')).toBe(0);
    });

    it('joins outcomes by prediction id, name and the time they were known', async () => {
      await under.log('flights', rows(0, 100));
      await under.store.addOutcomes('flights', [
        { predictionId: 'r000000000000/0', name: 'late', value: 1, time: 5000 },
        { predictionId: 'r000000001000/0', name: 'late', value: 0, time: DAY + 1 },
        { predictionId: 'r000000002000/0', name: 'bag', value: 1, time: 5000 },
        { predictionId: 'nobody/0', name: 'late', value: 1, time: 5000 },
      ]);
      expect(await under.store.labelled(query)).toEqual([{ time: 0, version: 1, score: 0, outcome: 1 }]);
      const later = await under.store.labelled({ ...query, knownBy: DAY + 1 });
      expect(later.map((row) => [row.time, row.version, row.outcome])).toEqual([
        [0, 1, 1],
        [1000, 2, 0],
      ]);
    });

    it('lets an outcome that is sent again replace the earlier one, within a call and across calls', async () => {
      await under.log('flights', rows(0, 3));
      const id = 'r000000000000/0';
      await under.store.addOutcomes('flights', [
        { predictionId: id, name: 'late', value: 0, time: 10 },
        { predictionId: id, name: 'late', value: 1, time: 11 },
      ]);
      expect((await under.store.labelled(query)).map((row) => row.outcome)).toEqual([1]);
      await under.store.addOutcomes('flights', [{ predictionId: id, name: 'late', value: 0.5, time: 9 }]);
      expect((await under.store.labelled(query)).map((row) => row.outcome)).toEqual([0.5]);
      const again = await under.reopen();
      await again.addOutcomes('flights', [{ predictionId: id, name: 'late', value: 0.25, time: 9 }]);
      expect((await again.labelled(query)).map((row) => row.outcome)).toEqual([0.25]);
    });

    it('scans time ranges closed below and open above, over many files in any order', async () => {
      await under.log('flights', rows(50_000, 50));
      await under.log('flights', rows(0, 50));
      expect(await under.store.span('flights')).toEqual({ first: 0, last: 99_000, predictions: 100 });
      expect(await under.store.count('flights', 10_000, 60_000)).toBe(50);
      expect(await under.store.count('flights', 0, 99_000)).toBe(99);
      expect(await under.store.count('flights', 99_000, 99_001)).toBe(1);
      const [temp] = await under.store.columns('flights', 60_000, 70_000, 1000);
      expect([temp?.name, temp?.rows, temp?.min, temp?.max]).toEqual(['temp', 10, 10, 19]);
    });

    it('gives columns with exact counts and a sample that is the same each time', async () => {
      await under.log('flights', rows(0, 1000));
      const windows = await under.store.columns('flights', 0, DAY, 100);
      expect(windows.map((one) => one.name).sort()).toEqual(['rain', 'temp', 'town']);
      const temp = windows.find((one) => one.name === 'temp');
      const rain = windows.find((one) => one.name === 'rain');
      const town = windows.find((one) => one.name === 'town');
      expect([temp?.rows, temp?.missing, temp?.mean, temp?.min, temp?.max]).toEqual([1000, 0, 499.5, 0, 999]);
      expect(temp?.sample.length).toBe(100);
      expect([...(temp?.sample ?? [])]).toEqual([...(temp?.sample ?? [])].sort((a, b) => a - b));
      expect([rain?.rows, rain?.missing]).toEqual([1000, 200]);
      expect(town?.values).toEqual(
        new Map([
          ['LGA', 666],
          ['JFK', 334],
        ]),
      );
      expect(town?.sample.length).toBe(0);
      const again = await (await under.reopen()).columns('flights', 0, DAY, 100);
      expect(again.find((one) => one.name === 'temp')?.sample).toEqual(temp?.sample);
    });

    it('shows the newest predictions with their outcomes, and one by its id', async () => {
      await under.log('flights', rows(0, 20));
      await under.log('flights', rows(20_000, 20));
      await under.store.addOutcomes('flights', [{ predictionId: 'r000000039000/0', name: 'late', value: 1, time: 7 }]);
      const newest = await under.store.recent('flights', 25);
      expect(newest).toHaveLength(25);
      expect(newest[0]?.id).toBe('r000000039000/0');
      expect(newest[24]?.id).toBe('r000000015000/0');
      expect([newest[0]?.outcome, newest[0]?.outcomeTime, newest[1]?.outcome]).toEqual([1, 7, undefined]);
      const one = await under.store.prediction('flights', 'r000000005000/0');
      expect([one?.time, one?.score, one?.inputs['temp'], one?.inputs['rain']]).toEqual([5000, 0.25, 5, null]);
      expect(await under.store.prediction('flights', 'r000000005000/1')).toBeUndefined();
      expect(await under.store.prediction('flights', "x' OR 1=1 --/0")).toBeUndefined();
    });

    it('answers the same after a compaction, also while one runs', async () => {
      for (let i = 0; i < 20; i++) await under.log('flights', rows(i * 10_000, 10));
      for (let i = 0; i < 20; i++) {
        await under.store.addOutcomes('flights', [
          { predictionId: `r${String(i * 10_000).padStart(12, '0')}/0`, name: 'late', value: i % 2, time: 5 },
          { predictionId: 'r000000000000/0', name: 'late', value: i, time: 5 },
        ]);
      }
      const before = await under.store.labelled(query);
      expect(before).toHaveLength(20);
      expect(before[0]?.outcome).toBe(19);
      const compaction = under.store.compact('flights');
      const during = await Promise.all(Array.from({ length: 8 }, async () => under.store.labelled(query)));
      expect(await compaction).toBe(40);
      for (const seen of during) expect(seen).toEqual(before);
      expect(await under.store.labelled(query)).toEqual(before);
      expect(await under.store.span('flights')).toEqual({ first: 0, last: 199_000, predictions: 200 });
      expect(await under.store.compact('flights')).toBe(0);
      const again = await under.reopen();
      await again.addOutcomes('flights', [{ predictionId: 'r000000000000/0', name: 'late', value: 77, time: 5 }]);
      expect((await again.labelled(query))[0]?.outcome).toBe(77);
    });

    it('takes many calls at once and keeps every outcome', async () => {
      await under.log('flights', rows(0, 60));
      await Promise.all(
        rows(0, 60).map(async (row) =>
          under.store.addOutcomes('flights', [{ predictionId: `${row.requestId}/0`, name: 'late', value: 1, time: 1 }]),
        ),
      );
      expect(await (await under.reopen()).labelled(query)).toHaveLength(60);
    });

    it('keeps endpoints apart and refuses names that are not names', async () => {
      await under.log('flights', rows(0, 5));
      expect(await under.store.span('flights-2')).toBeUndefined();
      const outcome = { predictionId: 'a/0', name: 'late', value: 1, time: 1 };
      for (const bad of [
        '',
        '..',
        '.',
        '../flights',
        'a/b',
        'a\\b',
        'A',
        "a'b",
        'a\u0000',
        '-a',
        'a..b',
        'x'.repeat(64),
      ]) {
        await expect(under.store.addOutcomes(bad, [outcome])).rejects.toMatchObject({ code: 'MW-PATH' });
        await expect(under.store.span(bad)).rejects.toMatchObject({ code: 'MW-PATH' });
        await expect(under.store.compact(bad)).rejects.toMatchObject({ code: 'MW-PATH' });
      }
    });

    it('treats hostile outcome and column names as text', async () => {
      const inputs = { 'a"b': 1, "c'd": 'x' };
      await under.log('flights', [{ requestId: "r'1", row: 0, time: 1, score: 0.5, inputs }]);
      await under.store.addOutcomes('flights', [{ predictionId: "r'1/0", name: "late'; --", value: 1, time: 1 }]);
      expect(await under.store.labelled({ ...query, outcome: "late'; --" })).toHaveLength(1);
      const names = (await under.store.columns('flights', 0, 10, 10)).map((one) => one.name);
      expect(names.sort()).toEqual(['a"b', "c'd"]);
      expect((await under.store.prediction('flights', "r'1/0"))?.inputs).toEqual(inputs);
    });

    releaseWindowCases(() => under);
  });
}
