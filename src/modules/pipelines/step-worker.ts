/** Does one claimed job: one step of one run, from its cache lookup to the commit of its outputs. */
import type { Context } from '../../ports/context.ts';
import type { Job } from '../../ports/metadata-store.ts';
import type { PipelineRun, PlannedStep, StepRun } from '../../domain/pipelines.ts';
import type { Workspace } from '../../ports/workspace.ts';
import { type Interruption, runAttempts, type StepScope } from './attempt.ts';
import { cacheKey, cacheParts, findReusable } from './cache.ts';
import type { PipelineDeps, PipelineLimits } from './deps.ts';
import { runServerStep } from './server-step.ts';
import { collectFiles } from './step-files.ts';
import { announce, isOver, LeaseLost, publish, type StepOutcome, stepError } from './transitions.ts';

export interface StepWorker {
  readonly runId: string;
  interrupt(why: Interruption): void;
  /** Never rejects. */
  readonly finished: Promise<void>;
}

export interface StepTask {
  readonly job: Job;
  readonly run: PipelineRun;
  readonly step: PlannedStep;
  readonly stepRun: StepRun;
}

/** The payload's run and step; undefined when there is nothing left to do for the job. */
export async function taskOf(deps: PipelineDeps, job: Job): Promise<StepTask | undefined> {
  const stepRun = await deps.store.stepRuns.get(job.id);
  if (stepRun === undefined || isOver(stepRun.status)) return undefined;
  const run = await deps.store.pipelineRuns.get(stepRun.pipelineRunId);
  const step = run?.steps.find((one) => one.name === stepRun.step);
  return run === undefined || step === undefined ? undefined : { job, run, step, stepRun };
}

async function execute(scope: StepScope, stepRun: StepRun, workspace: () => Promise<Workspace>, ctx: Context) {
  const { deps, run, step } = scope;
  if (step.kind === 'data' || step.kind === 'environment') return runServerStep(scope, await workspace(), ctx);
  const files = await collectFiles(deps, run, step);
  const parts = cacheParts({
    step,
    codeDigest: files.codeDigest,
    inputs: files.inputs,
    environmentDigest: files.environment.digest,
    programDigest: files.programDigest,
  });
  const key = cacheKey(parts);
  const change = { cacheKey: key, cacheParts: parts };
  // A step that was begun is finished: its attempt may be running at this moment.
  const earlier = stepRun.attempts.length === 0 ? await findReusable(deps.store, deps.artifacts, key) : undefined;
  const outcome: StepOutcome =
    earlier === undefined
      ? await runAttempts(scope, files)
      : { kind: 'succeeded', outputs: earlier.outputs, change: { reusedFrom: earlier.reusedFrom ?? earlier.id } };
  if (outcome.kind === 'left' || outcome.kind === 'cancelled') return outcome;
  return { ...outcome, change: { ...change, ...outcome.change } };
}

/** Calls `done` when the promise is settled, either way. */
async function follow(promise: Promise<unknown>, done: () => void): Promise<void> {
  try {
    await promise;
  } catch {
    // Whoever made the promise looks at how it ended.
  }
  done();
}

/** Starts the work and keeps the lease alive until it is over. */
export function startWorker(
  deps: PipelineDeps,
  limits: PipelineLimits,
  task: StepTask,
  workspace: () => Promise<Workspace>,
): StepWorker {
  const { store, executor, clock, log } = deps;
  const { job, run, step, stepRun } = task;
  let interruption: Interruption | undefined = run.cancelledAt === undefined ? undefined : 'cancel';
  const aborted = new AbortController();
  if (interruption !== undefined) aborted.abort();

  function interrupt(why: Interruption): void {
    interruption ??= why;
    aborted.abort();
  }

  async function beat(): Promise<void> {
    try {
      if (!(await store.jobs.heartbeat(job.id, job.fence, clock.now(), limits.leaseMs))) return interrupt('stop');
      // A cancel may have come in through another server.
      if ((await store.pipelineRuns.get(run.id))?.cancelledAt !== undefined) interrupt('cancel');
    } catch (error) {
      // The lease has time for two more beats; if the store stays away, it runs out and the step is taken up again.
      log.warn({ err: error, step: stepRun.id }, 'heartbeat failed');
    }
  }

  const scope: StepScope = {
    deps,
    limits,
    run,
    step,
    fence: job.fence,
    interruption: () => interruption,
    async change(change) {
      return store.transaction(async (tx) => {
        if (!(await tx.jobs.heartbeat(job.id, job.fence, clock.now(), limits.leaseMs))) throw new LeaseLost();
        const before = await tx.stepRuns.get(stepRun.id);
        if (before === undefined || isOver(before.status)) throw new LeaseLost();
        const after = await tx.stepRuns.update(stepRun.id, change);
        if (after.status !== before.status) {
          const data = { runId: run.id, step: step.name, status: after.status };
          await announce(tx, deps, run, { type: 'step_run.changed', data });
        }
        return after;
      });
    },
    async pause(ms, until) {
      if (aborted.signal.aborted) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          aborted.signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        aborted.signal.addEventListener('abort', done);
        if (until !== undefined) void follow(until, done);
      });
    },
  };

  async function stopEarlier(): Promise<StepOutcome> {
    const open = (await store.stepRuns.get(stepRun.id))?.attempts.at(-1);
    if (open !== undefined && open.endedAt === undefined) await executor.cancel(open.attemptId);
    return { kind: 'cancelled' };
  }

  async function attempt(): Promise<StepOutcome> {
    if (interruption === 'cancel') return stopEarlier();
    const principal = { name: 'system', role: 'admin' as const };
    const cause = run.startedEventId === undefined ? {} : { cause: run.startedEventId };
    const ctx: Context = { principal, log, signal: aborted.signal, ...cause };
    try {
      return await execute(scope, stepRun, workspace, ctx);
    } catch (error) {
      if (error instanceof LeaseLost) return { kind: 'left' };
      return { kind: 'failed', error: stepError(error, `pipeline.${step.name}`) };
    }
  }

  async function perform(): Promise<void> {
    const timer = setInterval(() => void beat(), limits.heartbeatMs);
    try {
      const outcome = await attempt();
      if (outcome.kind === 'left') {
        await store.jobs.release(job.id, job.fence);
        return;
      }
      await store.transaction((tx) => publish(tx, deps, job, stepRun, outcome));
      // Only now: until the commit, a restarted server would have to read the outputs again.
      for (const one of (await store.stepRuns.get(stepRun.id))?.attempts ?? []) await executor.clean(one.attemptId);
    } catch (error) {
      if (error instanceof LeaseLost) return;
      // The lease runs out and the step is taken up from what the tables say.
      log.error({ err: error, step: stepRun.id }, 'a step could not be recorded; it will be taken up again');
    } finally {
      clearInterval(timer);
    }
  }

  return { runId: run.id, interrupt, finished: perform() };
}
