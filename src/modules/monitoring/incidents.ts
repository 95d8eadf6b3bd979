/** Alerts as incidents: one from the first breach to the first quiet evaluation, however many evaluations lie between. */
import type { NewEvent } from '../../domain/events.ts';
import type { Alert, ColumnDrift, Evaluation } from '../../domain/monitoring.ts';
import type { MonitorSpec } from '../../domain/project.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import { alertText, conditionText, dateOf, judgedValue } from './alert-text.ts';

export interface IncidentDeps {
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Judged {
  readonly evaluation: Evaluation;
  readonly spec: MonitorSpec;
  readonly endpoint: string;
  /** The most drifted columns at that time, for the text. */
  readonly moved: readonly ColumnDrift[];
}

/** Event times of the breached evaluations in a row that end with this one, newest first, at most `most`. */
async function streak(tx: Stores, evaluation: Evaluation, most: number): Promise<readonly number[]> {
  const times = [evaluation.to];
  if (most <= 1) return times;
  const earlier = await tx.evaluations.find({ where: { monitorId: evaluation.monitorId }, limit: most + 1 });
  const before = earlier.filter((one) => one.to < evaluation.to).sort((a, b) => b.to - a.to);
  for (const one of before) {
    if (one.breached !== true || times.length >= most) break;
    times.push(one.to);
  }
  return times;
}

/** Opens, extends or resolves the monitor's incident, in the transaction that stores the evaluation. */
export async function recordIncident(tx: Stores, deps: IncidentDeps, judged: Judged): Promise<Alert | undefined> {
  const { evaluation, spec, endpoint, moved } = judged;
  const { monitorId, project } = evaluation;
  const condition = spec.alertIf;
  // Not enough data is neither a breach nor the end of one.
  if (condition === undefined || evaluation.breached === undefined) return undefined;
  const [open] = await tx.alerts.find({ where: { monitorId, status: 'firing' }, limit: 1 });
  const event = { id: deps.ids.next('evt'), at: deps.clock.now(), project, actor: 'system' } as const;
  const emit = async (
    type: 'alert.fired' | 'alert.continued' | 'alert.resolved',
    alert: Alert,
    text: string,
  ): Promise<void> => {
    const made: NewEvent = { ...event, type, data: { alertId: alert.id, monitorId, text } };
    await tx.events.append(made);
  };
  const { value } = judgedValue(condition, evaluation.values);

  if (!evaluation.breached) {
    if (open === undefined) return undefined;
    const resolved = await tx.alerts.update(open.id, (alert) => ({
      ...alert,
      status: 'resolved',
      until: evaluation.to,
    }));
    const days = `${resolved.evaluations} evaluation${resolved.evaluations === 1 ? '' : 's'}`;
    const seen = value === undefined ? '' : ` Now ${Number(value.value.toPrecision(3))}.`;
    await emit(
      'alert.resolved',
      resolved,
      `Quiet again on ${dateOf(evaluation.to)} after ${days} in one alert.${seen}`,
    );
    return resolved;
  }

  if (open !== undefined) {
    const text = alertText(spec, condition, evaluation.values, open.since, moved);
    const extended = await tx.alerts.update(open.id, (alert) => ({
      ...alert,
      evaluations: alert.evaluations + 1,
      ...(value === undefined ? {} : { value }),
      text,
      moved,
    }));
    await emit('alert.continued', extended, text);
    return extended;
  }

  const times = await streak(tx, evaluation, Math.max(1, spec.consecutive));
  if (times.length < spec.consecutive) return undefined;
  const since = times.at(-1) ?? evaluation.to;
  const number = await tx.counter(`alert:${project}`);
  const alert: Alert = {
    id: `${project}-a${number}`,
    number,
    createdAt: deps.clock.now(),
    monitorId,
    project,
    endpoint,
    status: 'firing',
    since,
    evaluations: times.length,
    condition: conditionText(condition),
    ...(value === undefined ? {} : { value }),
    text: alertText(spec, condition, evaluation.values, since, moved),
    moved,
  };
  await tx.alerts.insert(alert);
  await emit('alert.fired', alert, alert.text);
  return alert;
}
