import { type Schemas, unwrap } from '../client/client.ts';
import { csvLine } from '../csv.ts';
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

const PAGE = 1000;
const MAX_CSV = 100_000;

type Query = { readonly experiment?: string; readonly filter?: string; readonly order?: string };

const iso = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());

/** Every metric and param that any of the runs has is a column, those of most runs first. */
function columnsOf(runs: readonly Schemas['Run'][], kind: 'metrics' | 'params'): readonly string[] {
  const counts = new Map<string, number>();
  for (const one of runs) for (const key of Object.keys(one[kind])) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([key]) => key);
}

async function csv({ api, out }: Session, query: Query, limit: number): Promise<void> {
  const client = await api();
  const runs: Schemas['Run'][] = [];
  let total = 0;
  let pageToken: string | undefined;
  do {
    const page = await unwrap(
      client.GET('/api/v1/runs', {
        params: {
          query: {
            ...query,
            limit: Math.min(PAGE, limit - runs.length),
            ...(pageToken === undefined ? {} : { pageToken }),
          },
        },
      }),
    );
    for (const one of page.runs) runs.push(one);
    ({ total, nextPageToken: pageToken } = page);
  } while (pageToken !== undefined && runs.length < limit);
  const [metrics, params] = [columnsOf(runs, 'metrics'), columnsOf(runs, 'params')];
  const fixed = ['id', 'name', 'experiment', 'status', 'user', 'start', 'end'];
  const lines = [
    csvLine([...fixed, ...metrics.map((key) => `metrics.${key}`), ...params.map((key) => `params.${key}`)]),
    ...runs.map((one) =>
      csvLine([
        one.id,
        one.name,
        one.experiment,
        one.status,
        one.user,
        iso(one.startTime),
        iso(one.endTime),
        ...metrics.map((key) => one.metrics[key]),
        ...params.map((key) => one.params[key]),
      ]),
    ),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (runs.length < total) out.note(`${runs.length} of ${total} runs: --limit takes more`);
}

export async function run(session: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const { api, out } = session;
  const asCsv = flags['csv'] === true && !out.json;
  const limit = Number(flags['limit'] ?? (asCsv ? MAX_CSV : 20));
  if (flags['pipelines'] === true) return pipelines(session, limit);
  const text = (key: string): Record<string, string> => (typeof flags[key] === 'string' ? { [key]: flags[key] } : {});
  const query: Query = { ...text('experiment'), ...text('filter'), ...text('order') };
  if (asCsv) return csv(session, query, limit);
  const client = await api();
  const found = await unwrap(client.GET('/api/v1/runs', { params: { query: { limit, ...query } } }));
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
