import { unwrap } from '../client/client.ts';
import { duration, safe, time } from '../output.ts';
import type { Flags, Session } from '../session.ts';

async function pipelines({ api, out }: Session, limit: number): Promise<void> {
  const client = await api();
  const found = await unwrap(client.GET('/api/v1/pipeline-runs', { params: { query: { limit } } }));
  out.result(found, () => {
    if (found.pipelineRuns.length === 0) return ['No pipeline run yet: mw run'];
    const rows = found.pipelineRuns.map((one) => [
      one.id,
      one.status,
      time(one.createdAt),
      one.endedAt === undefined ? '' : duration(one.endedAt - one.createdAt),
      `${one.stepsDone} of ${one.stepsTotal}${one.stepsReused > 0 ? `, ${one.stepsReused} reused` : ''}`,
      safe(
        one.result === undefined
          ? (one.error?.message ?? '')
          : `${one.result.kind}${one.result.version === undefined ? '' : ` v${one.result.version}`}`,
      ),
      safe(one.cause.text),
    ]);
    return out.table(['run', 'status', 'started', 'took', 'steps', 'result', 'because'], rows);
  });
}

export async function run(session: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const { api, out } = session;
  const limit = Number(flags['limit'] ?? 20);
  if (flags['pipelines'] === true) return pipelines(session, limit);
  const client = await api();
  const text = (key: string): Record<string, string> => (typeof flags[key] === 'string' ? { [key]: flags[key] } : {});
  const found = await unwrap(
    client.GET('/api/v1/runs', {
      params: { query: { limit, ...text('experiment'), ...text('filter'), ...text('order') } },
    }),
  );
  out.result(found, () => {
    if (found.runs.length === 0)
      return ['No run matches. Log one: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python train.py'];
    const metrics = found.columns.metrics.slice(0, 4);
    const rows = found.runs.map((one) => [
      one.id.slice(0, 12),
      safe(one.name),
      safe(one.experiment),
      one.status.toLowerCase(),
      time(one.startTime),
      ...metrics.map((key) => one.metrics[key]),
    ]);
    return [
      ...out.table(['run', 'name', 'experiment', 'status', 'started', ...metrics], rows),
      out.paint.dim(`${found.runs.length} of ${found.total}, ${found.queryMs} ms`),
    ];
  });
}
