/** What clients of the MLflow API do, the same against any server that speaks it. */
import { createReadStream } from 'node:fs';
import { Agent, request } from 'node:http';
import autocannon from 'autocannon';

const JSON_TYPE = { 'content-type': 'application/json' };
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** Before a server is stopped: it resets connections that are still open. */
export const hangUp = (): void => agent.destroy();

export interface Rate {
  /** Answers a second. */
  readonly rate: number;
  readonly p99: number;
}

/** One call over a connection that stays open. */
export function call(base: string, method: string, path: string, body?: unknown): Promise<string> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const length = payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) };
  return new Promise((resolve, reject) => {
    const asked = request(`${base}${path}`, { method, agent, headers: { ...JSON_TYPE, ...length } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('error', (error) => reject(new Error(`${path}: the answer broke off`, { cause: error })));
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`${path}: ${answer.statusCode} ${text.slice(0, 300)}`));
      });
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      // uvicorn closes what was idle for five seconds, and may do so just as we use it again.
      if (asked.reusedSocket && error.code === 'ECONNRESET') resolve(call(base, method, path, body));
      else reject(error);
    });
    asked.end(payload);
  });
}

const post = (base: string, path: string, body: unknown): Promise<string> =>
  call(base, 'POST', `/api/2.0/mlflow/${path}`, body);

export async function createRun(base: string): Promise<string> {
  const answer = JSON.parse(await post(base, 'runs/create', { experiment_id: '0', start_time: Date.now() }));
  return (answer as { readonly run: { readonly info: { readonly run_id: string } } }).run.info.run_id;
}

async function load(options: autocannon.Options): Promise<Rate> {
  const result = await autocannon(options);
  if (result.non2xx + result.errors > 0)
    throw new Error(`${options.url}: ${result.non2xx} refused, ${result.errors} failed`);
  return { rate: result.requests.total / result.duration, p99: result.latency.p99 };
}

let step = 0;

/** One point a request, each at its own step. */
export async function logMetric(base: string, seconds: number): Promise<Rate> {
  const run = await createRun(base);
  return load({
    url: `${base}/api/2.0/mlflow/runs/log-metric`,
    method: 'POST',
    headers: JSON_TYPE,
    connections: 8,
    duration: seconds,
    requests: [
      {
        setupRequest(asked) {
          step += 1;
          return {
            ...asked,
            body: JSON.stringify({
              run_id: run,
              key: 'loss',
              value: 1 / step,
              timestamp: 1_700_000_000_000 + step,
              step,
            }),
          };
        },
      },
    ],
  });
}

export const batchOf = (run: string, from: number, keys: number, size = 1000): string =>
  JSON.stringify({
    run_id: run,
    metrics: Array.from({ length: size }, (_, i) => ({
      key: `m${i % keys}`,
      value: Math.sin((from + i) / 500),
      timestamp: 1_700_000_000_000 + from + i,
      step: from + i,
    })),
  });

/** Batches of 1,000 points of ten metrics from four connections, each with a run of its own; points a second. */
export async function logBatch(base: string, seconds: number): Promise<number> {
  const runs = await Promise.all([0, 1, 2, 3].map(() => createRun(base)));
  const connections = runs.length;
  let sent = 0;
  const { rate } = await load({
    url: `${base}/api/2.0/mlflow/runs/log-batch`,
    method: 'POST',
    headers: JSON_TYPE,
    connections,
    duration: seconds,
    requests: [
      {
        setupRequest(asked) {
          sent += 1;
          return { ...asked, body: batchOf(runs[sent % connections] ?? '', sent * 1000, 10) };
        },
      },
    ],
  });
  return rate * 1000;
}

/** Runs made and finished a second, by eight clients. */
export async function createAndFinish(base: string, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  let done = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const id = await createRun(base);
      await post(base, 'runs/update', { run_id: id, status: 'FINISHED', end_time: Date.now() });
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  return (done * 1000) / (performance.now() - start);
}

/** Times of calls one after another, ms, sorted. */
export async function times(count: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const start = performance.now();
    await work();
    found.push(performance.now() - start);
  }
  return found.sort((a, b) => a - b);
}

export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export const searchPage = (base: string): Promise<string> =>
  post(base, 'runs/search', {
    experiment_ids: ['0'],
    filter: 'metrics.auc > 0.5',
    order_by: ['metrics.auc DESC'],
    max_results: 100,
  });

/** The history as MLflow's clients read it. */
export const history = (base: string, run: string, key: string): Promise<string> =>
  call(base, 'GET', `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=${key}&max_results=25000`);

export const chart = (base: string, run: string, key: string, most: number): Promise<string> =>
  call(
    base,
    'GET',
    `/api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids=${run}&metric_key=${key}&max_results=${most}`,
  );

/** MB/s up and down through the artifact proxy. */
export async function artifact(base: string, file: string, bytes: number): Promise<{ up: number; down: number }> {
  const run = await createRun(base);
  const url = `${base}/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/big.bin`;
  const rate = (ms: number): number => bytes / 1000 / ms;
  let start = performance.now();
  await new Promise<void>((resolve, reject) => {
    const asked = request(
      url,
      {
        method: 'PUT',
        agent: false,
        headers: { 'content-type': 'application/octet-stream', 'content-length': String(bytes) },
      },
      (answer) => {
        answer.on('error', reject);
        answer.resume().on('end', () => {
          if (answer.statusCode === 200) resolve();
          else reject(new Error(`artifact up: ${answer.statusCode}`));
        });
      },
    );
    asked.on('error', reject);
    createReadStream(file, { highWaterMark: 1 << 20 }).pipe(asked);
  });
  const up = rate(performance.now() - start);
  start = performance.now();
  await new Promise<void>((resolve, reject) => {
    const asked = request(url, { agent: false }, (answer) => {
      let got = 0;
      answer.on('error', reject);
      answer.on('data', (chunk: Buffer) => (got += chunk.length));
      answer.on('end', () => {
        if (answer.statusCode === 200 && got === bytes) resolve();
        else reject(new Error(`artifact down: ${answer.statusCode}, ${got} bytes`));
      });
    });
    asked.on('error', reject);
    asked.end();
  });
  return { up, down: rate(performance.now() - start) };
}
