/**
 * The MLflow API of Millwright against a stock `mlflow server` of the same hour under the same load, row by row. MLflow runs with one
 * worker and with four, and the better of the two counts. The 10,000 runs that are searched are put into both databases by SQL, since
 * MLflow would take minutes to log them; the 100,000 and 1,000,000 (ours only) too.
 */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMetadata } from '../../src/adapters/metadata-sql/index.ts';
import { type Entry, type Figure, figure } from '../figures.ts';
import { findMlflow, type MlflowServer, startMlflow } from '../mlflow-server.ts';
import { newHome, rssMiB, startServer } from '../server.ts';
import {
  artifact,
  batchOf,
  call,
  chart,
  createAndFinish,
  createRun,
  hangUp,
  history,
  logBatch,
  logMetric,
  percentile,
  searchPage,
  times,
} from '../tracking-load.ts';

const SEARCHED = 10_000;
const HISTORY = 10_000;
const LONG = 1_000_000;

type Row = 'metric' | 'batch' | 'pairs' | 'search' | 'history' | 'up' | 'down' | 'start' | 'rss';
type Rows = Readonly<Record<Row, number>>;

/** Greater is better, but for these. */
const LESS: readonly Row[] = ['search', 'history', 'start', 'rss'];

const MLFLOW_RUNS = (count: number): string => `
for i in range(${count}):
    u = '%032x' % i
    db.execute("insert into runs (run_uuid, name, source_type, user_id, status, start_time, lifecycle_stage, artifact_uri, experiment_id) values (?, ?, 'LOCAL', 'a', 'FINISHED', ?, 'active', ?, 0)", (u, f'run-{i}', 1700000000000 + i, 'mlflow-artifacts:/0/' + u + '/artifacts'))
    for key in ('auc', 'loss'):
        v = (i * 7919 % ${count}) / ${count}
        db.execute('insert into metrics (key, value, timestamp, run_uuid, step, is_nan) values (?, ?, 1, ?, 0, 0)', (key, v, u))
        db.execute('insert into latest_metrics (key, value, timestamp, run_uuid, step, is_nan) values (?, ?, 1, ?, 0, 0)', (key, v, u))
    db.execute("insert into params (key, value, run_uuid) values ('depth', ?, ?)", (str(i % 7), u))
    db.execute("insert into tags (key, value, run_uuid) values ('mlflow.runName', ?, ?)", (f'run-{i}', u))
`;

/** The same runs, in a home that no server has open. */
async function fillOurs(home: string, count: number): Promise<void> {
  const path = join(home, 'millwright.db');
  const store = await openMetadata(`sqlite://${path}`);
  await store.close();
  const db = new DatabaseSync(path);
  const numbers = `with recursive n(i) as (select 0 union all select i + 1 from n where i < ${count - 1})`;
  const metric = (key: string): string =>
    `insert into run_metrics ${numbers} select printf('%032x', i), '${key}', 0, (i * 7919 % ${count}) * 1.0 / ${count}, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0 from n;`;
  db.exec(`pragma synchronous = off; begin;
    insert into runs (id, experiment_id, name, user_id, status, start_time, lifecycle) ${numbers} select printf('%032x', i), 0, 'run-' || i, 'a', 'FINISHED', 1700000000000 + i, 'active' from n;
    ${metric('auc')} ${metric('loss')}
    insert into params (run_id, key, value, head) ${numbers} select printf('%032x', i), 'depth', i % 7, i % 7 from n;
    insert into run_tags (run_id, key, value, head) ${numbers} select printf('%032x', i), 'mlflow.runName', 'run-' || i, 'run-' || i from n;
    commit;`);
  db.close();
}

async function measured(url: string, seconds: number, looks: number, file: string, bytes: number) {
  const metric = await logMetric(url, seconds);
  const batch = await logBatch(url, seconds);
  const pairs = await createAndFinish(url, seconds);
  const run = await createRun(url);
  for (let from = 0; from < HISTORY; from += 1000) {
    await call(url, 'POST', '/api/2.0/mlflow/runs/log-batch', JSON.parse(batchOf(run, from, 1)));
  }
  const read = await times(looks, () => history(url, run, 'm0'));
  const search = await times(looks, () => searchPage(url));
  const { up, down } = await artifact(url, file, bytes);
  return {
    p99: metric.p99,
    rows: {
      metric: metric.rate,
      batch,
      pairs,
      search: percentile(search, 0.5),
      history: percentile(read, 0.5),
      up,
      down,
    },
  };
}

async function mlflowRows(python: string, quick: boolean, file: string, bytes: number): Promise<Rows> {
  let best: Rows | undefined;
  for (const workers of [1, 4]) {
    const server: MlflowServer = await startMlflow(python, workers);
    try {
      await sleep(2000);
      const rss = server.rss();
      server.fill(MLFLOW_RUNS(SEARCHED));
      const { rows } = await measured(server.url, quick ? 5 : 8, quick ? 5 : 15, file, bytes);
      const found: Rows = { ...rows, start: server.startMs, rss };
      const before = best;
      const better = (row: Row): number =>
        before === undefined ? found[row] : Math[LESS.includes(row) ? 'min' : 'max'](before[row], found[row]);
      best = Object.fromEntries(Object.keys(found).map((row) => [row, better(row as Row)])) as unknown as Rows;
    } finally {
      hangUp();
      await server.stop();
    }
  }
  if (best === undefined) throw new Error('mlflow was not measured');
  return best;
}

