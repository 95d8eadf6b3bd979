/** One evaluation of one monitor at one boundary: reads, judges, decides nothing about alerts. */
import { evaluateCondition } from '../../domain/conditions.ts';
import type { ColumnProfile } from '../../domain/datasets.ts';
import { readEstimate } from '../../domain/gates.ts';
import type { ColumnDrift, Evaluation } from '../../domain/monitoring.ts';
import type { DriftMonitorSpec, MonitorSpec, PerformanceMonitorSpec } from '../../domain/project.ts';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import { enoughHistory } from './boundaries.ts';
import { DRIFT_SAMPLE, readDrift } from './drift.ts';
import { readPerformance } from './performance.ts';

/** Below this many rows a verdict would be noise: the evaluation is stored with `breached` undefined. */
const FEWEST_ROWS = 30;

export interface EvaluateDeps {
  readonly analytics: AnalyticsStore;
  /** The training reference of the version that the endpoint serves; undefined when there is none. */
  readonly reference: (endpoint: string) => Promise<readonly ColumnProfile[] | undefined>;
}

export interface Task {
  readonly project: string;
  readonly monitorId: string;
  readonly endpoint: string;
  readonly spec: MonitorSpec;
  readonly to: number;
  readonly span: { readonly first: number };
}

type Reading = Pick<Evaluation, 'predictions' | 'outcomes' | 'values' | 'columns' | 'byVersion'>;

async function performance(deps: EvaluateDeps, task: Task, spec: PerformanceMonitorSpec): Promise<Reading> {
  const { endpoint, to } = task;
  const from = to - spec.windowMs;
  const rows = await deps.analytics.labelled({ endpoint, outcome: spec.outcome, from, to, knownBy: to });
  const predictions = await deps.analytics.count(endpoint, from, to);
  return {
    predictions,
    outcomes: rows.length,
    columns: [],
    ...readPerformance(rows, spec.metric, predictions, spec.windowMs, `${task.monitorId} ${to}`),
  };
}

async function drift(deps: EvaluateDeps, task: Task, spec: DriftMonitorSpec): Promise<Reading> {
  const from = task.to - spec.windowMs;
  const reference = await deps.reference(task.endpoint);
  const predictions = await deps.analytics.count(task.endpoint, from, task.to);
  const none = { predictions, outcomes: 0, byVersion: {} };
  if (reference === undefined || predictions < FEWEST_ROWS) return { ...none, columns: [], values: {} };
  return { ...none, ...readDrift(reference, await deps.analytics.columns(task.endpoint, from, task.to, DRIFT_SAMPLE)) };
}

function verdict(task: Task, reading: Reading): boolean | undefined {
  const condition = task.spec.alertIf;
  if (condition === undefined) return false;
  const rows = task.spec.kind === 'performance' ? reading.outcomes : reading.predictions;
  if (rows < FEWEST_ROWS || !enoughHistory(task.span, task.to, task.spec.windowMs)) return undefined;
  return evaluateCondition(condition, (name) => readEstimate(reading.values, name)).holds;
}

/** `createdAt` is left to the caller: the wall clock is read when the evaluation is stored. */
export async function evaluate(deps: EvaluateDeps, task: Task): Promise<Omit<Evaluation, 'createdAt'>> {
  const reading =
    task.spec.kind === 'performance' ? await performance(deps, task, task.spec) : await drift(deps, task, task.spec);
  return {
    id: `${task.monitorId}/${task.to}`,
    monitorId: task.monitorId,
    project: task.project,
    from: task.to - task.spec.windowMs,
    to: task.to,
    ...reading,
    breached: verdict(task, reading),
  };
}

/** Columns for an alert's text: drifted ones by effect; without a drift monitor they are read for this window. */
export async function movedColumns(
  deps: EvaluateDeps,
  task: Task,
  own: readonly ColumnDrift[],
): Promise<readonly ColumnDrift[]> {
  let columns = own;
  if (task.spec.kind === 'performance') {
    const reference = await deps.reference(task.endpoint);
    if (reference === undefined) return [];
    const from = task.to - task.spec.windowMs;
    columns = readDrift(reference, await deps.analytics.columns(task.endpoint, from, task.to, DRIFT_SAMPLE)).columns;
  }
  return columns.filter((column) => column.drifted).slice(0, 8);
}
