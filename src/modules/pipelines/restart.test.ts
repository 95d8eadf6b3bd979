/** What is killed at any instant goes on where it was: no finished step again, no result twice, nothing left running. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  ctx,
  newHome,
  openScene,
  processesWith,
  project,
  removeHomes,
  step,
} from '../../../test/fixtures/pipelines/scene.ts';
import type { ProjectSpec } from '../../domain/project.ts';

afterAll(removeHomes);

const SERVER = join(import.meta.dirname, '../../../test/fixtures/pipelines/crash-server.ts');

function startServer(home: string, spec: ProjectSpec) {
  const child = spawn(process.execPath, ['--no-warnings', SERVER, home, JSON.stringify(spec)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  /** True when it ended by itself and not by a signal. */
  const ended = new Promise<boolean>((resolve, reject) => {
    child.once('exit', (code) => {
      if (code === null || code === 0) resolve(code === 0);
      else reject(new Error(`the server failed with exit code ${code}`));
    });
  });
  return { child, ended };
}

/** True when the server ended by itself before it was killed. */
async function serveFor(home: string, spec: ProjectSpec, ms: number): Promise<boolean> {
  const { child, ended } = startServer(home, spec);
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  return ended.finally(() => clearTimeout(timer));
}

function counted(home: string, name: string, seconds: number, rest: Parameters<typeof step>[1]) {
  const out = rest?.out?.[0] ?? 'none';
  const taken = (rest?.in ?? []).join(' ');
  return step(
    `sh -c 'echo x >> ${join(home, `count-${name}`)}; sleep ${seconds}; cat ${taken} /dev/null > ${out}; echo ${name} >> ${out}'`,
    rest,
  );
}

const times = (home: string, name: string): number => {
  const file = join(home, `count-${name}`);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
};

describe('a server that is killed again and again', () => {
  it('repeats no step', { timeout: 120_000 }, async () => {
    const home = newHome();
    const spec = project({
      one: counted(home, 'one', 0.35, { out: ['1'] }),
      two: counted(home, 'two', 0.2, { in: ['1'], out: ['2'] }),
      side: counted(home, 'side', 0.5, { in: ['1'], out: ['s'] }),
      three: counted(home, 'three', 0, { in: ['2', 's'], out: ['3'] }),
      four: counted(home, 'four', 0.3, { in: ['3'], out: ['4'] }),
    });
    // From before the first write of a server to well into the steps; the schedule is fixed so that a failure can be seen again.
    let kills = 0;
    for (let ms = 150; ; ms = 150 + ((ms * 7 + 31) % 450)) {
      if (await serveFor(home, spec, kills < 40 ? ms : 60_000)) break;
      kills += 1;
    }
    expect(kills).toBeGreaterThanOrEqual(3);

    const after = await openScene({ home, metadata: 'sqlite' });
    await after.pipelines.run();
    const runs = await after.pipelines.list('demo');
    expect(runs).toHaveLength(1);
    expect(runs[0]?.error).toBeUndefined();
    expect(runs[0]?.status).toBe('succeeded');
    for (const name of ['one', 'two', 'side', 'three', 'four']) expect([name, times(home, name)]).toEqual([name, 1]);
    const steps = await after.pipelines.steps('demo-1');
    expect(new TextDecoder().decode(await after.deps.artifacts.bytes(steps.at(-1)?.outputs[0]?.digest ?? ''))).toBe(
      'one\ntwo\none\nside\nthree\nfour\n',
    );
    const events = await after.store.events.find({
      types: ['step_run.changed', 'pipeline_run.succeeded'],
      limit: 1000,
    });
    const ends = events.filter((event) => event.type !== 'step_run.changed' || event.data.status === 'succeeded');
    // One commit a step and one for the run.
    expect(ends).toHaveLength(steps.length + 1);
    expect((await after.store.jobs.list('steps')).every((job) => job.state === 'done')).toBe(true);
    await after.close();
    const left = readdirSync(join(home, 'attempts')).filter((name) => existsSync(join(home, 'attempts', name, 'work')));
    expect(left).toEqual([]);
    expect(processesWith(home)).toEqual([]);
  });

  it('does a step again only when its supervisor died too, after the old one is gone', {
    timeout: 60_000,
  }, async () => {
    const home = newHome();
    const spec = project({ a: counted(home, 'a', 3, { out: ['1'] }) });
    const server = startServer(home, spec);
    const record = join(home, 'attempts/demo-1.a.1/pid.json');
    await expect.poll(() => existsSync(record) && times(home, 'a'), { timeout: 10_000 }).toBe(1);
    const { pid } = JSON.parse(readFileSync(record, 'utf8')) as { pid: number };
    server.child.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    expect(await server.ended).toBe(false);
    await serveFor(home, spec, 30_000);
    const after = await openScene({ home, metadata: 'sqlite' });
    expect((await after.pipelines.get('demo-1')).status).toBe('succeeded');
    const attempts = (await after.pipelines.steps('demo-1')).at(-1)?.attempts ?? [];
    expect(attempts.map((attempt) => attempt.reason)).toEqual(['lost', undefined]);
    expect(times(home, 'a')).toBe(2);
    await after.close();
    expect(processesWith(home)).toEqual([]);
  });
});