/** A chart page (ten curves of 100,000 points, 500 of each) again and again while four clients log batches; p99 in ms, and the batches' rate. */
async function chartUnderLoad(url: string, run: string, seconds: number): Promise<{ p99: number; rows: number }> {
  const stop = new AbortController();
  const found: number[] = [];
  const page = (): Promise<unknown> => Promise.all(Array.from({ length: 10 }, (_, i) => chart(url, run, `m${i}`, 500)));
  const reading = (async () => {
    while (!stop.signal.aborted) {
      found.push(...(await times(1, page)));
      await sleep(20);
    }
  })();
  const rows = await logBatch(url, seconds);
  stop.abort();
  await reading;
  return {
    p99: percentile(
      found.sort((a, b) => a - b),
      0.99,
    ),
    rows,
  };
}

async function searchOf(dist: string, count: number, looks: number): Promise<Figure> {
  const home = newHome();
  await fillOurs(home, count);
  const server = await startServer(dist, { home });
  try {
    await searchPage(server.url);
    const found = await times(looks, () => searchPage(server.url));
    return figure(`search of ${count} runs, p95`, percentile(found, 0.95), 'ms');
  } finally {
    hangUp();
    await server.stop();
  }
}

export const tracking: Entry = async ({ quick, dist }) => {
  const scratch = newHome();
  const bytes = (quick ? 100 : 500) * 1_000_000;
  const file = join(scratch, 'big.bin');
  const open = openSync(file, 'w');
  ftruncateSync(open, bytes);
  closeSync(open);
  const looks = quick ? 15 : 41;

  const home = newHome();
  await fillOurs(home, SEARCHED);
  const server = await startServer(dist, { home });
  const figures: Figure[] = [];
  let ours: Rows;
  let p99: number;
  try {
    await sleep(2000);
    const rss = rssMiB(server.pid);
    const found = await measured(server.url, quick ? 2 : 6, looks, file, bytes);
    p99 = found.p99;
    ours = { ...found.rows, start: server.httpMs, rss };
    const [run, wide] = [await createRun(server.url), await createRun(server.url)];
    for (let from = 0; from < LONG; from += 1000) {
      for (const body of [batchOf(run, from, 1), batchOf(wide, from, 10)]) {
        await call(server.url, 'POST', '/api/2.0/mlflow/runs/log-batch', JSON.parse(body));
      }
    }
    const long = await times(looks, () => chart(server.url, run, 'm0', 1000));
    figures.push(figure(`chart of ${LONG} points in 1,000, p50`, percentile(long, 0.5), 'ms'));
    figures.push(figure(`chart of ${LONG} points in 1,000, p95`, percentile(long, 0.95), 'ms'));
    const crowded = await chartUnderLoad(server.url, wide, quick ? 4 : 12);
    figures.push(figure('page of ten charts while four clients log batches, p99', crowded.p99, 'ms'));
    figures.push(figure('log-batch meanwhile', crowded.rows, 'rows/s'));
    figures.push(figure('memory of the server after all of this', rssMiB(server.pid), 'MiB'));
  } finally {
    hangUp();
    await server.stop();
  }
  figures.push(await searchOf(dist, 100_000, looks));
  if (!quick) figures.push(await searchOf(dist, 1_000_000, looks));

  const python = await findMlflow();
  const theirs = python === undefined ? undefined : await mlflowRows(python, quick, file, bytes);
  rmSync(scratch, { recursive: true, force: true });
  const against = (row: Row, name: string, unit: string): Figure => {
    if (theirs === undefined) return figure(name, ours[row], unit);
    // Of times, how many times shorter: a ratio above 1 is always in our favour.
    const ratio = LESS.includes(row) ? theirs[row] / ours[row] : ours[row] / theirs[row];
    return { name, value: ours[row], unit, against: { what: 'mlflow server', value: theirs[row] }, ratio };
  };
  return [
    against('metric', 'log-metric, one a request, 8 connections', '/s'),
    figure('log-metric p99', p99, 'ms'),
    against('batch', 'log-batch of 1,000 metrics, 4 connections', 'rows/s'),
    against('pairs', 'create and finish a run, 8 clients', '/s'),
    against('search', `search page of 100 of ${SEARCHED} runs, p50`, 'ms'),
    against('history', `history of ${HISTORY} points, p50`, 'ms'),
    against('up', `artifact of ${bytes / 1e6} MB up`, 'MB/s'),
    against('down', `artifact of ${bytes / 1e6} MB down`, 'MB/s'),
    against('start', 'start to the first healthy answer', 'ms'),
    against('rss', 'idle memory', 'MiB'),
    ...figures,
  ];
};
