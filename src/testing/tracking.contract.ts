/** What every tracking store must do: run it over a fresh store with `trackingContract('mine', open)`. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXPERIMENT_GRAMMAR, RUN_GRAMMAR } from '../domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../domain/tracking-filter.ts';
import type { Metric, RunInfo } from '../domain/tracking.ts';
import type { TrackingStore } from '../ports/tracking-store.ts';
import { loggedModelCases } from './logged-models.contract.ts';
import { metricCases } from './metrics.contract.ts';
import { traceCases } from './traces.contract.ts';

export interface OpenTracking {
  readonly tracking: TrackingStore;
  close(): Promise<void>;
}

const metric = (key: string, value: number, step = 0, timestamp = 1): Metric => ({ key, value, step, timestamp });
const all = { limit: 1000, offset: 0 };

export function trackingContract(name: string, open: () => Promise<OpenTracking>): void {
  describe(`tracking store: ${name}`, () => {
    let opened: OpenTracking;
    let store: TrackingStore;
    let experimentId: string;

    beforeEach(async () => {
      opened = await open();
      store = opened.tracking;
      const created = {
        name: 'flights',
        lifecycle: 'active',
        createdAt: 10,
        updatedAt: 10,
        tags: { team: 'air' },
      } as const;
      experimentId = (await store.createExperiment(created)).id;
    });
    afterEach(() => opened.close());

    const info = (id: string, more: Partial<RunInfo> = {}): RunInfo => ({
      id,
      experimentId,
      name: `run-${id}`,
      userId: 'ada',
      status: 'RUNNING',
      startTime: 100,
      lifecycle: 'active',
      ...more,
    });
    const search = async (filter: string, order: readonly string[] = []): Promise<readonly string[]> => {
      const found = await store.searchRuns({
        ...all,
        experimentIds: [experimentId],
        view: 'ACTIVE_ONLY',
        filter: parseFilter(filter, RUN_GRAMMAR),
        order: parseOrder(order, RUN_GRAMMAR),
      });
      return found.map((run) => run.info.id);
    };

    describe('experiments', () => {
      it('has Default as 0 from the start and gives integers that rise', async () => {
        expect(await store.getExperiment('0')).toMatchObject({ name: 'Default', lifecycle: 'active' });
        expect(Number(experimentId)).toBeGreaterThan(0);
        const next = await store.createExperiment({
          name: 'b',
          lifecycle: 'active',
          createdAt: 1,
          updatedAt: 1,
          tags: {},
        });
        expect(Number(next.id)).toBeGreaterThan(Number(experimentId));
        expect(await store.getExperimentByName('flights')).toMatchObject({ id: experimentId, tags: { team: 'air' } });
        expect(await store.getExperiment('nonsense')).toBeUndefined();
        expect(await store.getExperiment('999')).toBeUndefined();
      });

      it('keeps a name taken while its experiment is deleted', async () => {
        await store.updateExperiment(experimentId, { lifecycle: 'deleted', updatedAt: 11 });
        const again = { name: 'flights', lifecycle: 'active', createdAt: 12, updatedAt: 12, tags: {} } as const;
        await expect(store.createExperiment(again)).rejects.toMatchObject({ code: 'MW-EXISTS' });
        await expect(store.updateExperiment('0', { name: 'flights', updatedAt: 1 })).rejects.toMatchObject({
          code: 'MW-EXISTS',
        });
      });

      it('carries delete and restore to its runs', async () => {
        await store.createRun(info('a'), {});
        await store.updateExperiment(experimentId, { lifecycle: 'deleted', updatedAt: 11 });
        expect((await store.getRunInfo('a'))?.lifecycle).toBe('deleted');
        await expect(store.createRun(info('b'), {})).rejects.toMatchObject({ code: 'MW-INVALID' });
        await store.updateExperiment(experimentId, { lifecycle: 'active', updatedAt: 12 });
        expect((await store.getRunInfo('a'))?.lifecycle).toBe('active');
      });

      it('searches by name and tag, newest first', async () => {
        await store.createExperiment({
          name: 'flights-2',
          lifecycle: 'active',
          createdAt: 20,
          updatedAt: 20,
          tags: {},
        });
        const find = async (filter: string, order: string[] = []) => {
          const found = await store.searchExperiments({
            ...all,
            view: 'ACTIVE_ONLY',
            filter: parseFilter(filter, EXPERIMENT_GRAMMAR),
            order: parseOrder(order, EXPERIMENT_GRAMMAR),
          });
          return found.map((one) => one.name);
        };
        expect(await find("name LIKE 'flights%'")).toEqual(['flights-2', 'flights']);
        expect(await find("name LIKE 'FLIGHTS%'")).toEqual([]);
        expect(await find("name ILIKE 'FLIGHTS%'", ['name ASC'])).toEqual(['flights', 'flights-2']);
        expect(await find("tags.team = 'air'")).toEqual(['flights']);
      });

      it('sets, replaces and deletes tags', async () => {
        await store.setExperimentTag(experimentId, 'team', 'sea');
        expect((await store.getExperiment(experimentId))?.tags).toEqual({ team: 'sea' });
        expect(await store.deleteExperimentTag(experimentId, 'team')).toBe(true);
        expect(await store.deleteExperimentTag(experimentId, 'team')).toBe(false);
        await expect(store.setExperimentTag('999', 'a', 'b')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
      });
    });

    describe('runs', () => {
      it('gives back what was written, and keeps name and name tag equal', async () => {
        await store.createRun(info('a'), { 'mlflow.user': 'ada' });
        await store.updateRun('a', { name: 'better', status: 'FINISHED', endTime: 200 });
        const run = await store.getRun('a');
        expect(run?.info).toEqual(info('a', { name: 'better', status: 'FINISHED', endTime: 200 }));
        expect(run?.tags).toEqual([
          { key: 'mlflow.runName', value: 'better' },
          { key: 'mlflow.user', value: 'ada' },
        ]);
        await store.logBatch('a', { tags: [{ key: 'mlflow.runName', value: 'best' }] });
        expect((await store.getRunInfo('a'))?.name).toBe('best');
        expect((await store.updateRun('a', { endTime: null })).endTime).toBeUndefined();
        await expect(store.updateRun('zz', {})).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
        await expect(store.createRun(info('b', { experimentId: '999' }), {})).rejects.toMatchObject({
          code: 'MW-NOT-FOUND',
        });
      });

      it('refuses every write to a deleted run', async () => {
        await store.createRun(info('a'), {});
        await store.updateRun('a', { lifecycle: 'deleted' });
        const refused = { code: 'MW-INVALID', message: expect.stringContaining("must be in the 'active' state") };
        await expect(store.logBatch('a', { metrics: [metric('m', 1)] })).rejects.toMatchObject(refused);
        await expect(store.deleteTag('a', 'x')).rejects.toMatchObject(refused);
        await expect(store.logInputs('a', [], ['m-1'])).rejects.toMatchObject(refused);
        expect(await store.metricHistory('a', 'm', all)).toEqual([]);
      });

      it('keeps params immutable and refuses the whole batch', async () => {
        await store.createRun(info('a'), {});
        await store.logBatch('a', { params: [{ key: 'depth', value: '4' }] });
        await store.logBatch('a', { params: [{ key: 'depth', value: '4' }] });
        await expect(
          store.logBatch('a', {
            metrics: [metric('m', 1)],
            params: [
              { key: 'new', value: '1' },
              { key: 'depth', value: '5' },
            ],
            tags: [{ key: 't', value: 'x' }],
          }),
        ).rejects.toMatchObject({ code: 'MW-INVALID', message: expect.stringContaining("value='4'") });
        const run = await store.getRun('a');
        expect(run?.params).toEqual([{ key: 'depth', value: '4' }]);
        expect(run?.metrics).toEqual([]);
        expect(run?.tags).toEqual([{ key: 'mlflow.runName', value: 'run-a' }]);
      });

      it('drops exact repeats of points and takes the latest by step, time, value', async () => {
        await store.createRun(info('a'), {});
        const points = [metric('m', 5, 2, 10), metric('m', 9, 1, 99), metric('m', 4, 2, 10), metric('m', 1, 2, 9)];
        await store.logBatch('a', { metrics: points });
        await store.logBatch('a', { metrics: points });
        expect((await store.getRun('a'))?.metrics).toEqual([metric('m', 5, 2, 10)]);
        const history = await store.metricHistory('a', 'm', all);
        expect(history.map((point) => point.value)).toEqual([1, 4, 5, 9]);
        expect((await store.metricHistory('a', 'm', { limit: 2, offset: 1 })).map((point) => point.value)).toEqual([
          4, 5,
        ]);
        expect(await store.metricKeys('a')).toEqual([{ key: 'm', points: 4 }]);
        expect(await store.metricHistory('a', 'unknown', all)).toEqual([]);
      });

      it('keeps NaN and the greatest numbers, negative steps and a batch of 1,000', async () => {
        await store.createRun(info('a'), {});
        await store.logBatch('a', { metrics: [metric('n', Number.NaN), metric('n', Number.NaN), metric('n', 0)] });
        const history = await store.metricHistory('a', 'n', all);
        expect(history.map((point) => point.value)).toEqual([0, Number.NaN]);
        expect((await store.getRun('a'))?.metrics[0]?.value).toBeNaN();
        const metrics = Array.from({ length: 1000 }, (_, i) => metric('long', i, i - 500, i));
        await store.logBatch('a', {
          metrics: [...metrics, metric('max', Number.MAX_VALUE), metric('min', -Number.MAX_VALUE)],
        });
        expect(await store.metricHistory('a', 'long', { limit: 5000, offset: 0 })).toHaveLength(1000);
        const latest = new Map((await store.getRun('a'))?.metrics.map((one) => [one.key, one.value]));
        expect(latest.get('long')).toBe(999);
        expect(latest.get('max')).toBe(Number.MAX_VALUE);
        expect(latest.get('min')).toBe(-Number.MAX_VALUE);
      });

      it('replaces tags, deletes them once, and takes the last of a repeated key', async () => {
        await store.createRun(info('a'), {});
        await store.logBatch('a', {
          tags: [
            { key: 't', value: '1' },
            { key: 't', value: '2' },
          ],
        });
        expect((await store.getRun('a'))?.tags).toContainEqual({ key: 't', value: '2' });
        expect(await store.deleteTag('a', 't')).toBe(true);
        expect(await store.deleteTag('a', 't')).toBe(false);
      });

      it('links datasets and models once', async () => {
        await store.createRun(info('a'), {});
        const dataset = { name: 'd', digest: 'x1', sourceType: 'local', source: '{}', schema: '{}' };
        const tags = [{ key: 'mlflow.data.context', value: 'training' }];
        await store.logInputs('a', [{ dataset, tags }], ['m-1']);
        await store.logInputs('a', [{ dataset, tags }], ['m-1']);
        await store.logOutputs('a', [{ modelId: 'm-2', step: 3 }]);
        const run = await store.getRun('a');
        expect(run?.datasets).toEqual([{ dataset, tags }]);
        expect(run?.modelInputs).toEqual(['m-1']);
        expect(run?.modelOutputs).toEqual([{ modelId: 'm-2', step: 3 }]);
        expect(await search("dataset.name = 'd'")).toEqual(['a']);
        expect(await search("dataset.context = 'training' AND dataset.digest LIKE 'x%'")).toEqual(['a']);
        expect(await search("dataset.context = 'eval'")).toEqual([]);
      });

      it('tells each use of a data set once, with what it was for', async () => {
        const dataset = { name: 'd', digest: 'x1', sourceType: 'local', source: '{}' };
        const tagged = (value: string) => ({ dataset, tags: [{ key: 'mlflow.data.context', value }] });
        for (const [id, context] of [
          ['a', 'training'],
          ['b', 'training'],
          ['c', 'eval'],
        ] as const) {
          await store.createRun(info(id), {});
          await store.logInputs(id, [tagged(context)], []);
        }
        await store.createRun(info('e'), {});
        await store.logInputs('e', [{ dataset: { ...dataset, digest: 'x2' }, tags: [] }], []);
        const uses = await store.datasetUses([info('a').experimentId], 100);
        const of = { experimentId, name: 'd' };
        expect(uses).toHaveLength(3);
        expect(uses).toEqual(
          expect.arrayContaining([
            { ...of, digest: 'x1', context: 'training' },
            { ...of, digest: 'x1', context: 'eval' },
            { ...of, digest: 'x2' },
          ]),
        );
        expect(await store.datasetUses([], 100)).toEqual([]);
        expect(await store.datasetUses(['999'], 100)).toEqual([]);
        expect(await store.datasetUses([experimentId], 1)).toHaveLength(1);
      });
    });

    describe('search of runs', () => {
      beforeEach(async () => {
        await store.createRun(info('a', { startTime: 100 }), { kind: 'tree' });
        await store.createRun(info('b', { startTime: 300, status: 'FINISHED', endTime: 400 }), { kind: 'Linear' });
        await store.createRun(info('c', { startTime: 200 }), {});
        await store.logBatch('a', {
          metrics: [metric('auc', 0.7), metric('a b', 1)],
          params: [{ key: 'depth', value: '4' }],
        });
        await store.logBatch('b', { metrics: [metric('auc', 0.9)], params: [{ key: 'depth', value: '8' }] });
        await store.logBatch('c', { metrics: [metric('auc', Number.NaN)] });
      });

      it('orders by start time, newest first, unless told', async () => {
        expect(await search('')).toEqual(['b', 'c', 'a']);
        expect(await search('', ['attributes.start_time ASC'])).toEqual(['a', 'c', 'b']);
        expect(await search('', ['end_time ASC'])).toEqual(['b', 'c', 'a']);
        expect(await search('', ['tags.kind DESC'])).toEqual(['a', 'b', 'c']);
      });

      it('puts NaN after numbers and missing values last, in both directions', async () => {
        await store.createRun(info('d', { startTime: 500 }), {});
        expect(await search('', ['metrics.auc ASC'])).toEqual(['a', 'b', 'c', 'd']);
        expect(await search('', ['metrics.auc DESC'])).toEqual(['b', 'a', 'c', 'd']);
      });

      it('filters by every kind of comparison', async () => {
        expect(await search('metrics.auc > 0.8')).toEqual(['b']);
        expect(await search('metrics.auc <= 0.9')).toEqual(['b', 'a']);
        expect(await search('metrics.auc != 0.7')).toEqual(['b']);
        expect(await search('metrics.`a b` = 1')).toEqual(['a']);
        expect(await search("params.depth = '4'")).toEqual(['a']);
        expect(await search("params.depth != '4'")).toEqual(['b']);
        expect(await search("tags.kind LIKE 'T%'")).toEqual([]);
        expect(await search("tags.kind ILIKE 'T%'")).toEqual(['a']);
        expect(await search("tags.kind ILIKE '%NEA_'")).toEqual(['b']);
        expect(await search('tags.kind IS NULL')).toEqual(['c']);
        expect(await search('tags.kind IS NOT NULL')).toEqual(['b', 'a']);
        expect(await search("run_id IN ('a', 'c')")).toEqual(['c', 'a']);
        expect(await search("run_id NOT IN ('a', 'c')")).toEqual(['b']);
        expect(await search("attributes.status = 'FINISHED' and start_time > 250")).toEqual(['b']);
        expect(await search("run_name = 'run-c'")).toEqual(['c']);
        expect(await search("artifact_uri LIKE '%/b/artifacts'")).toEqual(['b']);
      });

      it('takes hostile values as values', async () => {
        expect(await search("params.depth = '4'' OR 1=1 --'")).toEqual([]);
        expect(await search("tags.`x' or 1=1` = 'y'")).toEqual([]);
        expect(await search("tags.kind LIKE '[tT]ree'")).toEqual([]);
        expect(await search("tags.kind LIKE '*'")).toEqual([]);
      });

      it('pages, counts and hides the deleted', async () => {
        await store.updateRun('b', { lifecycle: 'deleted' });
        const query = { experimentIds: [experimentId, '999'], filter: [], order: [] } as const;
        const first = await store.searchRuns({ ...query, view: 'ALL', limit: 2, offset: 0 });
        const second = await store.searchRuns({ ...query, view: 'ALL', limit: 2, offset: 2 });
        expect([...first, ...second].map((run) => run.info.id)).toEqual(['b', 'c', 'a']);
        expect(await store.countRuns([experimentId], 'ACTIVE_ONLY', [])).toBe(2);
        expect(await store.countRuns([experimentId], 'DELETED_ONLY', [])).toBe(1);
        expect(await store.searchRuns({ ...query, experimentIds: [], view: 'ALL', ...all })).toEqual([]);
      });
    });

    loggedModelCases(() => ({ store, experimentId, info }));
    metricCases(() => ({ store, experimentId, info }));
    traceCases(() => ({ store, experimentId }));
  });
}
