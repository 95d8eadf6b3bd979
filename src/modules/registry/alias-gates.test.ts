import { beforeEach, describe, expect, it } from 'vitest';
import { openMetadata } from '../../adapters/metadata-sql/index.ts';
import { createIds } from '../../platform/ids.ts';
import type { Estimate } from '../../domain/registry.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createRegistry } from './index.ts';
import type { Registry } from './index.ts';

const none = (): void => {};
const ctx: Context = {
  principal: { name: 'ada', role: 'editor' },
  log: { debug: none, info: none, warn: none, error: none },
  signal: new AbortController().signal,
};
let now = 1000;
const clock = { now: () => (now += 1), monotonic: () => now };

let store: MetadataStore;
let registry: Registry;

beforeEach(async () => {
  store = await openMetadata('sqlite::memory:');
  registry = createRegistry({ store, clock, ids: createIds(clock) });
  await registry.ensureModel(ctx, 'flights');
  return () => store.close();
});

const made = (metrics: Record<string, Estimate | number>, more: object = {}) =>
  registry.createVersion(ctx, {
    model: 'flights',
    source: 's3://bucket/x',
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([key, value]) => [key, typeof value === 'number' ? { value } : value]),
    ),
    ...more,
  });
const gate = (...gates: string[]) => registry.setAliasGates('flights', 'champion', gates);
const move = (version: number, alias = 'champion') => registry.setAlias(ctx, 'flights', alias, version);
const holder = async (alias = 'champion') => (await registry.getModel('flights')).aliases[alias];
const told = async () =>
  (await store.events.find({ types: ['alias.moved', 'alias.refused'], order: 'oldest' })).map(({ type, data }) => ({
    type,
    ...data,
  }));

