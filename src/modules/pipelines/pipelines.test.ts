import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  ctx,
  environmentOf,
  newHome,
  openScene,
  processesWith,
  project,
  removeHomes,
  type Scene,
  step,
} from '../../../test/fixtures/pipelines/scene.ts';
import type { ProjectSpec } from '../../domain/project.ts';
import type { Champion } from './index.ts';

const scenes: Scene[] = [];
async function scene(options: Parameters<typeof openScene>[0] = {}): Promise<Scene> {
  const one = await openScene(options);
  scenes.push(one);
  await one.pipelines.run();
  return one;
}
afterEach(async () => {
  for (const one of scenes.splice(0)) await one.close();
});
afterAll(removeHomes);

const person = { kind: 'person', who: 'tester' } as const;

async function go(one: Scene, spec: ProjectSpec, rest: { champion?: Champion; set?: Record<string, string> } = {}) {
  const run = await one.pipelines.start(ctx, { spec, workspace: one.workspace, cause: person, ...rest });
  return one.over(run.id);
}

async function text(one: Scene, digest: string | undefined): Promise<string> {
  return new TextDecoder().decode(await one.deps.artifacts.bytes(digest ?? ''));
}

async function statuses(one: Scene, runId: string): Promise<Record<string, string>> {
  const steps = await one.pipelines.steps(runId);
  return Object.fromEntries(steps.map((s) => [s.step, s.reusedFrom === undefined ? s.status : 'reused']));
}

const copies = {
  first: step(`sh -c 'cat data/a.csv > one.txt; echo first done'`, { in: ['rows'], out: ['one.txt'] }),
  second: step(`sh -c 'cat one.txt > two.txt; echo {word} >> two.txt'`, {
    in: ['one.txt'],
    out: ['two.txt'],
    params: { word: 'end' },
  }),
};
const chain = project(copies, { datasets: { rows: { from: ['data/*.csv'], checks: [] } } });

describe('a run', () => {
  it('passes files from step to step and reports every change', async () => {
    const one = await scene();
    one.write('data/a.csv', 'a,b\n1,2\n');
    const run = await go(one, chain);
    expect(run.error).toBeUndefined();
    expect(run.status).toBe('succeeded');
    const steps = await one.pipelines.steps(run.id);
    expect(await text(one, steps.at(-1)?.outputs[0]?.digest)).toBe('a,b\n1,2\nend\n');
    expect((await one.pipelines.log(run.id, 'first')).text).toBe('first done\n');
    expect((await one.pipelines.log(run.id, 'environment')).text).toContain('building nothing');
    const events = await one.store.events.find({ project: 'demo', limit: 100 });
    const changes = events.flatMap((event) =>
      event.type === 'step_run.changed' ? [`${event.data.step} ${event.data.status}`] : [event.type],
    );
    expect(changes[0]).toBe('pipeline_run.started');
    expect(changes.at(-1)).toBe('pipeline_run.succeeded');
    expect(changes.filter((change) => change.startsWith('second'))).toEqual(['second running', 'second succeeded']);
    expect(events.slice(1).every((event) => event.cause === events[0]?.id)).toBe(true);
  });

  it('gives the step exactly the variables of the contract, and no file of its own name', async () => {
    const one = await scene({ deps: { trackingToken: () => 'secret' } });
    one.write('tool.js', 'console.log(JSON.stringify(process.env)); console.log(require("fs").readdirSync("."));');
    one.write('made.txt', 'left over from an earlier try');
    const spec = project({
      tell: step('node tool.js', { out: ['made.txt'], params: { trees: 3, n_a: 'x y' } }),
    });
    const run = await go(one, spec);
    // The old file of that name in the project must not pass for an output.
    expect(run.error?.code).toBe('MW-STEP-OUTPUT');
    expect(run.error?.message).toContain('made.txt');
    const log = (await one.pipelines.log(run.id, 'tell')).text;
    const env: unknown = JSON.parse(log.split('\n')[0] ?? '');
    const { PATH, ...rest } = env as Record<string, string>;
    expect(PATH?.split(':')[0]).toBe(environmentOf('e').interpreter.replace(/\/python$/, ''));
    expect(rest).toEqual({
      PYTHONUNBUFFERED: '1',
      PYTHONHASHSEED: '0',
      MLFLOW_TRACKING_URI: 'http://127.0.0.1:5000',
      MLFLOW_RUN_ID: run.trackingRunId,
      MLFLOW_EXPERIMENT_NAME: 'demo',
      MLFLOW_TRACKING_TOKEN: 'secret',
      MW_PROJECT: 'demo',
      MW_RUN: 'demo-1',
      MW_STEP: 'tell',
      MW_PARAMS: '{"trees":3,"n_a":"x y"}',
      MW_PARAM_TREES: '3',
      MW_PARAM_N_A: 'x y',
    });
    expect(log).toContain("[ 'tool.js' ]");
  });

  it('closes its tracking runs with what became of it', async () => {
    const one = await scene();
    const good = await go(one, project({ a: step('true') }));
    const bad = await go(one, project({ a: step('false') }));
    await expect.poll(() => one.tracked.get(good.trackingRunId)?.status).toBe('FINISHED');
    await expect.poll(() => one.tracked.get(bad.trackingRunId)?.status).toBe('FAILED');
    expect(one.tracked.get(good.trackingRunId)?.tags['millwright.pipeline_run']).toBe('demo-1');
  });
});

