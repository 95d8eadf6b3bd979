/** The MLflow API over HTTP, against bare SQLite doing the same durable writes. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import autocannon from 'autocannon';
import { type Entry, figure, median, timed } from '../figures.ts';
import { newHome, startServer } from '../server.ts';

const BATCH = 1000;
const PAGE = 100;

async function call(base: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${base}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

async function createRun(base: string): Promise<string> {
  const { run } = await call(base, 'runs/create', { experiment_id: '0', start_time: 1 });
  return (run as { readonly info: { readonly run_id: string } }).info.run_id;
}

const metricsOf = (batch: number): readonly unknown[] =>
  Array.from({ length: BATCH }, (_, i) => ({
    key: `m${i % 10}`,
    value: i / 3,
    timestamp: 1000 + i,
    step: batch * BATCH + i,
  }));

/** Requests or rows a second of bare SQLite with full durability: one row a commit, and BATCH rows a commit. */
function bareSqlite(rounds: number): { readonly single: number; readonly batch: number } {
  const home = newHome();
  const db = new DatabaseSync(join(home, 'raw.db'));
  db.exec('pragma journal_mode = wal; pragma synchronous = full');
  db.exec(
    'create table m (run text, key text, value real, at integer, step integer, primary key (run, key, at, step, value))',
  );
  const insert = db.prepare('insert into m values (?, ?, ?, ?, ?)');
  let step = 0;
  const one = (): void => void insert.run('r', `m${step % 10}`, step / 3, 1000 + step, (step += 1));
  const singles: number[] = [];
  const batches: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let start = performance.now();
    for (let i = 0; i < 200; i += 1) one();
    singles.push(200_000 / (performance.now() - start));
    start = performance.now();
    db.exec('begin immediate');
    for (let i = 0; i < BATCH; i += 1) one();
    db.exec('commit');
    batches.push((BATCH * 1000) / (performance.now() - start));
  }
  db.close();
  rmSync(home, { recursive: true, force: true });
  return { single: median(singles), batch: median(batches) };
}

export const tracking: Entry = async ({ quick, dist }) => {
  const server = await startServer(dist);
  const base = server.url;
  try {
    const rounds = quick ? 3 : 7;
    const raw = bareSqlite(rounds);
    const run = await createRun(base);
    let step = 0;
    const single: number[] = [];
    const p99: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const result = await autocannon({
        url: `${base}/api/2.0/mlflow/runs/log-metric`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        // Each its own step: the same point twice is stored once.
        requests: [
          {
            setupRequest: (request) => ({
              ...request,
              body: JSON.stringify({ run_id: run, key: 'loss', value: 0.5, timestamp: 1000, step: (step += 1) }),
            }),
          },
        ],
        connections: 8,
        duration: 2,
      });
      if (result.non2xx + result.errors > 0) throw new Error('log-metric failed');
      single.push(result.requests.average);
      p99.push(result.latency.p99);
    }
    const batch: number[] = [];
    for (let round = 0; round < rounds * 3; round += 1) {
      const body = { run_id: run, metrics: metricsOf(round) };
      batch.push((BATCH * 1000) / (await timed(() => call(base, 'runs/log-batch', body))));
    }
    const pairs: number[] = [];
    for (let i = 0; i < rounds * 20; i += 1) {
      pairs.push(
        await timed(async () => {
          const id = await createRun(base);
          await call(base, 'runs/update', { run_id: id, status: 'FINISHED', end_time: 2 });
        }),
      );
    }
    const runs = quick ? 1000 : 10_000;
    for (let made = 0; made < runs; made += 50) {
      const ids = await Promise.all(Array.from({ length: 50 }, () => createRun(base)));
      await Promise.all(
        ids.map((id, i) =>
          call(base, 'runs/log-batch', {
            run_id: id,
            metrics: [{ key: 'auc', value: (made + i) / runs, timestamp: 1, step: 0 }],
            params: [{ key: 'depth', value: String(i % 7) }],
          }),
        ),
      );
    }
    const search = async (body: object): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < rounds * 3; i += 1)
        times.push(await timed(() => call(base, 'runs/search', { experiment_ids: ['0'], max_results: PAGE, ...body })));
      return median(times);
    };
    const sqlite = { what: 'bare SQLite', value: raw.single };
    return [
      figure('log-metric, 8 connections', median(single), '/s', sqlite),
      figure('log-metric p99, 8 connections', median(p99), 'ms'),
      figure('log-batch of 1,000 metrics', median(batch), 'rows/s', { what: 'bare SQLite', value: raw.batch }),
      figure('create and finish a run', median(pairs), 'ms', { what: 'two bare commits', value: 2000 / raw.single }),
      figure(`newest ${PAGE} of ${runs} runs`, await search({}), 'ms'),
      figure(
        `best ${PAGE} of ${runs} runs by a metric, filtered`,
        await search({ filter: "params.depth = '3'", order_by: ['metrics.auc DESC'] }),
        'ms',
      ),
    ];
  } finally {
    await server.stop();
  }
};
