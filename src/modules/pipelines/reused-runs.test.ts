/** What a reused step logged when it ran is found on the tracking Run of the run that reused it. */
import { afterAll, afterEach, expect, test } from 'vitest';
import { ctx, openScene, project, removeHomes, type Scene, step } from '../../../test/fixtures/pipelines/scene.ts';
import { systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import { createTracking, type Tracking } from '../tracking/index.ts';

let one: Scene;
let tracking: Tracking;

async function open(): Promise<void> {
  one = await openScene({
    deps: {
      tracking: {
        ensureExperiment: (name) => tracking.ensureExperiment(name),
        createRun: (run) => tracking.createRun(run),
        endRun: (id, status) => tracking.endRun(id, status),
        copyRun: (from, to) => tracking.copyRun(from, to),
      },
    },
  });
  tracking = createTracking({
    store: one.store,
    artifacts: one.deps.artifacts,
    clock: systemClock,
    ids: createIds(systemClock),
  });
  await one.pipelines.run();
}
afterEach(() => one.close());
afterAll(removeHomes);

const cause = { kind: 'person', who: 'tester' } as const;
const spec = project({
  train: step(`sh -c 'echo model > model.txt'`, { out: ['model.txt'] }),
  evaluate: step(`sh -c 'cat model.txt > metrics.txt; sleep {wait}'`, {
    in: ['model.txt'],
    out: ['metrics.txt'],
    params: { wait: '0.1' },
  }),
});

/** Runs to the end of its tracking Run; `log` is what the steps log meanwhile. */
async function go(log: Parameters<Tracking['logBatch']>[1] = {}, set: Record<string, string> = {}) {
  const run = await one.pipelines.start(ctx, { spec, workspace: one.workspace, cause, set });
  await tracking.logBatch(run.trackingRunId, log);
  expect((await one.over(run.id)).status).toBe('succeeded');
  await expect.poll(async () => (await tracking.getRunInfo(run.trackingRunId)).status).toBe('FINISHED');
  return tracking.getRun(run.trackingRunId);
}

const entries = (run: { readonly params: readonly { key: string; value: string }[] }): Record<string, string> =>
  Object.fromEntries(run.params.map(({ key, value }) => [key, value]));
const point = (key: string, value: number, at: number) => ({ key, value, timestamp: at, step: at });

test('a run whose steps were all reused has the metrics with their history, the params, and where they came from', async () => {
  await open();
  const first = await go({
    metrics: [point('loss', 0.9, 1), point('loss', 0.4, 2), point('auc', 0.7, 1)],
    params: [{ key: 'trees', value: '100' }],
  });
  const second = await go();
  expect(entries(second)).toEqual({ trees: '100' });
  expect(Object.fromEntries(second.metrics.map(({ key, value }) => [key, value]))).toEqual({ auc: 0.7, loss: 0.4 });
  expect((await tracking.metricHistory(second.info.id, 'loss')).items.map(({ value }) => value)).toEqual([0.9, 0.4]);
  expect(second.tags).toContainEqual({ key: 'millwright.reused_from', value: first.info.id });

  await tracking.copyRun(first.info.id, second.info.id);
  expect(await tracking.getRun(second.info.id)).toEqual(second);
  await tracking.copyRun('0'.repeat(32), second.info.id);
  expect(await tracking.getRun(second.info.id)).toEqual(second);
});

test('what a step logs anew wins over what it logged before, and a run without reuse gets nothing', async () => {
  await open();
  const first = await go({ metrics: [point('loss', 0.9, 1)], params: [{ key: 'trees', value: '100' }] });
  const second = await go(
    { metrics: [point('auc', 0.6, 3)], params: [{ key: 'wait', value: '0.2' }] },
    { 'evaluate.wait': '0.2' },
  );
  // Of the same params a changed one: the step that ran again must be able to log it.
  expect(entries(second)).toEqual({ trees: '100', wait: '0.2' });
  const third = await go({ params: [{ key: 'trees', value: '7' }] }, { 'evaluate.wait': '0.3' });
  expect(entries(third)).toEqual({ trees: '7' });
  expect(third.metrics.map(({ key }) => key)).toEqual(['loss']);

  one.write('code.py', 'x = 1\n');
  const fresh = await go({ params: [{ key: 'depth', value: '4' }] });
  expect(entries(fresh)).toEqual({ depth: '4' });
  expect(fresh.tags.some(({ key }) => key === 'millwright.reused_from')).toBe(false);
  expect(first.info.id).not.toBe(fresh.info.id);
});
