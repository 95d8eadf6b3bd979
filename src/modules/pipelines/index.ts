/** Pipelines: a project's file as a DAG of steps, run durably, each step at most once for the same content. */
import { MillwrightError } from '../../domain/errors.ts';
import type { PipelineRun, StepRun } from '../../domain/pipelines.ts';
import type { Context } from '../../ports/context.ts';
import { explainMiss, type PartChange } from './cache.ts';
import type { PipelineDeps } from './deps.ts';
import { createEngine } from './engine.ts';
import { type StartRequest, startRun } from './start-run.ts';
import { settle, stepRunsOf } from './transitions.ts';

export { type PipelineDeps, type PipelineLimits } from './deps.ts';
export { type Champion, planRun } from './plan.ts';
export { type StartRequest } from './start-run.ts';

export interface Pipelines {
  /** Durable when it resolves. Throws MW-CONFIG-VALUE, MW-CONFIG-CYCLE, MW-INVALID, MW-CONFIG-MISSING. */
  start(ctx: Context, request: StartRequest): Promise<PipelineRun>;
  /** Resolves when no process of the run's steps is left. A run that is over is returned as it is. Throws MW-NOT-FOUND. */
  cancel(ctx: Context, runId: string): Promise<PipelineRun>;
  /** The engine: takes up what was left, then works until `stop`. */
  run(): Promise<void>;
  /** Stops the engine; steps that run go on and are taken up by the next `run`. */
  stop(): Promise<void>;
  /** Throws MW-NOT-FOUND. */
  get(runId: string): Promise<PipelineRun>;
  /** Newest first. */
  list(project?: string, limit?: number): Promise<readonly PipelineRun[]>;
  /** In the order of the plan. Throws MW-NOT-FOUND. */
  steps(runId: string): Promise<readonly StepRun[]>;
  /** From byte `offset` (negative: from the end). `over`: nothing more will come. Default attempt: the newest. */
  log(runId: string, step: string, attempt?: number, offset?: number): Promise<StepLog>;
  /** Why a step did not reuse the result of the newest run before it; undefined when there is nothing to compare. */
  explain(runId: string, step: string): Promise<readonly PartChange[] | undefined>;
}

export interface StepLog {
  readonly text: string;
  readonly next: number;
  readonly over: boolean;
  /** The step run whose log this is, when the result was reused. */
  readonly reusedFrom?: string;
}

export function createPipelines(deps: PipelineDeps): Pipelines {
  const { store } = deps;
  const engine = createEngine(deps);

  async function get(runId: string): Promise<PipelineRun> {
    const run = await store.pipelineRuns.get(runId);
    if (run !== undefined) return run;
    throw new MillwrightError('MW-NOT-FOUND', `there is no pipeline run "${runId}"`, { where: runId, next: 'mw runs' });
  }

  async function stepOf(runId: string, step: string): Promise<StepRun> {
    const found = await store.stepRuns.get(`${runId}/${step}`);
    if (found !== undefined) return found;
    const known = (await get(runId)).steps.map((one) => one.name);
    throw new MillwrightError('MW-NOT-FOUND', `run ${runId} has no step "${step}"`, {
      where: step,
      next: `steps: ${known.join(', ')}`,
    });
  }

  return {
    async start(ctx, request) {
      const run = await startRun(deps, ctx, request);
      engine.knows(run.id, request.workspace);
      engine.wake();
      return run;
    },

    async cancel(ctx, runId) {
      await get(runId);
      await store.transaction(async (tx) => {
        await tx.pipelineRuns.update(runId, (doc) =>
          doc.status !== 'running' || doc.cancelledAt !== undefined ? doc : { ...doc, cancelledAt: deps.clock.now() },
        );
        await settle(tx, deps, runId);
      });
      ctx.log.info({ run: runId, by: ctx.principal.name }, 'pipeline run cancelled');
      await engine.cancel(runId);
      return get(runId);
    },

    run: () => engine.run(),
    stop: () => engine.stop(),
    get,
    list: (project, limit = 100) =>
      store.pipelineRuns.find({ ...(project === undefined ? {} : { where: { project } }), limit }),

    async steps(runId) {
      const run = await get(runId);
      const found = await stepRunsOf(store, runId);
      return run.steps.flatMap((step) => found.get(step.name) ?? []);
    },

    async log(runId, step, attempt, offset = 0) {
      const asked = await stepOf(runId, step);
      const source = asked.reusedFrom === undefined ? asked : ((await store.stepRuns.get(asked.reusedFrom)) ?? asked);
      const reused = source === asked ? {} : { reusedFrom: source.id };
      const over = asked.status !== 'waiting' && asked.status !== 'running';
      const found =
        attempt === undefined ? source.attempts.at(-1) : source.attempts.find((one) => one.number === attempt);
      if (found === undefined) {
        if (attempt === undefined) return { text: '', next: 0, over, ...reused };
        throw new MillwrightError('MW-NOT-FOUND', `step ${asked.id} has no attempt ${attempt}`, {
          where: `${attempt}`,
        });
      }
      const read = await deps.executor.log(found.attemptId, offset);
      // More may follow at once; only an empty read of an attempt that has ended is the end.
      return { ...read, over: (over || found.endedAt !== undefined) && read.text === '', ...reused };
    },

    async explain(runId, step) {
      const now = await stepOf(runId, step);
      const run = await get(runId);
      if (now.cacheParts === undefined) return undefined;
      const earlier = await store.pipelineRuns.find({ where: { project: run.project }, limit: 20 });
      for (const other of earlier) {
        if (other.number >= run.number) continue;
        const before = await store.stepRuns.get(`${other.id}/${step}`);
        if (before?.status === 'succeeded' && before.cacheParts !== undefined) {
          return explainMiss(before.cacheParts, now.cacheParts);
        }
      }
      return undefined;
    },
  };
}
