/** Monitoring: outcomes in, evaluations on the clock of the data, alerts as incidents. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Alert, ColumnDrift, Evaluation } from '../../domain/monitoring.ts';
import type { MonitorSpec, ProjectSpec } from '../../domain/project.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { dueBoundaries } from './boundaries.ts';
import { evaluate, type EvaluateDeps, movedColumns, type Task } from './evaluate.ts';
import { recordIncident } from './incidents.ts';
import { checkOutcomes, type OutcomeInput } from './outcomes.ts';

export type { OutcomeInput } from './outcomes.ts';

export interface MonitoringDeps extends EvaluateDeps {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A monitor of the file with its newest evaluation and its open alert. */
export interface MonitorState {
  /** `<project>/<name>` */
  readonly id: string;
  readonly name: string;
  readonly spec: MonitorSpec;
  readonly latest?: Evaluation;
  readonly alert?: Alert;
}

export interface Monitoring {
  /** All or none, durable when it resolves. Throws MW-NOT-FOUND for an unknown endpoint, MW-INVALID with the place. */
  addOutcomes(
    ctx: Context,
    endpoint: string,
    outcomes: readonly OutcomeInput[],
  ): Promise<{ readonly accepted: number }>;
  /** Evaluates every boundary that the data has passed, oldest first, each once. Returns what was evaluated. */
  tick(spec: ProjectSpec): Promise<readonly Evaluation[]>;
  /** By event time, newest first; at most 1,000. */
  evaluations(monitorId: string, limit?: number): Promise<readonly Evaluation[]>;
  evaluation(id: string): Promise<Evaluation>;
  monitors(spec: ProjectSpec): Promise<readonly MonitorState[]>;
  alerts(project?: string, status?: Alert['status'], limit?: number): Promise<readonly Alert[]>;
  alert(id: string): Promise<Alert>;
  /** Notes the pipeline run that an alert started. */
  linkRun(alertId: string, pipelineRunId: string): Promise<Alert>;
}

/** A server that was off for a year catches up in portions, so that a tick stays short. */
const BOUNDARIES_PER_TICK = 64;

export function createMonitoring(deps: MonitoringDeps): Monitoring {
  const { store, analytics, clock, ids } = deps;
  const running = new Map<string, Promise<readonly Evaluation[]>>();

  async function latest(monitorId: string): Promise<Evaluation | undefined> {
    const newest = await store.evaluations.find({ where: { monitorId }, limit: 16 });
    return newest.reduce<Evaluation | undefined>(
      (best, one) => (best === undefined || one.to > best.to ? one : best),
      undefined,
    );
  }

  async function due(spec: ProjectSpec, endpoint: string): Promise<readonly Task[]> {
    const span = await analytics.span(endpoint);
    if (span === undefined) return [];
    const tasks: Task[] = [];
    for (const [name, monitor] of Object.entries(spec.monitors)) {
      const monitorId = `${spec.project}/${name}`;
      const last = await latest(monitorId);
      for (const to of dueBoundaries(span, monitor.everyMs, last?.to, BOUNDARIES_PER_TICK)) {
        tasks.push({ project: spec.project, monitorId, endpoint, spec: monitor, to, span });
      }
    }
    return tasks.sort((a, b) => a.to - b.to).slice(0, BOUNDARIES_PER_TICK);
  }

  async function record(task: Task): Promise<Evaluation | undefined> {
    const reading = await evaluate(deps, task);
    const evaluation: Evaluation = { ...reading, createdAt: clock.now() };
    const moved: readonly ColumnDrift[] =
      reading.breached === true ? await movedColumns(deps, task, reading.columns) : [];
    try {
      await store.transaction(async (tx) => {
        await tx.evaluations.insert(evaluation);
        await tx.events.append({
          id: ids.next('evt'),
          type: 'monitor.evaluated',
          at: clock.now(),
          project: task.project,
          actor: 'system',
          data: { monitorId: task.monitorId, evaluationId: evaluation.id, to: task.to, breached: evaluation.breached },
        });
        await recordIncident(tx, deps, { evaluation, spec: task.spec, endpoint: task.endpoint, moved });
      });
      return evaluation;
    } catch (error) {
      // Another server, or a tick before a crash, evaluated this boundary: its verdict stands.
      if (error instanceof MillwrightError && error.code === 'MW-EXISTS') return undefined;
      throw error;
    }
  }

  async function runTick(spec: ProjectSpec): Promise<readonly Evaluation[]> {
    const endpoint = spec.endpoint?.name;
    if (endpoint === undefined || Object.keys(spec.monitors).length === 0) return [];
    const done: Evaluation[] = [];
    for (const task of await due(spec, endpoint)) {
      const evaluation = await record(task);
      if (evaluation !== undefined) done.push(evaluation);
    }
    if (done.length > 0) await analytics.compact(endpoint);
    return done;
  }

  async function alert(id: string): Promise<Alert> {
    const found = await store.alerts.get(id);
    if (found === undefined) {
      throw new MillwrightError('MW-NOT-FOUND', `no alert ${id}`, { where: 'alert', next: 'mw alerts' });
    }
    return found;
  }

  return {
    async addOutcomes(_ctx, endpoint, outcomes) {
      if ((await store.endpoints.get(endpoint)) === undefined) {
        throw new MillwrightError('MW-NOT-FOUND', `no endpoint ${endpoint}`, { where: 'endpoint', next: 'mw status' });
      }
      const checked = checkOutcomes(outcomes, clock.now());
      await analytics.addOutcomes(endpoint, checked);
      return { accepted: checked.length };
    },
    tick(spec) {
      const current = running.get(spec.project);
      if (current !== undefined) return current;
      const started = runTick(spec).finally(() => running.delete(spec.project));
      running.set(spec.project, started);
      return started;
    },
    async evaluations(monitorId, limit = 100) {
      const found = await store.evaluations.find({ where: { monitorId }, limit: Math.min(1000, Math.max(1, limit)) });
      return [...found].sort((a, b) => b.to - a.to);
    },
    async evaluation(id) {
      const found = await store.evaluations.get(id);
      if (found === undefined) {
        throw new MillwrightError('MW-NOT-FOUND', `no evaluation ${id}`, { where: 'evaluation', next: 'mw status' });
      }
      return found;
    },
    monitors: (spec) =>
      Promise.all(
        Object.entries(spec.monitors).map(async ([name, monitor]) => {
          const id = `${spec.project}/${name}`;
          const newest = await latest(id);
          const [open] = await store.alerts.find({ where: { monitorId: id, status: 'firing' }, limit: 1 });
          return {
            id,
            name,
            spec: monitor,
            ...(newest === undefined ? {} : { latest: newest }),
            ...(open === undefined ? {} : { alert: open }),
          };
        }),
      ),
    alerts: (project, status, limit = 100) =>
      store.alerts.find({
        where: { ...(project === undefined ? {} : { project }), ...(status === undefined ? {} : { status }) },
        limit,
      }),
    alert,
    linkRun: (alertId, pipelineRunId) => store.alerts.update(alertId, (found) => ({ ...found, pipelineRunId })),
  };
}
