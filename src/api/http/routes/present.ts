/** Domain values → wire values that several resources use. Pure. */
import type { Rollout } from '../../../domain/deployments.ts';
import type { Alert, Evaluation } from '../../../domain/monitoring.ts';
import type { PipelineRun, StepRun } from '../../../domain/pipelines.ts';
import type { Estimate } from '../../../domain/registry.ts';
import { rolloutWait } from '../../../domain/rollout-reading.ts';

/** Copies arrays that the domain holds read-only: the wire types are mutable. */
export const list = <T>(items: readonly T[]): T[] => [...items];

export const estimates = (all: Readonly<Record<string, Estimate>>): Record<string, Estimate> => ({ ...all });

export function rolloutWire(rollout: Rollout, versions: ReadonlyMap<string, number>, now: number, calls: number) {
  const step = rollout.steps[rollout.stepIndex];
  const byTime = rollout.hold.ms === 0 ? 1 : (now - (step?.startedAt ?? now)) / rollout.hold.ms;
  const byCalls = rollout.hold.calls === 0 ? 1 : (step?.calls ?? calls) / rollout.hold.calls;
  const wait = rolloutWait(rollout, now);
  const share =
    rollout.strategy === 'ab' && rollout.ab !== undefined
      ? (now - rollout.createdAt) / rollout.ab.atMostMs
      : Math.min(byTime, byCalls);
  const from = rollout.fromReleaseId === undefined ? undefined : versions.get(rollout.fromReleaseId);
  return {
    id: rollout.id,
    status: rollout.status,
    version: versions.get(rollout.releaseId) ?? 0,
    ...(from === undefined ? {} : { fromVersion: from }),
    strategy: rollout.strategy ?? 'canary',
    createdAt: rollout.createdAt,
    ...(rollout.endedAt === undefined ? {} : { endedAt: rollout.endedAt }),
    stepIndex: rollout.stepIndex,
    steps: rollout.steps.map(({ baseline: _baseline, ...one }) => one),
    hold: { ...rollout.hold },
    progress: rollout.status === 'running' ? Math.max(0, Math.min(1, share)) : 1,
    guards: rollout.guards.map((guard) => ({ ...guard, tripped: guard.tripped ?? null })),
    ...(wait === undefined ? {} : { waits: wait.text, overdue: wait.overdue }),
    ...(rollout.atMostMs === undefined ? {} : { atMostMs: rollout.atMostMs }),
    ...(rollout.ab === undefined ? {} : { ab: { ...rollout.ab } }),
    ...(rollout.abReading === undefined ? {} : { abReading: { ...rollout.abReading } }),
    ...(rollout.reason === undefined ? {} : { reason: rollout.reason }),
    cause: rollout.cause,
  };
}

export function evaluationWire(one: Evaluation) {
  return {
    id: one.id,
    monitorId: one.monitorId,
    createdAt: one.createdAt,
    from: one.from,
    to: one.to,
    predictions: one.predictions,
    outcomes: one.outcomes,
    values: estimates(one.values),
    byVersion: Object.fromEntries(
      Object.entries(one.byVersion).map(([version, values]) => [version, estimates(values)]),
    ),
    breached: one.breached ?? null,
  };
}

export function columnsWire(columns: Evaluation['columns']) {
  return columns.map(({ histogram, ...rest }) => ({
    ...rest,
    ...(histogram === undefined
      ? {}
      : {
          histogram: {
            labels: list(histogram.labels),
            reference: list(histogram.reference),
            current: list(histogram.current),
          },
        }),
  }));
}

export function alertWire(alert: Alert) {
  const { moved, ...rest } = alert;
  return { ...rest, moved: columnsWire(moved) };
}

function causeText(run: PipelineRun): string {
  switch (run.cause.kind) {
    case 'person':
      return run.cause.who;
    case 'alert':
      return run.cause.text;
    case 'schedule':
      return run.cause.cron;
    case 'dataset':
      return `${run.cause.name} ${run.cause.version}`;
  }
}

export interface RunResult {
  readonly kind: 'accepted' | 'refused' | 'unchanged';
  readonly version?: number;
  readonly reason: string;
}

export function pipelineRunWire(run: PipelineRun, steps: readonly StepRun[], result: RunResult | undefined) {
  return {
    id: run.id,
    project: run.project,
    number: run.number,
    status: run.status,
    createdAt: run.createdAt,
    ...(run.endedAt === undefined ? {} : { endedAt: run.endedAt }),
    cause: {
      kind: run.cause.kind,
      text: causeText(run),
      ...(run.cause.kind === 'alert' ? { alertId: run.cause.alertId } : {}),
    },
    ...(run.commit === undefined ? {} : { commit: run.commit }),
    trackingRunId: run.trackingRunId,
    ...(run.championVersion === undefined ? {} : { championVersion: run.championVersion }),
    stepsDone: steps.filter((step) => step.status === 'succeeded').length,
    stepsReused: steps.filter((step) => step.reusedFrom !== undefined).length,
    stepsTotal: run.steps.length,
    ...(run.error === undefined ? {} : { error: { ...run.error } }),
    ...(result === undefined ? {} : { result: { ...result } }),
  };
}