describe('gates of an alias', () => {
  it('let pass what meets them, and keep the answer on the version', async () => {
    await gate('auc >= 0.7', 'auc.low > 0.6');
    await made({ auc: { value: 0.75, low: 0.7, high: 0.8 } });
    await move(1);
    expect(await holder()).toBe(1);
    expect((await registry.getVersion('flights', 1)).aliasResults?.['champion']).toMatchObject({
      actor: 'ada',
      passed: true,
      gates: [
        { text: 'auc >= 0.7', passed: true, observed: 0.75 },
        { text: 'auc.low > 0.6', passed: true, observed: 0.7 },
      ],
    });
  });

  it('refuse with each failed gate, observed and required; nothing moves and the refusal is kept and told', async () => {
    await made({ auc: 0.8 });
    await move(1);
    await gate('auc >= 0.7', 'auc > champion.auc', 'f1 >= 0.5');
    await made({ auc: 0.75 });
    await expect(move(2)).rejects.toMatchObject({
      code: 'MW-GATE-REFUSED',
      message:
        'alias champion of flights stays at v1: v2 was refused by "auc > champion.auc" (observed 0.75, required > champion.auc (0.8)); "f1 >= 0.5" (observed unknown, required >= 0.5)',
    });
    expect(await holder()).toBe(1);
    const kept = (await registry.getVersion('flights', 2)).aliasResults?.['champion'];
    expect(kept?.passed).toBe(false);
    expect(kept?.gates.map((one) => one.passed)).toEqual([true, false, undefined]);
    expect((await told()).map((event) => event.type)).toEqual(['alias.moved', 'alias.refused']);
    await expect(registry.mayMove('flights', 'champion', 2)).rejects.toMatchObject({ code: 'MW-GATE-REFUSED' });
    expect(await told()).toHaveLength(2);
  });

  it('are refused themselves when they cannot be read, with gate and column, and change nothing', async () => {
    await gate('auc > 0.5');
    await expect(gate('auc > 0.5', 'auc >> 1')).rejects.toMatchObject({
      code: 'MW-CONFIG-EXPRESSION',
      where: 'gates[1]',
      message: expect.stringContaining('column 6') as unknown,
    });
    expect((await registry.getModel('flights')).aliasGates).toEqual({ champion: ['auc > 0.5'] });
    await gate();
    expect((await registry.getModel('flights')).aliasGates).toEqual({});
  });

  it('NaN and a metric that nobody logged refuse: unknown is not good enough', async () => {
    await gate('loss != 5');
    await made({ loss: Number.NaN });
    await made({});
    await expect(move(1)).rejects.toMatchObject({ code: 'MW-GATE-REFUSED' });
    await expect(move(2)).rejects.toMatchObject({ code: 'MW-GATE-REFUSED' });
  });

  it('read what the run logged last for a version that a client registered; names in backticks', async () => {
    const experiment = await store.tracking.createExperiment({
      name: 'e',
      lifecycle: 'active',
      createdAt: 1,
      updatedAt: 1,
      tags: {},
    });
    const id = 'a'.repeat(32);
    const info = { id, experimentId: experiment.id, name: 'r', userId: '', startTime: 1 };
    await store.tracking.createRun({ ...info, status: 'RUNNING', lifecycle: 'active' }, {});
    const point = (value: number, step: number) => ({ key: 'eval/auc', value, timestamp: step, step });
    await store.tracking.logBatch(id, { metrics: [point(0.9, 1), point(0.6, 2)] });
    await registry.createVersion(ctx, { model: 'flights', source: `runs:/${id}/model`, runId: id });
    await gate('`eval/auc` >= 0.7');
    await expect(move(1)).rejects.toMatchObject({ message: expect.stringContaining('observed 0.6') as unknown });
    await store.tracking.logBatch(id, { metrics: [point(0.8, 3)] });
    await move(1);
    expect(await holder()).toBe(1);
  });

  it('gain is of the version that is there now: kept gains against another champion say nothing', async () => {
    await made({ log_loss: 0.5 });
    await move(1);
    await gate('gain.log_loss.low > 0');
    await made({ log_loss: 0.4, 'gain.log_loss': { value: 0.1, low: 0.05, high: 0.15 } }, { championVersion: 1 });
    await made({ log_loss: 0.3, 'gain.log_loss': { value: 0.2, low: 0.1, high: 0.3 } }, { championVersion: 1 });
    await move(2);
    // v3 was compared with v1, not with v2: the interval of its gain over v2 is unknown.
    await expect(move(3)).rejects.toMatchObject({ code: 'MW-GATE-REFUSED' });
    await gate('gain.log_loss > 0.05');
    await move(3);
    expect(await holder()).toBe(3);
  });

  it('an undo goes back without a comparison, but not past a plain gate', async () => {
    await made({ auc: 0.7 });
    await made({ auc: 0.9 });
    await gate('auc > champion.auc', 'auc > 0.6');
    await move(1);
    await move(2);
    await move(1);
    expect(await holder()).toBe(1);
    await move(2);
    await gate('auc > 0.8');
    await expect(move(1)).rejects.toMatchObject({ code: 'MW-GATE-REFUSED' });
  });

  it.each(['constructor', '__proto__', 'toString'])('an alias named %s is one like any other', async (alias) => {
    await made({ auc: 0.5 });
    await move(1, alias);
    expect(await registry.getByAlias('flights', alias)).toMatchObject({ number: 1 });
    await made({ auc: 0.4 });
    await registry.setAliasGates('flights', alias, ['auc > current.auc']);
    await expect(move(2, alias)).rejects.toMatchObject({ code: 'MW-GATE-REFUSED' });
    expect(Object.keys((await registry.getVersion('flights', 2)).aliasResults ?? {})).toEqual([alias]);
  });

  it('champion also asks what the pipeline judged; other aliases and undeclared ones move as in MLflow', async () => {
    const failing = {
      text: 'auc >= 0.9',
      passed: false,
      observed: 0.5,
      required: '>= 0.9',
      where: 'millwright.yaml:9',
    };
    await made({}, { verdict: 'refused', gates: [failing] });
    await expect(move(1)).rejects.toMatchObject({ message: expect.stringContaining('"auc >= 0.9"') as unknown });
    await move(1, 'challenger');
    await gate('auc > 0');
    await move(1, 'staging');
    expect([await holder('challenger'), await holder('staging'), await holder()]).toEqual([1, 1, undefined]);
  });

  it('gates of another alias compare with the champion, and with what that alias names by `current`', async () => {
    await made({ auc: 0.8 });
    await made({ auc: 0.79 });
    await made({ auc: 0.7 });
    await move(1);
    await registry.setAliasGates('flights', 'challenger', ['auc >= champion.auc - 0.02', 'auc > current.auc - 0.5']);
    await move(2, 'challenger');
    await expect(move(3, 'challenger')).rejects.toMatchObject({ code: 'MW-GATE-REFUSED' });
  });
});