describe('a server that stops politely', () => {
  it('leaves the step running and the next one takes it up at once', async () => {
    const home = newHome();
    const first = await openScene({ home, metadata: 'sqlite' });
    await first.pipelines.run();
    const spec = project({ a: counted(home, 'a', 0.8, { out: ['1'] }) });
    const cause = { kind: 'person', who: 'tester' } as const;
    await first.pipelines.start(ctx, { spec, workspace: first.workspace, cause });
    await expect.poll(() => times(home, 'a'), { timeout: 10_000 }).toBe(1);
    await first.close();
    expect(processesWith(home).length).toBeGreaterThan(0);
    const second = await openScene({ home, metadata: 'sqlite' });
    const begun = performance.now();
    await second.pipelines.run();
    expect((await second.over('demo-1')).status).toBe('succeeded');
    // Far under the lease of 15 s: nobody waits for a server that is known to be gone.
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(times(home, 'a')).toBe(1);
    expect((await second.pipelines.steps('demo-1')).at(-1)?.attempts).toHaveLength(1);
    await second.close();
  });

  it('ends a run that was cancelled while no server was there', async () => {
    const home = newHome();
    const first = await openScene({ home, metadata: 'sqlite' });
    await first.pipelines.run();
    const spec = project({ a: counted(home, 'a', 30, { out: ['1'] }) });
    const cause = { kind: 'person', who: 'tester' } as const;
    await first.pipelines.start(ctx, { spec, workspace: first.workspace, cause });
    await expect.poll(() => times(home, 'a'), { timeout: 10_000 }).toBe(1);
    await first.pipelines.stop();
    await first.pipelines.cancel(ctx, 'demo-1');
    await first.close();
    expect(processesWith(home).length).toBeGreaterThan(0);
    const second = await openScene({ home, metadata: 'sqlite' });
    await second.pipelines.run();
    expect((await second.over('demo-1')).status).toBe('cancelled');
    expect(processesWith(home)).toEqual([]);
    await second.close();
  });
});

describe('a worker that lost its lease', () => {
  it('publishes nothing', async () => {
    const home = newHome();
    const old = await openScene({
      home,
      metadata: 'sqlite',
      limits: { heartbeatMs: 60_000 },
      deps: { exclusive: false },
    });
    await old.pipelines.run();
    const spec = project({ a: counted(home, 'a', 0.7, { out: ['1'] }) });
    const cause = { kind: 'person', who: 'tester' } as const;
    await old.pipelines.start(ctx, { spec, workspace: old.workspace, cause });
    await expect.poll(() => times(home, 'a'), { timeout: 10_000 }).toBe(1);
    // As after a long pause of the machine: the lease ran out and somebody else holds the job.
    const taken = await old.store.jobs.claim('steps', 'somebody else', Date.now() + 60_000, 60_000);
    expect(taken?.id).toBe('demo-1/a');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const [stepRun] = (await old.pipelines.steps('demo-1')).slice(-1);
    expect(stepRun?.status).toBe('running');
    expect(stepRun?.outputs).toEqual([]);
    await old.close();
  });
});
