/**
 * Every change of a run's state, each made inside the transaction it is given: step runs, jobs, events and the run itself move
 * together or not at all. So whatever instant a server is killed at, the tables say what comes next.
 */
import { MillwrightError } from '../../domain/errors.ts';
import type { EventData } from '../../domain/events.ts';
import type { PipelineRun, StepOutput, StepRun, StepStatus } from '../../domain/pipelines.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import { isTwin } from './plan.ts';

export const STEP_QUEUE = 'steps';
/** Jobs that close the tracking Runs of a run that has ended. */
export const END_QUEUE = 'run-ends';

export type StepError = NonNullable<StepRun['error']>;

/** How a step came out. `left`: nothing may be written (the lease went away, or the server stops). */
export type StepOutcome =
  | {
      readonly kind: 'succeeded';
      readonly outputs: readonly StepOutput[];
      readonly change?: Partial<StepRun>;
      readonly environmentId?: string;
    }
  | { readonly kind: 'failed'; readonly error: StepError; readonly change?: Partial<StepRun> }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'left' };

/** Thrown inside a transaction to undo it: another worker holds the job now. */
export class LeaseLost extends Error {}

export interface TimeAndIds {
  readonly clock: Clock;
  readonly ids: Ids;
}

export const isOver = (status: StepStatus): boolean => status !== 'waiting' && status !== 'running';

export function stepError(error: unknown, where: string): StepError {
  if (error instanceof MillwrightError) {
    return {
      code: error.code,
      message: error.message,
      where: error.where ?? where,
      ...(error.next === undefined ? {} : { next: error.next }),
    };
  }
  return { code: 'MW-INTERNAL', message: error instanceof Error ? error.message : String(error), where };
}

type RunEvent = 'step_run.changed' | 'pipeline_run.succeeded' | 'pipeline_run.failed' | 'pipeline_run.cancelled';
type RunFact = { readonly [T in RunEvent]: { readonly type: T; readonly data: EventData[T] } }[RunEvent];

/** An event of a run, caused by its start. */
export async function announce(tx: Stores, deps: TimeAndIds, run: PipelineRun, fact: RunFact): Promise<void> {
  const cause = run.startedEventId;
  await tx.events.append({
    id: deps.ids.next('evt'),
    at: deps.clock.now(),
    project: run.project,
    actor: 'system',
    ...(cause === undefined ? {} : { cause }),
    ...fact,
  });
}

export async function stepRunsOf(tx: Pick<Stores, 'stepRuns'>, runId: string): Promise<ReadonlyMap<string, StepRun>> {
  const found = await tx.stepRuns.find({ where: { pipelineRunId: runId }, order: 'oldest', limit: 10_000 });
  return new Map(found.map((one) => [one.step, one]));
}

async function finish(tx: Stores, deps: TimeAndIds, run: PipelineRun, steps: readonly StepRun[]): Promise<void> {
  const { number } = run;
  const failed = steps.find((one) => one.status === 'failed' && !isTwin(one.step));
  const status = failed !== undefined ? 'failed' : run.cancelledAt !== undefined ? 'cancelled' : 'succeeded';
  const endedAt = deps.clock.now();
  const error = failed?.error ?? { code: 'MW-INTERNAL', message: 'no reason was recorded' };
  await tx.pipelineRuns.update(run.id, (doc) => ({
    ...doc,
    status,
    endedAt,
    ...(status === 'failed' ? { error } : {}),
  }));
  if (status === 'failed') {
    const { code, message } = error;
    await announce(tx, deps, run, { type: 'pipeline_run.failed', data: { runId: run.id, number, code, message } });
  } else if (status === 'cancelled') {
    await announce(tx, deps, run, { type: 'pipeline_run.cancelled', data: { runId: run.id, number } });
  } else {
    const reused = steps.filter((one) => one.reusedFrom !== undefined).length;
    const ms = endedAt - run.createdAt;
    await announce(tx, deps, run, { type: 'pipeline_run.succeeded', data: { runId: run.id, number, ms, reused } });
  }
  const payload = JSON.stringify({ runId: run.id });
  await tx.jobs.add({ id: `${run.id}/:end`, queue: END_QUEUE, payload, at: endedAt });
}

/** Draws the consequences of the steps' states: what is ready, what will never run, whether the run is over. */
export async function settle(tx: Stores, deps: TimeAndIds, runId: string): Promise<void> {
  const run = await tx.pipelineRuns.get(runId);
  if (run === undefined || run.status !== 'running') return;
  const steps = new Map(await stepRunsOf(tx, runId));
  // In the plan's order: a step that is skipped is known before those that take from it.
  for (const { name, inputs } of run.steps) {
    const step = steps.get(name);
    if (step === undefined || step.status !== 'waiting') continue;
    const before = inputs.map((input) => steps.get(input.from)?.status);
    const never = before.some((status) => status === 'failed' || status === 'skipped' || status === 'cancelled');
    const to = run.cancelledAt !== undefined ? 'cancelled' : never ? 'skipped' : undefined;
    if (to !== undefined) {
      const changed = await tx.stepRuns.update(step.id, (doc) => ({ ...doc, status: to, endedAt: deps.clock.now() }));
      steps.set(name, changed);
      await announce(tx, deps, run, { type: 'step_run.changed', data: { runId, step: name, status: to } });
    } else if (before.every((status) => status === 'succeeded')) {
      const payload = JSON.stringify({ runId, step: name });
      await tx.jobs.add({ id: step.id, queue: STEP_QUEUE, payload, at: deps.clock.now() });
    }
  }
  const all = [...steps.values()];
  if (all.every((step) => isOver(step.status))) await finish(tx, deps, run, all);
}

/** Records a step's end under its fence. Throws LeaseLost, and then nothing was written. */
export async function publish(
  tx: Stores,
  deps: TimeAndIds,
  job: { readonly id: string; readonly fence: number },
  stepRun: StepRun,
  outcome: Exclude<StepOutcome, { kind: 'left' }>,
): Promise<void> {
  if (!(await tx.jobs.finish(job.id, job.fence))) throw new LeaseLost();
  const run = await tx.pipelineRuns.get(stepRun.pipelineRunId);
  if (run === undefined) return;
  const endedAt = deps.clock.now();
  await tx.stepRuns.update(stepRun.id, (doc) => ({
    ...doc,
    startedAt: doc.startedAt ?? endedAt,
    ...(outcome.kind === 'cancelled' ? {} : outcome.change),
    status: outcome.kind,
    endedAt,
    ...(outcome.kind === 'succeeded' ? { outputs: outcome.outputs } : {}),
    ...(outcome.kind === 'failed' ? { error: outcome.error } : {}),
  }));
  if (outcome.kind === 'succeeded' && outcome.environmentId !== undefined) {
    const { environmentId } = outcome;
    await tx.pipelineRuns.update(run.id, (doc) => ({ ...doc, environmentId }));
  }
  const { step } = stepRun;
  await announce(tx, deps, run, { type: 'step_run.changed', data: { runId: run.id, step, status: outcome.kind } });
  await settle(tx, deps, run.id);
}
