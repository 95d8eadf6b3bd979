/**
 * Moves runs on. It holds no state that matters: every decision is read from the tables, so a server that is killed at any
 * instant is followed by one that goes on from there.
 */
import { availableParallelism } from 'node:os';
import type { PipelineRun } from '../../domain/pipelines.ts';
import type { Job } from '../../ports/metadata-store.ts';
import type { Workspace } from '../../ports/workspace.ts';
import type { PipelineDeps, PipelineLimits } from './deps.ts';
import { reusedRuns } from './reused-runs.ts';
import { type StepWorker, startWorker, taskOf } from './step-worker.ts';
import { END_QUEUE, STEP_QUEUE } from './transitions.ts';

/** How long the loop sleeps when nothing wakes it: leases that ran out elsewhere are found this late. */
const IDLE_MS = 1000;

const DEFAULTS: PipelineLimits = {
  concurrency: availableParallelism(),
  logBytes: 16 * 2 ** 20,
  diskBytes: 20 * 2 ** 30,
  leaseMs: 15_000,
  heartbeatMs: 5000,
  retryDelayMs: 500,
};

export interface Engine {
  /** Takes up what an earlier server left and goes on until `stop`. Resolves when the first look is done. */
  run(): Promise<void>;
  /** Lets go of the steps without ending them: another server goes on with them. */
  stop(): Promise<void>;
  /** There may be something to do. */
  wake(): void;
  /** Remembers the folder of a run that was started here. */
  knows(runId: string, workspace: Workspace): void;
  /** Stops the steps of a cancelled run; resolves when it is over and its processes are gone, at once when the engine rests. */
  cancel(runId: string): Promise<void>;
}

export function createEngine(deps: PipelineDeps): Engine {
  const { store, executor, clock, log } = deps;
  const limits: PipelineLimits = { ...DEFAULTS, ...deps.limits };
  const owner = `engine-${deps.ids.hex(8)}`;
  const workers = new Map<string, StepWorker>();
  const folders = new Map<string, Workspace>();
  let halt = new AbortController();
  let running: Promise<void> | undefined;
  let nudge: () => void = () => undefined;
  let nudged = false;

  function wake(): void {
    nudged = true;
    nudge();
  }

  async function sleep(): Promise<void> {
    if (!nudged) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, IDLE_MS);
        nudge = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    nudged = false;
  }

  async function begin(job: Job): Promise<void> {
    const task = await taskOf(deps, job);
    if (task === undefined) {
      await store.jobs.finish(job.id, job.fence);
      return;
    }
    const { run } = task;
    const worker = startWorker(deps, limits, task, async () => folders.get(run.id) ?? deps.workspaceOf(run.project));
    workers.set(job.id, worker);
    void worker.finished.finally(() => {
      workers.delete(job.id);
      wake();
    });
  }

  /** A step that was reused logged nothing this time. Only now: a copied param would stand in the way of a step that still runs. */
  async function fillReused(run: PipelineRun): Promise<void> {
    const steps = await store.stepRuns.find({ where: { pipelineRunId: run.id }, limit: 10_000 });
    for (const { from, to } of await reusedRuns(store, run, steps)) {
      await deps.tracking
        .copyRun(from, to)
        .catch((error: unknown) => log.warn({ err: error, run: run.id }, 'reused metrics could not be copied'));
    }
  }

  /** Closes the tracking Runs of a run that has ended. At least once: closing twice changes nothing. */
  async function endTracking(job: Job): Promise<void> {
    const run = await store.pipelineRuns.get(job.id.slice(0, job.id.lastIndexOf('/')));
    if (run !== undefined) {
      if (run.status === 'succeeded') await fillReused(run);
      const status = run.status === 'succeeded' ? 'FINISHED' : run.status === 'cancelled' ? 'KILLED' : 'FAILED';
      for (const id of [run.trackingRunId, run.championRunId]) {
        if (id === undefined) continue;
        // A Run that somebody deleted in the meantime must not be tried for ever.
        await deps.tracking
          .endRun(id, status)
          .catch((error: unknown) => log.warn({ err: error, run: run.id }, 'tracking run could not be closed'));
      }
      folders.delete(run.id);
    }
    await store.jobs.finish(job.id, job.fence);
  }

  async function turn(): Promise<void> {
    while (!halt.signal.aborted && workers.size < limits.concurrency) {
      const job = await store.jobs.claim(STEP_QUEUE, owner, clock.now(), limits.leaseMs);
      if (job === undefined) break;
      await begin(job);
    }
    for (;;) {
      const job = await store.jobs.claim(END_QUEUE, owner, clock.now(), limits.leaseMs);
      if (job === undefined) break;
      await endTracking(job);
    }
  }

  /** With the home's lock in hand no other engine lives: its leases need not run out first. */
  async function takeOver(): Promise<void> {
    for (const queue of [STEP_QUEUE, END_QUEUE]) {
      for (const job of await store.jobs.list(queue)) {
        if (job.state === 'leased' && job.owner !== owner) await store.jobs.release(job.id, job.fence);
      }
    }
    const wanted = new Set<string>();
    for (const one of await store.stepRuns.find({ where: { status: 'running' }, limit: 10_000 })) {
      for (const attempt of one.attempts) wanted.add(attempt.attemptId);
    }
    // Committed, but killed before the clean-up: only a folder is left, or a process that nobody waits for.
    for (const attemptId of await executor.list()) {
      if (wanted.has(attemptId)) continue;
      await executor.cancel(attemptId);
      await executor.clean(attemptId);
    }
  }

  async function loop(): Promise<void> {
    while (!halt.signal.aborted) {
      await sleep();
      if (halt.signal.aborted) break;
      try {
        await turn();
      } catch (error) {
        log.error({ err: error }, 'the pipeline engine could not look for work; it will look again');
      }
    }
  }

  return {
    wake,
    knows: (runId, workspace) => void folders.set(runId, workspace),
    async run() {
      if (running !== undefined) return;
      halt = new AbortController();
      if (deps.exclusive !== false) await takeOver();
      await turn();
      running = loop();
    },
    async stop() {
      halt.abort();
      for (const worker of workers.values()) worker.interrupt('stop');
      wake();
      await Promise.all([...workers.values()].map((worker) => worker.finished));
      await running;
      running = undefined;
    },
    async cancel(runId) {
      wake();
      // A job may have been claimed just before the cancel was written: such a worker appears a moment later.
      const works = (): boolean => running !== undefined && !halt.signal.aborted;
      while (works()) {
        const mine = [...workers.values()].filter((worker) => worker.runId === runId);
        for (const worker of mine) worker.interrupt('cancel');
        await Promise.all(mine.map((worker) => worker.finished));
        if ((await store.pipelineRuns.get(runId))?.status !== 'running') return;
        await new Promise((resolve) => setTimeout(resolve, 10));
        wake();
      }
    },
  };
}
