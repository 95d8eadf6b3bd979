/** Pipeline runs, their steps and logs. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { PipelineRun, PlannedStep, StepRun } from '../../../domain/pipelines.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { list, pipelineRunWire, type RunResult } from './present.ts';

type Mine = Pick<Handlers, 'pipelineRuns' | 'pipelineRun' | 'stepLog' | 'startPipeline' | 'cancelPipeline'>;

function stepWire(planned: PlannedStep, step: StepRun | undefined, reason: string | undefined) {
  const made = new Map((step?.outputs ?? []).map((output) => [output.name, output]));
  return {
    step: planned.name,
    kind: planned.kind,
    status: step?.status ?? ('waiting' as const),
    command: planned.argv.join(' '),
    inputs: planned.inputs.map((input) => ({ ...input })),
    outputs: planned.outputs.map((name) => {
      const output = made.get(name);
      return output === undefined ? { name } : { name, digest: output.digest, bytes: output.bytes };
    }),
    params: { ...planned.params },
    ...(step?.startedAt === undefined ? {} : { startedAt: step.startedAt }),
    ...(step?.endedAt === undefined ? {} : { endedAt: step.endedAt }),
    ...(step?.reusedFrom === undefined ? {} : { reusedFrom: step.reusedFrom }),
    ...(reason === undefined ? {} : { reason }),
    attempts: (step?.attempts ?? []).map(({ attemptId: _attempt, fence: _fence, ...rest }) => rest),
    ...(step?.error === undefined ? {} : { error: { ...step.error } }),
  };
}

export function pipelineHandlers({ store, pipelines }: ApiDeps): Mine {
  async function resultOf(run: PipelineRun): Promise<RunResult | undefined> {
    if (run.status !== 'succeeded') return undefined;
    const events = await store.events.find({
      project: run.project,
      types: ['model_version.registered', 'model.unchanged', 'reaction.gave_up'],
      order: 'newest',
      limit: 1000,
    });
    for (const event of events) {
      if (event.type === 'model.unchanged' && event.data.runId === run.id) {
        return {
          kind: 'unchanged',
          version: event.data.version,
          reason: `the same model as v${event.data.version}: nothing to do`,
        };
      }
      if (event.type === 'reaction.gave_up' && event.data.runId === run.id) {
        return { kind: 'refused', reason: event.data.message };
      }
      if (event.type === 'model_version.registered' && event.data.runId === run.id) {
        const kind = event.data.verdict === 'refused' ? 'refused' : 'accepted';
        return { kind, version: event.data.version, reason: event.data.reason };
      }
    }
    return undefined;
  }

  const wire = async (run: PipelineRun) => {
    const steps = await store.stepRuns.find({ where: { pipelineRunId: run.id } });
    return pipelineRunWire(run, steps, await resultOf(run));
  };

  async function known(id: string): Promise<PipelineRun> {
    const run = await store.pipelineRuns.get(id);
    if (run === undefined)
      throw new MillwrightError('MW-NOT-FOUND', `no pipeline run "${id}"`, {
        where: 'id',
        next: 'list them: mw runs --pipelines',
      });
    return run;
  }

  return {
    pipelineRuns: async (_ctx, { query }) => {
      const where = query.project === undefined ? {} : { where: { project: query.project } };
      const runs = await store.pipelineRuns.find({ ...where, limit: query.limit ?? 100 });
      return { pipelineRuns: await Promise.all(runs.map(wire)) };
    },
    pipelineRun: async (_ctx, { params }) => {
      const run = await known(params.id);
      const steps = await store.stepRuns.find({ where: { pipelineRunId: run.id } });
      const byName = new Map(steps.map((step) => [step.step, step]));
      const described = await Promise.all(
        run.steps.map(async (planned) =>
          stepWire(planned, byName.get(planned.name), await pipelines.explain(run.id, planned.name)),
        ),
      );
      return { pipelineRun: pipelineRunWire(run, steps, await resultOf(run)), steps: described };
    },
    stepLog: async (_ctx, { params, query }) => {
      await known(params.id);
      return pipelines.log(params.id, params.step, query.attempt, query.offset ?? 0);
    },
    startPipeline: async (ctx, { params, body }) => {
      const run = await pipelines.start(ctx, params.name, { kind: 'person', who: ctx.principal.name }, body.set);
      return { pipelineRun: pipelineRunWire(run, list([]), undefined) };
    },
    cancelPipeline: async (ctx, { params }) => {
      await known(params.id);
      await pipelines.cancel(ctx, params.id);
      return { ok: true };
    },
  };
}
