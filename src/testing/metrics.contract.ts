/** The part of the tracking store's contract about long histories, samples of them, pages of many runs and the time of deletion. */
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RUN_GRAMMAR } from '../domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../domain/tracking-filter.ts';
import type { Metric, RunInfo } from '../domain/tracking.ts';
import type { RunSearch, TrackingStore } from '../ports/tracking-store.ts';

const metric = (key: string, value: number, step = 0, timestamp = 1): Metric => ({ key, value, step, timestamp });
const everything = { limit: 1_000_000, offset: 0 };

function chronological(a: Metric, b: Metric): number {
  const nan = Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
  return a.timestamp - b.timestamp || a.step - b.step || nan || a.value - b.value;
}

interface Opened {
  readonly store: TrackingStore;
  readonly experimentId: string;
  readonly info: (id: string, more?: Partial<RunInfo>) => RunInfo;
}

/** `opened` gives the store of the running test. */
export function metricCases(opened: () => Opened): void {
  describe('many points and many runs', () => cases(opened));
}

function cases(opened: () => Opened): void {
  let store: TrackingStore;
  let experimentId: string;
  let info: Opened['info'];
  beforeEach(async () => {
    ({ store, experimentId, info } = opened());
    await store.createRun(info('a'), {});
  });

  async function log(points: readonly Metric[], size: number): Promise<void> {
    for (let i = 0; i < points.length; i += size) await store.logBatch('a', { metrics: points.slice(i, i + size) });
  }

  describe('histories', () => {
    it('are the set of all points in order, whatever the batches, their order and their repeats', async () => {
      const point = fc.record({
        key: fc.constantFrom('x', 'y'),
        value: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constant(Number.NaN)),
        timestamp: fc.integer({ min: 0, max: 6 }),
        step: fc.integer({ min: -3, max: 3 }),
      });
      let round = 0;
      const property = fc.asyncProperty(
        fc.array(fc.array(point, { maxLength: 40 }), { maxLength: 12 }),
        async (batches) => {
          round += 1;
          const id = `p${round}`;
          await store.createRun(info(id), {});
          for (const metrics of batches) await store.logBatch(id, { metrics });
          const keys = await store.metricKeys(id);
          const latest = new Map((await store.getRun(id))?.metrics.map((one) => [one.key, one]));
          for (const key of ['x', 'y']) {
            const all = batches.flat().filter((one) => one.key === key);
            const distinct = [
              ...new Map(all.map((one) => [`${one.timestamp}/${one.step}/${one.value}`, one])).values(),
            ];
            const expected = distinct.sort(chronological);
            expect(await store.metricHistory(id, key, everything)).toEqual(expected);
            expect(keys.find((one) => one.key === key)?.points ?? 0).toBe(expected.length);
            const newest = [...expected].sort((a, b) => a.step - b.step || chronological(a, b)).at(-1);
            expect(latest.get(key)).toEqual(newest);
          }
        },
      );
      await fc.assert(property, { numRuns: 25 });
    });

    it('come back page by page, from one point a call to thousands', async () => {
      const points = Array.from({ length: 3500 }, (_, i) => metric('long', Math.sin(i), i, 1000 + i));
      await log(points.slice(0, 300), 1);
      await log(points.slice(300, 2500), 170);
      await log(points.slice(2500), 1000);
      await log(points.slice(100, 900), 400);
      expect(await store.metricHistory('a', 'long', everything)).toEqual(points);
      const paged: Metric[] = [];
      for (let offset = 0; offset < 3500; offset += 333) {
        paged.push(...(await store.metricHistory('a', 'long', { limit: 333, offset })));
      }
      expect(paged).toEqual(points);
      expect(await store.metricHistory('a', 'long', { limit: 10, offset: 3500 })).toEqual([]);
      expect(await store.metricKeys('a')).toEqual([{ key: 'long', points: 3500 }]);
    });

    it('that were logged backwards are in order all the same', async () => {
      const points = Array.from({ length: 2600 }, (_, i) => metric('back', i, i, 1000 + i));
      await log(points.toReversed(), 130);
      expect(await store.metricHistory('a', 'back', everything)).toEqual(points);
      expect(await store.metricHistory('a', 'back', { limit: 5, offset: 1300 })).toEqual(points.slice(1300, 1305));
      expect((await store.getRun('a'))?.metrics).toEqual([points.at(-1)]);
    });
  });

  describe('samples', () => {
    it('keep the ends and every peak, and count what there is', async () => {
      const points = Array.from({ length: 12_000 }, (_, i) => metric('m', Math.sin(i / 900), i, 1000 + i));
      points[4321] = metric('m', 99, 4321, 5321);
      points[8765] = metric('m', -99, 8765, 9765);
      points[6000] = metric('m', Number.NaN, 6000, 7000);
      await log(points, 1000);
      for (const maxPoints of [2, 3, 10, 500]) {
        const sample = await store.sampleHistory('a', 'm', { maxPoints });
        expect(sample.total).toBe(12_000);
        expect(sample.points.length).toBeLessThanOrEqual(maxPoints);
        expect([sample.points[0], sample.points.at(-1)]).toEqual([points[0], points.at(-1)]);
        expect([...sample.points].sort(chronological)).toEqual(sample.points);
        if (maxPoints < 10) continue;
        expect(sample.points).toContainEqual(points[4321]);
        expect(sample.points).toContainEqual(points[8765]);
      }
      const part = await store.sampleHistory('a', 'm', { maxPoints: 50, fromStep: 4000, toStep: 5499 });
      expect(part.total).toBe(1500);
      expect(part.points[0]).toEqual(points[4000]);
      expect(part.points.at(-1)).toEqual(points[5499]);
      expect(part.points).toContainEqual(points[4321]);
      const few = await store.sampleHistory('a', 'm', { maxPoints: 50, fromStep: 10, toStep: 19 });
      expect(few).toEqual({ total: 10, points: points.slice(10, 20) });
      expect(await store.sampleHistory('a', 'none', { maxPoints: 5 })).toEqual({ total: 0, points: [] });
    });
  });

  describe('pages of runs', () => {
    const search = (more: Partial<RunSearch>) =>
      store.searchRuns({
        experimentIds: [experimentId],
        view: 'ACTIVE_ONLY',
        filter: [],
        order: [],
        limit: 1000,
        offset: 0,
        ...more,
      });
    const filter = (text: string) => parseFilter(text, RUN_GRAMMAR);
    const order = (...texts: string[]) => parseOrder(texts, RUN_GRAMMAR);

    it('hold the wanted keys only', async () => {
      await store.logBatch('a', {
        metrics: [metric('m', 1), metric('n', 2)],
        params: [{ key: 'p', value: '1' }],
        tags: [{ key: 't', value: '2' }],
      });
      await store.logInputs('a', [], ['m-1']);
      const [run] = await search({ columns: { metrics: ['n', 'none'], params: [], tags: ['t'] } });
      expect(run).toEqual({
        info: info('a'),
        metrics: [metric('n', 2)],
        params: [],
        tags: [{ key: 't', value: '2' }],
        datasets: [],
        modelInputs: [],
        modelOutputs: [],
      });
    });

    it('are slices of one order, over several experiments, for every kind of order', async () => {
      const other = await store.createExperiment({
        name: 'o',
        lifecycle: 'active',
        createdAt: 1,
        updatedAt: 1,
        tags: {},
      });
      const both = [experimentId, other.id];
      for (let i = 0; i < 24; i += 1) {
        const id = `r${String(i).padStart(2, '0')}`;
        await store.createRun(info(id, { experimentId: both[i % 2] ?? '', startTime: 100 + (i % 5) }), {});
        const params = [{ key: 'k', value: String(i % 3) }];
        const value = i % 6 === 5 ? Number.NaN : i % 4;
        await store.logBatch(id, { params, ...(i % 7 === 0 ? {} : { metrics: [metric('q', value)] }) });
        if (i % 8 === 3) await store.updateRun(id, { lifecycle: 'deleted', deletedAt: 5 });
      }
      for (const experimentIds of [[experimentId], both]) {
        for (const view of ['ACTIVE_ONLY', 'ALL'] as const) {
          for (const by of [
            order(),
            order('start_time ASC'),
            order('metrics.q ASC'),
            order('metrics.q DESC', 'params.k ASC'),
            order('params.k DESC'),
          ]) {
            for (const text of ['', "params.k = '1'", 'metrics.q >= 1']) {
              const asked = { experimentIds, view, filter: filter(text), order: by };
              const whole = (await search(asked)).map((run) => run.info.id);
              const pages: string[] = [];
              for (let offset = 0; offset < 30; offset += 4) {
                pages.push(...(await search({ ...asked, limit: 4, offset })).map((run) => run.info.id));
              }
              expect(pages).toEqual(whole);
              expect(await store.countRuns(experimentIds, view, asked.filter)).toBe(whole.length);
            }
          }
        }
      }
      const rank = (id: string): number => (Number(id.slice(1)) % 6 === 5 ? 1 : 0);
      const found = (
        await search({ experimentIds: both, filter: filter("run_name LIKE 'run-r%'"), order: order('metrics.q DESC') })
      ).map((run) => run.info.id);
      const missing = found.filter((id) => Number(id.slice(1)) % 7 === 0);
      expect(found.slice(-missing.length)).toEqual(missing);
      const measured = found.slice(0, -missing.length);
      expect(measured.map(rank)).toEqual(measured.map(rank).sort((a, b) => a - b));
    });

    it('offer the keys that runs have, most used first', async () => {
      await store.createRun(info('b'), { only: 'b' });
      await store.logBatch('a', { metrics: [metric('m', 1)] });
      await store.logBatch('b', { metrics: [metric('m', 1), metric('n', 1)], params: [{ key: 'p', value: '1' }] });
      expect(await store.runKeys([experimentId])).toEqual({
        metrics: [
          { key: 'm', runs: 2 },
          { key: 'n', runs: 1 },
        ],
        params: [{ key: 'p', runs: 1 }],
        tags: [
          { key: 'mlflow.runName', runs: 2 },
          { key: 'only', runs: 1 },
        ],
      });
      expect(await store.runKeys(['999'])).toEqual({ metrics: [], params: [], tags: [] });
    });
  });

  describe('the time of deletion', () => {
    it('is kept until the run is restored', async () => {
      expect(await store.updateRun('a', { lifecycle: 'deleted', deletedAt: 77 })).toMatchObject({ deletedAt: 77 });
      expect((await store.getRunInfo('a'))?.deletedAt).toBe(77);
      await store.updateRun('a', { lifecycle: 'active', deletedAt: null });
      expect(await store.getRunInfo('a')).toEqual(info('a'));
    });

    it('is that of the experiment for its runs, but for those that were deleted before', async () => {
      await store.createRun(info('b'), {});
      await store.updateRun('b', { lifecycle: 'deleted', deletedAt: 5 });
      await store.updateExperiment(experimentId, { lifecycle: 'deleted', updatedAt: 50 });
      expect((await store.getRunInfo('a'))?.deletedAt).toBe(50);
      expect((await store.getRunInfo('b'))?.deletedAt).toBe(5);
      await store.updateExperiment(experimentId, { lifecycle: 'active', updatedAt: 60 });
      expect(await store.getRunInfo('a')).toEqual(info('a'));
      expect(await store.getRunInfo('b')).toEqual(info('b'));
    });
  });
}