describe('the cache', () => {
  it('runs nothing twice, and says why when it must', async () => {
    const one = await scene();
    one.write('data/a.csv', 'a\n1\n');
    const first = await go(one, chain);
    const second = await go(one, chain);
    expect(await statuses(one, second.id)).toEqual({
      'data:rows': 'succeeded',
      environment: 'succeeded',
      first: 'reused',
      second: 'reused',
    });
    expect((await one.pipelines.steps(second.id)).at(-1)?.reusedFrom).toBe(`${first.id}/second`);
    expect((await one.pipelines.log(second.id, 'first')).text).toBe('first done\n');

    const third = await go(one, chain, { set: { 'second.word': 'fin' } });
    expect(await statuses(one, third.id)).toMatchObject({ first: 'reused', second: 'succeeded' });
    expect(await one.pipelines.explain(third.id, 'second')).toEqual([
      { part: 'command', before: expect.stringContaining('echo end'), now: expect.stringContaining('echo fin') },
      { part: 'param word', before: '"end"', now: '"fin"' },
    ]);

    one.write('data/a.csv', 'a\n2\n');
    const fourth = await go(one, chain);
    expect(await statuses(one, fourth.id)).toMatchObject({ first: 'succeeded', second: 'succeeded' });
    // The data lies among the code here; a step that does not take it must not see it change.
    expect((await one.pipelines.explain(fourth.id, 'second'))?.map((change) => change.part)).toContain('input one.txt');
    expect((await one.pipelines.explain(fourth.id, 'second'))?.map((change) => change.part)).not.toContain('code');
    expect((await one.pipelines.explain(fourth.id, 'first'))?.map((change) => change.part)).toEqual(['input rows']);

    one.write('code.py', 'x = 1\n');
    const fifth = await go(one, chain);
    expect(await statuses(one, fifth.id)).toMatchObject({ first: 'succeeded', second: 'succeeded' });
    one.write('millwright.yaml', 'project: demo\n# a remark\n');
    one.write('one.txt', 'a result that was copied into the project');
    const sixth = await go(one, chain);
    expect(await statuses(one, sixth.id)).toMatchObject({ first: 'reused', second: 'reused' });
  });

  it('runs again when the result is gone from the store', async () => {
    const one = await scene();
    one.write('data/a.csv', 'a\n1\n');
    await go(one, chain);
    const digest = (await one.pipelines.steps('demo-1')).at(-1)?.outputs[0]?.digest ?? '';
    expect(await one.deps.artifacts.delete(digest)).toBe(true);
    const second = await go(one, chain);
    expect(await statuses(one, second.id)).toMatchObject({ first: 'reused', second: 'succeeded' });
  });

  it('never takes a failed step for a result', async () => {
    const one = await scene();
    const spec = project({ a: step('false') });
    expect((await go(one, spec)).status).toBe('failed');
    expect((await go(one, spec)).status).toBe('failed');
    expect((await one.pipelines.steps('demo-2')).at(-1)?.attempts).toHaveLength(1);
  });
});

