/** The loop of one project as six stages, read from its records: what is known, since when, and where it stands now. */
import type { DatasetVersion } from '../../domain/datasets.ts';
import type { Endpoint, Image, Rollout } from '../../domain/deployments.ts';
import type { Alert, Evaluation } from '../../domain/monitoring.ts';
import type { PipelineRun, StepRun } from '../../domain/pipelines.ts';
import type { Estimate, ModelVersion } from '../../domain/registry.ts';
import { rolloutWait } from '../../domain/rollout-reading.ts';

export interface ProjectRecords {
  readonly project: string;
  readonly datasets: readonly DatasetVersion[];
  readonly run: PipelineRun | undefined;
  readonly steps: readonly StepRun[];
  readonly version: ModelVersion | undefined;
  readonly champion: number | undefined;
  readonly image: Image | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly rollout: Rollout | undefined;
  readonly alert: Alert | undefined;
  readonly evaluation: Evaluation | undefined;
  readonly drift: Evaluation | undefined;
}

export type StageName = 'data' | 'train' | 'validate' | 'package' | 'deploy' | 'watch';

export interface Stage {
  readonly stage: StageName;
  readonly state: 'done' | 'running' | 'warning' | 'failed' | 'old' | 'never';
  readonly progress?: number;
  readonly at?: number;
  readonly href?: string;
  readonly rows?: number;
  readonly runNumber?: number;
  readonly ms?: number;
  readonly gatesPassed?: number;
  readonly gatesTotal?: number;
  readonly metric?: { readonly name: string; readonly estimate: Estimate };
  readonly bytes?: number;
  readonly percent?: number;
  readonly version?: number;
  readonly drifted?: number;
  readonly columns?: number;
  readonly since?: number;
  readonly alertId?: string;
  readonly text?: string;
}

const never = (stage: StageName): Stage => ({ stage, state: 'never' });

function dataStage({ project, datasets }: ProjectRecords): Stage {
  const newest = datasets[0];
  if (newest === undefined) return never('data');
  const failed = newest.checks.filter((check) => !check.passed);
  return {
    stage: 'data',
    state: failed.length === 0 ? 'done' : 'failed',
    rows: newest.rows,
    at: newest.createdAt,
    href: `/p/${project}/data`,
    ...(failed[0] === undefined ? {} : { text: failed[0].text }),
  };
}

/** Share of the steps that need no more work. */
function doneShare(run: PipelineRun, steps: readonly StepRun[]): number {
  const done = steps.filter((step) => step.status === 'succeeded').length;
  return run.steps.length === 0 ? 0 : done / run.steps.length;
}

function trainStage({ project, run, steps }: ProjectRecords): Stage {
  if (run === undefined) return never('train');
  const state = run.status === 'running' ? 'running' : run.status === 'failed' ? 'failed' : 'done';
  return {
    stage: 'train',
    state,
    runNumber: run.number,
    at: run.endedAt ?? run.createdAt,
    href: `/p/${project}/pipelines/${project}/${run.number}`,
    ...(state === 'running' ? { progress: doneShare(run, steps) } : {}),
    ...(run.endedAt === undefined ? {} : { ms: run.endedAt - run.createdAt }),
    ...(run.error === undefined ? {} : { text: run.error.message }),
  };
}

const HEADLINE = ['log_loss', 'auc', 'accuracy', 'rmse', 'brier'];

function headlineMetric(
  metrics: Readonly<Record<string, Estimate>>,
): { readonly name: string; readonly estimate: Estimate } | undefined {
  const name = HEADLINE.find((one) => one in metrics) ?? Object.keys(metrics)[0];
  const estimate = name === undefined ? undefined : metrics[name];
  return name === undefined || estimate === undefined ? undefined : { name, estimate };
}

function validateStage({ project, version }: ProjectRecords): Stage {
  if (version === undefined || version.verdict === 'unjudged') return never('validate');
  const metric = headlineMetric(version.metrics);
  return {
    stage: 'validate',
    state: version.verdict === 'accepted' ? 'done' : 'warning',
    gatesPassed: version.gates.filter((gate) => gate.passed === true).length,
    gatesTotal: version.gates.length,
    version: version.number,
    at: version.createdAt,
    href: `/p/${project}/models/${version.model}/${version.number}`,
    ...(metric === undefined ? {} : { metric }),
  };
}

function packageStage({ project, image }: ProjectRecords): Stage {
  if (image === undefined) return never('package');
  return {
    stage: 'package',
    state: 'done',
    bytes: image.bytes,
    ms: image.buildMs,
    version: image.version,
    at: image.createdAt,
    href: `/p/${project}/models/${image.model}/${image.version}`,
  };
}

function deployStage({ project, endpoint, rollout }: ProjectRecords, now: number): Stage {
  if (endpoint === undefined || endpoint.weights.length === 0) return never('deploy');
  const href = `/p/${project}/endpoints/${endpoint.id}`;
  if (rollout?.status === 'running') {
    const weight = endpoint.weights.find((one) => one.releaseId === rollout.releaseId);
    const version = weight?.version ?? endpoint.mirror?.version;
    const percent = weight?.percent ?? 0;
    const wait = rolloutWait(rollout, now);
    const how = endpoint.mirror !== undefined ? 'shadow: ' : rollout.strategy === 'ab' ? 'A/B test: ' : '';
    return {
      stage: 'deploy',
      state: wait?.overdue === true ? 'warning' : 'running',
      progress: percent / 100,
      percent,
      at: rollout.createdAt,
      href,
      ...(wait === undefined ? {} : { text: `${how}${wait.text}` }),
      ...(version === undefined ? {} : { version }),
    };
  }
  const top = endpoint.weights.toSorted((a, b) => b.percent - a.percent)[0];
  return {
    stage: 'deploy',
    state: rollout?.status === 'rolled-back' ? 'warning' : 'done',
    percent: top?.percent ?? 0,
    at: rollout?.endedAt ?? endpoint.createdAt,
    href,
    ...(top === undefined ? {} : { version: top.version }),
    ...(rollout?.status === 'rolled-back' && rollout.reason !== undefined ? { text: rollout.reason } : {}),
  };
}

function watchStage({ project, alert, evaluation, drift }: ProjectRecords): Stage {
  const newest = evaluation ?? drift;
  if (newest === undefined) return never('watch');
  const value = newest.values['value'];
  return {
    stage: 'watch',
    state: alert === undefined ? 'done' : 'warning',
    at: newest.createdAt,
    href:
      alert === undefined
        ? `/p/${project}/monitors/${newest.monitorId.split('/')[1] ?? ''}`
        : `/p/${project}/incidents/${alert.number}`,
    ...(value === undefined ? {} : { metric: { name: newest.monitorId.split('/')[1] ?? 'value', estimate: value } }),
    ...(drift === undefined
      ? {}
      : { drifted: drift.columns.filter((column) => column.drifted).length, columns: drift.columns.length }),
    ...(alert === undefined ? {} : { since: alert.since, alertId: alert.id, text: alert.text }),
  };
}

/** Six stages, clockwise from data. */
export function stagesOf(records: ProjectRecords, now: number): readonly Stage[] {
  return [
    dataStage(records),
    trainStage(records),
    validateStage(records),
    packageStage(records),
    deployStage(records, now),
    watchStage(records),
  ];
}
