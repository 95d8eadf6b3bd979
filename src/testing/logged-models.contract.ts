/** The part of the tracking store's contract about logged models and artifacts. */
import { beforeEach, describe, expect, it } from 'vitest';
import { LOGGED_MODEL_GRAMMAR } from '../domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../domain/tracking-filter.ts';
import type { LoggedModel, Metric, RunInfo } from '../domain/tracking.ts';
import type { TrackingStore } from '../ports/tracking-store.ts';

const metric = (key: string, value: number, step = 0, timestamp = 1): Metric => ({ key, value, step, timestamp });
const all = { limit: 1000, offset: 0 };

interface Opened {
  readonly store: TrackingStore;
  readonly experimentId: string;
  readonly info: (id: string) => RunInfo;
}

/** `opened` gives the store of the running test. */
export function loggedModelCases(opened: () => Opened): void {
  let store: TrackingStore;
  let experimentId: string;
  let info: Opened['info'];
  beforeEach(() => {
    ({ store, experimentId, info } = opened());
  });

  describe('logged models', () => {
    const model = (id: string, createdAt: number): LoggedModel => ({
      id,
      experimentId,
      name: `model-${id}`,
      modelType: '',
      sourceRunId: 'a',
      status: 'LOGGED_MODEL_PENDING',
      createdAt,
      updatedAt: createdAt,
      params: [{ key: 'p', value: '1' }],
      tags: [],
      metrics: [],
    });

    it('goes through its life', async () => {
      await store.createLoggedModel(model('m-1', 10));
      const ready = await store.updateLoggedModel('m-1', { status: 'LOGGED_MODEL_READY', updatedAt: 20 });
      expect(ready).toEqual({ ...model('m-1', 10), status: 'LOGGED_MODEL_READY', updatedAt: 20 });
      await store.setLoggedModelTags('m-1', { t: 'x' });
      await store.addLoggedModelParams('m-1', { q: '2' });
      expect(await store.getLoggedModel('m-1')).toMatchObject({
        tags: [{ key: 't', value: 'x' }],
        params: [
          { key: 'p', value: '1' },
          { key: 'q', value: '2' },
        ],
      });
      expect(await store.deleteLoggedModelTag('m-1', 't')).toBe(true);
      expect(await store.deleteLoggedModelTag('m-1', 't')).toBe(false);
      await store.updateLoggedModel('m-1', { updatedAt: 30, deletedAt: 30 });
      await expect(store.setLoggedModelTags('m-1', { a: 'b' })).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
      await expect(store.updateLoggedModel('m-9', { updatedAt: 1 })).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    });

    it('gets the metrics that were logged with it and can be searched by them', async () => {
      await store.createRun(info('a'), {});
      await store.createLoggedModel(model('m-1', 10));
      await store.createLoggedModel(model('m-2', 20));
      await store.logBatch('a', {
        metrics: [
          { ...metric('auc', 0.8), modelId: 'm-1', datasetName: 'd', datasetDigest: 'x' },
          { ...metric('auc', 0.6), modelId: 'm-2' },
        ],
      });
      const find = async (filter: string, datasets: { name: string; digest?: string }[] = [], order: string[] = []) => {
        const found = await store.searchLoggedModels({
          ...all,
          experimentIds: [experimentId],
          datasets,
          filter: parseFilter(filter, LOGGED_MODEL_GRAMMAR),
          order: parseOrder(order, LOGGED_MODEL_GRAMMAR),
        });
        return found.map((one) => one.id);
      };
      expect(await find('')).toEqual(['m-2', 'm-1']);
      expect(await find('', [], ['metrics.auc DESC'])).toEqual(['m-1', 'm-2']);
      expect(await find('metrics.auc > 0.5')).toEqual(['m-2', 'm-1']);
      expect(await find('metrics.auc > 0.5', [{ name: 'd' }])).toEqual(['m-1']);
      expect(await find('metrics.auc > 0.5', [{ name: 'd', digest: 'other' }])).toEqual([]);
      expect(await find("name = 'model-m-2' AND params.p = '1'")).toEqual(['m-2']);
      expect((await store.getLoggedModel('m-1'))?.metrics).toEqual([
        { ...metric('auc', 0.8), modelId: 'm-1', runId: 'a', datasetName: 'd', datasetDigest: 'x' },
      ]);
      // All points stay, a repeat is dropped, and a search goes by the latest.
      const later = { ...metric('auc', 0.3, 1, 2), modelId: 'm-1', datasetName: 'd', datasetDigest: 'x' };
      await store.logBatch('a', { metrics: [later] });
      await store.logBatch('a', { metrics: [later] });
      expect((await store.getLoggedModel('m-1'))?.metrics.map((point) => point.value)).toEqual([0.8, 0.3]);
      expect(await find('', [], ['metrics.auc DESC'])).toEqual(['m-2', 'm-1']);
      expect(await find('metrics.auc > 0.5')).toEqual(['m-2']);
    });
  });

  describe('artifacts', () => {
    it('lists exactly what lies below a path', async () => {
      const owner = { kind: 'run', id: 'a' } as const;
      const put = (path: string, digest = 'sha256:1') => store.putArtifact(owner, { path, digest, bytes: 1 });
      await put('model/MLmodel');
      await put('model/data/x.bin');
      await put('model0');
      await put('model-2/MLmodel');
      await put('model/MLmodel', 'sha256:2');
      await store.putArtifact({ kind: 'model', id: 'a' }, { path: 'other', digest: 'sha256:3', bytes: 1 });
      expect((await store.listArtifacts(owner, 'model')).map((row) => row.path)).toEqual([
        'model/MLmodel',
        'model/data/x.bin',
      ]);
      expect(await store.listArtifacts(owner, '')).toHaveLength(4);
      expect(await store.getArtifact(owner, 'model/MLmodel')).toEqual({
        path: 'model/MLmodel',
        digest: 'sha256:2',
        bytes: 1,
      });
      expect(await store.getArtifact(owner, 'model')).toBeUndefined();
      expect(await store.deleteArtifacts(owner, 'model')).toBe(2);
      expect(await store.deleteArtifacts(owner, 'model')).toBe(0);
      expect((await store.listArtifacts(owner, '')).map((row) => row.path)).toEqual(['model-2/MLmodel', 'model0']);
    });
  });
}
