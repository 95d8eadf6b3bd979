/** The start of a run: freezes file, code and plan, then writes them, the first jobs and the event in one commit. */
import { createHash } from 'node:crypto';
import type { PipelineRun, RunCause, StepRun } from '../../domain/pipelines.ts';
import type { ProjectSpec } from '../../domain/project.ts';
import type { Context } from '../../ports/context.ts';
import type { Workspace } from '../../ports/workspace.ts';
import type { PipelineDeps } from './deps.ts';
import { type Champion, type ParamValue, planRun } from './plan.ts';
import { settle } from './transitions.ts';

export interface StartRequest {
  readonly spec: ProjectSpec;
  readonly workspace: Workspace;
  readonly cause: RunCause;
  readonly champion?: Champion | undefined;
  /** `step.param` -> value, in place of the file's. */
  readonly set?: Readonly<Record<string, ParamValue>> | undefined;
}

function causeText(cause: RunCause): string {
  switch (cause.kind) {
    case 'person':
      return `started by ${cause.who}`;
    case 'alert':
      return `alert ${cause.alertId}: ${cause.text}`;
    case 'schedule':
      return `schedule ${cause.cron}`;
    case 'dataset':
      return `new version ${cause.version} of dataset ${cause.name}`;
  }
}

/** Throws what `planRun` throws, and MW-CONFIG-MISSING; nothing is left behind then. */
export async function startRun(deps: PipelineDeps, ctx: Context, request: StartRequest): Promise<PipelineRun> {
  const { store, artifacts, tracking, clock, ids } = deps;
  const { spec, workspace, cause, champion } = request;
  const steps = planRun(spec, { champion, set: request.set });
  const file = await workspace.file();
  const code = await workspace.snapshot(Object.values(spec.datasets).flatMap((dataset) => dataset.from));
  const manifest = await artifacts.put(new TextEncoder().encode(JSON.stringify(code.files)));

  const number = await store.counter(`pipeline_run:${spec.project}`);
  const id = `${spec.project}-${number}`;
  const experiment = await tracking.ensureExperiment(spec.project);
  const openRun = (name: string, source: string): Promise<{ readonly id: string }> =>
    tracking.createRun({
      experimentId: experiment.id,
      name,
      tags: [
        { key: 'mlflow.source.name', value: source },
        { key: 'mlflow.source.type', value: 'JOB' },
        { key: 'millwright.pipeline_run', value: id },
        ...(code.commit === undefined ? [] : [{ key: 'mlflow.source.git.commit', value: code.commit }]),
      ],
    });
  const opened = await openRun(id, 'millwright.yaml');
  const twin = champion === undefined ? undefined : await openRun(`${id}-champion`, `champion v${champion.version}`);

  const createdAt = clock.now();
  const startedEventId = ids.next('evt');
  const run: PipelineRun = {
    id,
    createdAt,
    project: spec.project,
    number,
    status: 'running',
    cause,
    steps,
    fileDigest: `sha256:${createHash('sha256').update(file).digest('hex')}`,
    codeDigest: code.digest,
    codeManifest: manifest.digest,
    ...(code.commit === undefined ? {} : { commit: code.commit }),
    trackingRunId: opened.id,
    ...(twin === undefined ? {} : { championRunId: twin.id }),
    ...(champion === undefined ? {} : { championVersion: champion.version }),
    startedEventId,
  };
  try {
    await store.transaction(async (tx) => {
      await tx.pipelineRuns.insert(run);
      for (const step of steps) {
        const stepRun: StepRun = {
          id: `${id}/${step.name}`,
          createdAt,
          pipelineRunId: id,
          step: step.name,
          kind: step.kind,
          status: 'waiting',
          attempts: [],
          outputs: [],
        };
        await tx.stepRuns.insert(stepRun);
      }
      await tx.events.append({
        id: startedEventId,
        type: 'pipeline_run.started',
        at: createdAt,
        project: spec.project,
        actor: ctx.principal.name,
        ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
        data: { runId: id, number, cause: causeText(cause) },
      });
      await settle(tx, deps, id);
    });
  } catch (error) {
    for (const one of [opened, ...(twin === undefined ? [] : [twin])]) await tracking.endRun(one.id, 'FAILED');
    throw error;
  }
  return run;
}
