import { describe, expect, it } from 'vitest';
import { openMetadata } from '../../adapters/metadata-sql/index.ts';
import { createMemoryMetadata } from '../../adapters/memory/index.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createRunGroups } from './groups.ts';

interface Logged {
  readonly params: Record<string, string | number>;
  readonly metrics: Record<string, number>;
  readonly tags?: Record<string, string>;
}

async function logged(store: MetadataStore, all: readonly Logged[]): Promise<void> {
  for (const [i, { params, metrics, tags = {} }] of all.entries()) {
    const id = (i + 1).toString(16).padStart(32, '0');
    const info = { id, experimentId: '0', name: `r${i}`, userId: '', startTime: i };
    await store.tracking.createRun({ ...info, status: 'FINISHED', lifecycle: 'active' }, tags);
    await store.tracking.logBatch(id, {
      params: Object.entries(params).map(([key, value]) => ({ key, value: String(value) })),
      metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: 1, step: 0 })),
    });
  }
}

const three = (lr: number, aucs: readonly number[]): readonly Logged[] =>
  aucs.map((auc, seed) => ({ params: { lr, depth: 6, seed }, metrics: { auc, loss: 1 - auc } }));

describe.each([
  ['memory', () => Promise.resolve(createMemoryMetadata())],
  ['sqlite', () => openMetadata('sqlite::memory:')],
] as const)('groups of runs on %s', (_engine, open) => {
  async function groups(all: readonly Logged[], query: object = {}) {
    const store = await open();
    await logged(store, all);
    const found = await createRunGroups(store.tracking).runGroups({ experimentIds: ['0'], ...query });
    await store.close();
    return found;
  }

  it('are of all params but the seed; the best first, and each other tested against it', async () => {
    const found = await groups(
      [...three(0.1, [0.76, 0.78, 0.77, 0.71, 0.79]), ...three(0.01, [0.81, 0.83, 0.79, 0.82, 0.8])],
      { metric: 'auc' },
    );
    expect(found.by).toEqual(['params.lr']);
    expect(found.groups.map((group) => [group.key, group.runs.length])).toEqual([
      [{ 'params.lr': '0.01' }, 5],
      [{ 'params.lr': '0.1' }, 5],
    ]);
    expect(found.groups[0]?.metrics['auc']).toMatchObject({ n: 5, excluded: 0, min: 0.79, max: 0.83 });
    expect(found.groups[0]?.metrics['auc']?.mean).toBeCloseTo(0.81, 12);
    // scipy 1.17.1: ttest_ind(equal_var=False)
    expect(found.tests).toHaveLength(1);
    expect(found.tests[0]).toMatchObject({ group: 1, against: 0 });
    expect(found.tests[0]?.difference).toBeCloseTo(-0.048, 12);
    expect(found.tests[0]?.p).toBeCloseTo(0.02217599974521114, 10);
    expect(found.tests[0]?.pAdjusted).toBe(found.tests[0]?.p);
    expect(found.truncated).toBe(false);
  });

  it('corrects for asking several times, and knows that less may be better', async () => {
    const found = await groups(
      [...three(1, [0.7, 0.71, 0.72]), ...three(2, [0.75, 0.76, 0.77]), ...three(3, [0.74, 0.76, 0.75])],
      { metric: 'loss', lowerIsBetter: true },
    );
    expect(found.groups.map((group) => group.key['params.lr'])).toEqual(['2', '3', '1']);
    const [near, far] = found.tests;
    expect(far?.pAdjusted).toBeCloseTo(2 * (far?.p ?? 0), 12);
    expect(near?.pAdjusted).toBeCloseTo(Math.max(near?.p ?? 0, 2 * (far?.p ?? 0)), 12);
  });

  it('leave NaN and infinities out of the mean and count them', async () => {
    const found = await groups(three(0.1, [0.7, Number.NaN, 0.8, Number.MAX_VALUE]), { metric: 'auc' });
    expect(found.groups[0]?.runs).toHaveLength(4);
    expect(found.groups[0]?.metrics['auc']).toMatchObject({ n: 2, mean: 0.75, excluded: 2 });
  });

  it('of one run or without any variation are shown and not tested', async () => {
    const found = await groups([...three(1, [0.9]), ...three(2, [0.8, 0.8]), ...three(3, [0.7, 0.7])], {
      metric: 'auc',
    });
    expect(found.groups.map((group) => group.metrics['auc']?.n)).toEqual([1, 2, 2]);
    expect(found.groups[0]?.metrics['auc']).not.toHaveProperty('sd');
    expect(found.tests).toEqual([]);
    const varied = await groups([...three(1, [0.9]), ...three(2, [0.8, 0.82]), ...three(3, [0.7, 0.7])], {
      metric: 'auc',
    });
    expect(varied.tests.map((test) => [test.group, test.against])).toEqual([[2, 1]]);
  });

  it('can be of named params and tags; a run that lacks one is a group of its own', async () => {
    const all = [
      { params: { lr: 1 }, metrics: { auc: 0.5 }, tags: { data: 'a' } },
      { params: { lr: 2 }, metrics: { auc: 0.6 }, tags: { data: 'a' } },
      { params: { lr: 3 }, metrics: { auc: 0.4 } },
    ];
    const found = await groups(all, { by: ['tags.data'], metric: 'auc' });
    expect(found.groups.map((group) => [group.key['tags.data'], group.runs.length])).toEqual([
      ['a', 2],
      [null, 1],
    ]);
    const filtered = await groups(all, { by: ['param.lr'], filter: 'metrics.auc > 0.45' });
    expect(filtered.groups).toHaveLength(2);
    expect(filtered.tests).toEqual([]);
  });

  it('refuse what is no key', async () => {
    for (const by of ['lr', 'metrics.auc', '', 'params.'])
      await expect(groups([], { by: [by] })).rejects.toMatchObject({ code: 'MW-INVALID', where: 'by' });
  });
});
