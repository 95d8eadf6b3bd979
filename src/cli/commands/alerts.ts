import { unwrap } from '../client/client.ts';
import { estimate, number, safe, time } from '../output.ts';
import type { Flags, Session } from '../session.ts';

async function one({ api, out }: Session, id: string): Promise<void> {
  const client = await api();
  const found = await unwrap(client.GET('/api/v1/alerts/{id}', { params: { path: { id } } }));
  const { alert } = found;
  out.result(found, () => [
    `${out.paint.bold(alert.id)}  ${alert.status}  since ${time(alert.since)}, ${alert.evaluations} evaluations are this one alert`,
    safe(alert.text),
    '',
    ...out.table(
      ['moved', 'effect', 'adjusted p', 'mean before', 'mean now'],
      alert.moved.map((column) => [
        safe(column.column),
        column.effect,
        column.pAdjusted.toExponential(1),
        column.meanReference,
        column.meanCurrent,
      ]),
    ),
    ...(alert.pipelineRunId === undefined
      ? []
      : ['', `The loop ran ${alert.pipelineRunId}: mw logs ${alert.pipelineRunId}`]),
  ]);
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const { api, out } = session;
  if (args[0] !== undefined) return one(session, args[0]);
  const client = await api();
  const query = flags['firing'] === true ? { status: 'firing' as const } : {};
  const found = await unwrap(client.GET('/api/v1/alerts', { params: { query } }));
  out.result(found, () =>
    found.alerts.length === 0
      ? ['No incident. Monitors: mw status']
      : out.table(
          ['incident', 'status', 'since', 'value', 'evaluations', 'what'],
          found.alerts.map((alert) => [
            alert.id,
            alert.status,
            time(alert.since),
            estimate(alert.value),
            number(alert.evaluations),
            safe(alert.text),
          ]),
        ),
  );
}
