/** What a store must know of deleted things and of whole tables, for every adapter. */
import { describe, expect, it } from 'vitest';
import type { MetadataStore } from '../ports/metadata-store.ts';
import { SCANS, type ScanName, type ScanRow } from '../ports/table-source.ts';

const hex = (n: number): string => n.toString(16).padStart(32, '0');
const NOW = 1_700_000_000_000;

async function rowsOf(store: MetadataStore, table: ScanName): Promise<readonly ScanRow[]> {
  const rows: ScanRow[] = [];
  for await (const batch of store.tables.scan(table)) {
    expect(batch.length).toBeLessThanOrEqual(10_000);
    rows.push(...batch);
  }
  return rows;
}

export function retentionCases(open: () => MetadataStore): void {
  async function experiment(name: string): Promise<string> {
    return (
      await open().tracking.createExperiment({
        name,
        lifecycle: 'active',
        createdAt: 1,
        updatedAt: 1,
        tags: { team: 'a' },
      })
    ).id;
  }
  async function run(n: number, experimentId: string): Promise<string> {
    const { tracking } = open();
    const info = {
      id: hex(n),
      experimentId,
      name: `run ${n}`,
      userId: 'u',
      startTime: n,
      lifecycle: 'active' as const,
    };
    await tracking.createRun({ ...info, status: 'FINISHED' }, { color: 'red' });
    await tracking.logBatch(info.id, {
      metrics: [
        { key: 'loss', value: 0.5, timestamp: 1, step: 1 },
        { key: 'loss', value: 0.25, timestamp: 2, step: 2 },
        { key: 'nan', value: Number.NaN, timestamp: 1, step: 0 },
      ],
      params: [{ key: 'lr', value: '0.1' }],
    });
    const dataset = { name: 'd', digest: 'x', sourceType: 'local', source: '{}' };
    await tracking.logInputs(info.id, [{ dataset, tags: [] }], []);
    await tracking.putArtifact(
      { kind: 'run', id: info.id },
      { path: 'a.txt', digest: `sha256:${hex(n)}${hex(n)}`, bytes: 7 },
    );
    return info.id;
  }
  const trash = (id: string, at: number) => open().tracking.updateRun(id, { lifecycle: 'deleted', deletedAt: at });

  describe('whole tables', () => {
    it('come with the columns of the port, numbers as numbers and what is missing as null', async () => {
      const of = await experiment('e');
      const id = await run(1, of);
      const store = open();
      for (const name of Object.keys(SCANS) as ScanName[]) {
        for (const row of await rowsOf(store, name)) expect(row, name).toHaveLength(SCANS[name].length);
      }
      expect(await rowsOf(store, 'runs')).toEqual([[id, of, 'run 1', 'u', 'FINISHED', 1, null, 'active', null]]);
      expect(await rowsOf(store, 'metrics')).toEqual([
        [id, 'loss', 0.25, 2, 2, 2],
        [id, 'nan', Number.NaN, 0, 1, 1],
      ]);
      expect(await rowsOf(store, 'params')).toEqual([[id, 'lr', '0.1']]);
      expect((await rowsOf(store, 'tags')).map((row) => row.slice(1))).toContainEqual(['color', 'red']);
      expect(await rowsOf(store, 'experimentTags')).toEqual([[of, 'team', 'a']]);
      expect(await rowsOf(store, 'artifacts')).toEqual([['run', id, 'a.txt', `sha256:${hex(1)}${hex(1)}`, 7]]);
      expect(await rowsOf(store, 'runDatasets')).toEqual([[id, 'd', 'x', 'local', '{}', '[]']]);
    });

    it('come whole, each row once, over many batches', async () => {
      const of = await experiment('e');
      const { tracking } = open();
      for (let r = 0; r < 13; r += 1) {
        const info = {
          id: hex(r),
          experimentId: of,
          name: 'r',
          userId: '',
          startTime: r,
          lifecycle: 'active' as const,
        };
        await tracking.createRun({ ...info, status: 'RUNNING' }, {});
        const metrics = Array.from({ length: 900 }, (_, k) => ({ key: `k${k}`, value: k, timestamp: 1, step: 0 }));
        await tracking.logBatch(info.id, { metrics });
      }
      const rows = await rowsOf(open(), 'metrics');
      expect(rows).toHaveLength(13 * 900);
      expect(new Set(rows.map((row) => `${String(row[0])} ${String(row[1])}`)).size).toBe(13 * 900);
    });
  });

  describe('deleted things', () => {
    it('are listed with their moment, the last first; a run of a deleted experiment counts from then', async () => {
      const [a, b] = [await experiment('a'), await experiment('b')];
      const [own, withIt] = [await run(1, a), await run(2, b)];
      await trash(own, NOW);
      await open().tracking.updateExperiment(b, { lifecycle: 'deleted', updatedAt: NOW + 10 });
      const { retention } = open();
      const { items, total } = await retention.trash(10);
      expect(total).toBe(3);
      expect(items.map((one) => [one.kind, one.id, one.deletedAt])).toEqual(
        expect.arrayContaining([
          ['run', own, NOW],
          ['run', withIt, NOW + 10],
          ['experiment', b, NOW + 10],
        ]),
      );
      expect(items[2]).toMatchObject({ kind: 'run', id: own, label: 'run 1', experimentId: a });
      expect((await retention.trash(1)).items).toHaveLength(1);
      expect((await retention.deletedBefore(NOW)).map((one) => one.id)).toEqual([own]);
      expect((await retention.deletedBefore(NOW - 1)).length).toBe(0);
      expect((await retention.stillDeleted([own, withIt, hex(9)], 'run', NOW)).map((one) => one.id)).toEqual([own]);
      expect(await retention.namedBytes('run', [own, withIt])).toEqual(
        new Map([
          [own, 7],
          [withIt, 7],
        ]),
      );
      expect((await retention.contents(a)).runs).toEqual([own]);
    });

    it('go with every row of theirs, and nothing of others; a transaction that fails takes nothing', async () => {
      const of = await experiment('e');
      const [goes, stays] = [await run(1, of), await run(2, of)];
      const model = `m-${hex(7)}`;
      await open().tracking.createLoggedModel({
        id: model,
        experimentId: of,
        name: 'net',
        modelType: '',
        sourceRunId: goes,
        status: 'LOGGED_MODEL_READY' as const,
        createdAt: 1,
        updatedAt: 1,
        params: [{ key: 'p', value: '1' }],
        tags: [],
        metrics: [],
      });
      expect(await open().retention.modelsOfRuns([goes, stays])).toEqual([{ id: model, sourceRunId: goes }]);
      const removal = { runs: [goes], loggedModels: [model], experiments: [] };
      const failed = open().transaction(async (tx) => {
        await tx.retention.remove(removal);
        throw new Error('changed my mind');
      });
      await expect(failed).rejects.toThrow('changed my mind');
      expect((await open().tracking.getRun(goes))?.metrics).toHaveLength(2);

      await open().transaction((tx) => tx.retention.remove(removal));
      for (const name of Object.keys(SCANS) as ScanName[]) {
        for (const row of await rowsOf(open(), name)) expect(row, name).not.toContain(goes);
      }
      expect(await open().tracking.getRun(goes)).toBeUndefined();
      expect(await open().tracking.getLoggedModel(model)).toBeUndefined();
      expect(await open().tracking.metricHistory(goes, 'loss', { limit: 9, offset: 0 })).toEqual([]);
      expect(await open().tracking.metricHistory(stays, 'loss', { limit: 9, offset: 0 })).toHaveLength(2);
      await open().transaction((tx) => tx.retention.remove({ runs: [stays], loggedModels: [], experiments: [of] }));
      expect(await open().tracking.getExperiment(of)).toBeUndefined();
      expect(await experiment('e')).not.toBe(of);
    });

    it('a logged model comes back; jobs that were done go by age, others never', async () => {
      const of = await experiment('e');
      const id = `m-${hex(7)}`;
      const { tracking, retention, jobs } = open();
      await tracking.createLoggedModel({
        id,
        experimentId: of,
        name: 'net',
        modelType: '',
        status: 'LOGGED_MODEL_READY' as const,
        createdAt: 1,
        updatedAt: 1,
        params: [],
        tags: [],
        metrics: [],
      });
      expect(await open().transaction((tx) => tx.retention.restoreModel(id, 5))).toBe(false);
      await tracking.updateLoggedModel(id, { updatedAt: 2, deletedAt: NOW });
      expect(await retention.deletedBefore(NOW)).toMatchObject([{ kind: 'logged-model', id, deletedAt: NOW }]);
      expect(await open().transaction((tx) => tx.retention.restoreModel(id, 5))).toBe(true);
      expect((await tracking.getLoggedModel(id))?.deletedAt).toBeUndefined();

      for (const [job, at] of [
        ['old', 1],
        ['new', NOW],
        ['waiting', 1],
      ] as const) {
        await jobs.add({ id: job, queue: job, payload: '', at });
        if (job === 'waiting') continue;
        const claimed = await jobs.claim(job, 'me', NOW, 1000);
        await jobs.finish(job, claimed?.fence ?? 0);
      }
      expect(await retention.doneJobs(NOW - 1, false)).toBe(1);
      expect(await open().transaction((tx) => tx.retention.doneJobs(NOW - 1, true))).toBe(1);
      expect(
        [...(await jobs.list('old')), ...(await jobs.list('new')), ...(await jobs.list('waiting'))].map(
          (one) => one.id,
        ),
      ).toEqual(['new', 'waiting']);
    });
  });
}