describe('a step that goes wrong', () => {
  it('fails the run with the last lines and skips what depends on it', async () => {
    const one = await scene();
    const spec = project({
      bad: step(`sh -c 'echo about to fail; echo "ValueError: no rows" >&2; exit 3'`, { out: ['x'] }),
      after: step('cat x', { in: ['x'] }),
      later: step('true', { in: ['y'] }),
      beside: step(`sh -c 'echo > y'`, { out: ['y'] }),
    });
    const run = await go(one, spec);
    expect(run.status).toBe('failed');
    expect(run.error).toMatchObject({ code: 'MW-STEP-FAILED', where: 'pipeline.bad', next: 'mw logs demo-1 bad' });
    expect(run.error?.message).toContain('exit code 3');
    expect(run.error?.message).toContain('ValueError: no rows');
    expect(await statuses(one, run.id)).toMatchObject({
      bad: 'failed',
      after: 'skipped',
      beside: 'succeeded',
      later: 'succeeded',
    });
  });

  it('retries as often as it says and no more', async () => {
    const one = await scene();
    const home = newHome();
    const count = join(home, 'count');
    const spec = project({
      shaky: step(`sh -c 'echo x >> ${count}; test $(wc -l < ${count}) -ge 3'`, { retries: 2 }),
    });
    const run = await go(one, spec);
    expect(run.status).toBe('succeeded');
    expect((await one.pipelines.steps(run.id)).at(-1)?.attempts.map((attempt) => attempt.reason)).toEqual([
      'exit code 1',
      'exit code 1',
      undefined,
    ]);
    const always = await go(one, project({ bad: step(`sh -c 'echo y >> ${count}2; false'`, { retries: 2 }) }));
    expect(always.error?.code).toBe('MW-STEP-FAILED');
    expect(readFileSync(`${count}2`, 'utf8')).toBe('y\ny\ny\n');
  });

  it('is stopped at its timeout', async () => {
    const one = await scene();
    const run = await go(one, project({ slow: step(`sleep 71.5${process.pid}`, { timeoutMs: 200 }) }));
    expect(run.error?.code).toBe('MW-STEP-TIMEOUT');
    expect(processesWith(`sleep 71.5${process.pid}`)).toEqual([]);
  });

  it('is stopped when it fills the disk', async () => {
    const one = await scene({ limits: { diskBytes: 4 * 2 ** 20 } });
    const run = await go(
      one,
      project({ big: step(`sh -c 'dd if=/dev/zero of=big bs=1M count=64 2>/dev/null; sleep 30'`) }),
    );
    expect(run.error?.code).toBe('MW-DISK-FULL');
    await expect.poll(() => existsSync(join(one.workspace.root, '../attempts/demo-1.big.1/work'))).toBe(false);
  });

  it('says when there is no such program', async () => {
    const one = await scene();
    const run = await go(one, project({ a: step('no-such-program --x') }));
    expect(run.error?.code).toBe('MW-STEP-FAILED');
    expect(run.error?.message).toContain('no-such-program');
  });

  it('hands on the error of a step that the server does', async () => {
    const one = await scene();
    const run = await go(one, chain);
    expect(run.error?.code).toBe('MW-CONFIG-FILE');
    expect(await statuses(one, run.id)).toMatchObject({ 'data:rows': 'failed', first: 'skipped', second: 'skipped' });
    expect((await one.pipelines.log(run.id, 'data:rows')).text).toContain('MW-CONFIG-FILE');
  });
});

describe('cancel', () => {
  it('leaves no process and runs nothing more', async () => {
    const one = await scene();
    const spec = project({
      long: step(`sh -c 'trap "" TERM; sleep 72.5${process.pid} & sleep 72.5${process.pid}; true'`, { out: ['x'] }),
      after: step('cat x', { in: ['x'] }),
    });
    const run = await one.pipelines.start(ctx, { spec, workspace: one.workspace, cause: person });
    await expect.poll(() => processesWith(`sleep 72.5${process.pid}`).length, { timeout: 10_000 }).toBeGreaterThan(1);
    const over = await one.pipelines.cancel(ctx, run.id);
    expect(over.status).toBe('cancelled');
    expect(processesWith(`sleep 72.5${process.pid}`)).toEqual([]);
    expect(await statuses(one, run.id)).toMatchObject({ long: 'cancelled', after: 'cancelled' });
    await expect.poll(() => one.tracked.get(run.trackingRunId)?.status).toBe('KILLED');
    expect((await one.pipelines.cancel(ctx, run.id)).endedAt).toBe(over.endedAt);
  });
});

describe('the champion', () => {
  const spec = project(
    {
      train: step(`sh -c 'echo new > model.bin'`, { out: ['model.bin'] }),
      judge: step(`sh -c 'cat model.bin > metrics.json; echo $MLFLOW_RUN_ID'`, {
        in: ['model.bin'],
        out: ['metrics.json'],
      }),
    },
    { model: { name: 'm', artifact: 'model.bin', metrics: 'metrics.json', gates: [] } },
  );

  it('is judged by a twin of the step, with its own file and its own tracking run', async () => {
    const one = await scene();
    const blob = await one.deps.artifacts.put(new TextEncoder().encode('old\n'));
    const champion = { version: 4, artifactDigest: blob.digest, artifactName: 'model.bin' };
    const run = await go(one, spec, { champion });
    const steps = new Map((await one.pipelines.steps(run.id)).map((s) => [s.step, s]));
    expect(await text(one, steps.get('judge')?.outputs[0]?.digest)).toBe('new\n');
    expect(await text(one, steps.get('judge@champion')?.outputs[0]?.digest)).toBe('old\n');
    expect(run).toMatchObject({ status: 'succeeded', championVersion: 4 });
    expect((await one.pipelines.log(run.id, 'judge@champion')).text.trim()).toBe(run.championRunId);
    expect((await one.pipelines.log(run.id, 'judge')).text.trim()).toBe(run.trackingRunId);
  });

  it('that cannot be judged does not fail the run', async () => {
    const one = await scene();
    const blob = await one.deps.artifacts.put(new TextEncoder().encode('old\n'));
    const picky: ProjectSpec = {
      ...spec,
      pipeline: {
        ...spec.pipeline,
        judge: step(`sh -c 'grep new model.bin > metrics.json'`, { in: ['model.bin'], out: ['metrics.json'] }),
      },
    };
    const run = await go(one, picky, {
      champion: { version: 4, artifactDigest: blob.digest, artifactName: 'model.bin' },
    });
    expect(run.status).toBe('succeeded');
    expect(await statuses(one, run.id)).toMatchObject({ judge: 'succeeded', 'judge@champion': 'failed' });
  });
});
