/** Story 11: the tracking floor, by plain HTTP: a run is logged, found and read; kill -9 loses no acknowledged batch. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, ask, createScenario, type Json, kill9, type Scenario, type ServerProcess } from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

beforeAll(async () => {
  scenario = await createScenario('tracking');
  server = await scenario.start();
}, 60_000);
afterAll(() => scenario.end());

const mlflow = (path: string, body?: unknown): Promise<Answer> =>
  ask(server.url, `/api/2.0/mlflow/${path}`, body === undefined ? {} : { body });

async function createRun(): Promise<string> {
  const { status, json } = await mlflow('runs/create', { experiment_id: '0', start_time: 1_700_000_000_000 });
  expect(status).toBe(200);
  return json.run.info.run_id;
}

test('create, log-batch, get, search, history', async () => {
  const run = await createRun();
  const batch = {
    run_id: run,
    metrics: [1, 2, 3].map((step) => ({ key: 'loss', value: 1 / step, timestamp: 1_700_000_000_000 + step, step })),
    params: [{ key: 'depth', value: '4' }],
    tags: [{ key: 'who', value: 'curl' }],
  };
  expect((await mlflow('runs/log-batch', batch)).status).toBe(200);
  const found = (await mlflow(`runs/get?run_id=${run}`)).json.run;
  expect(found.data.metrics).toMatchObject([{ key: 'loss', value: 1 / 3, step: 3 }]);
  expect(found.data.params).toEqual([{ key: 'depth', value: '4' }]);
  expect(found.data.tags).toContainEqual({ key: 'who', value: 'curl' });
  const search = await mlflow('runs/search', {
    experiment_ids: ['0'],
    filter: 'metrics.loss < 0.4 and params.depth = "4"',
  });
  expect(search.json.runs.map((one: Json) => one.info.run_id)).toEqual([run]);
  const history = await mlflow(`metrics/get-history?run_id=${run}&metric_key=loss`);
  expect(history.json.metrics.map((one: Json) => one.step)).toEqual([1, 2, 3]);
});

test('what is wrong is told in the words of MLflow, and nothing of the batch is kept', async () => {
  const run = await createRun();
  const wrong = await mlflow('runs/log-batch', {
    run_id: run,
    metrics: [
      { key: 'good', value: 1, timestamp: 1, step: 0 },
      { key: '../bad', value: 1, timestamp: 1, step: 0 },
    ],
  });
  expect(wrong.status).toBe(400);
  expect(wrong.json.error_code).toBe('INVALID_PARAMETER_VALUE');
  expect((await mlflow(`runs/get?run_id=${run}`)).json.run.data.metrics ?? []).toEqual([]);
  const unknown = await mlflow('runs/get?run_id=nothing');
  expect({ status: unknown.status, code: unknown.json.error_code }).toEqual({
    status: 404,
    code: 'RESOURCE_DOES_NOT_EXIST',
  });
  const filter = await mlflow('runs/search', { experiment_ids: ['0'], filter: 'metrics.loss <> "' });
  expect({ status: filter.status, code: filter.json.error_code }).toEqual({
    status: 400,
    code: 'INVALID_PARAMETER_VALUE',
  });
});

test('kill -9 under load, three rounds: every batch that was acknowledged is there, whole', {
  timeout: 120_000,
}, async () => {
  let acknowledged = 0;
  for (let round = 0; round < 3; round += 1) {
    const runs = await Promise.all(Array.from({ length: 3 }, createRun));
    const acked = new Map<string, number>(runs.map((run) => [run, 0]));
    const dying = new AbortController();
    const writers = runs.map(async (run) => {
      for (let step = 0; !dying.signal.aborted; step += 1) {
        const metrics = Array.from({ length: 20 }, (_, index) => ({
          key: `m${index}`,
          value: step,
          timestamp: step + 1,
          step,
        }));
        try {
          const { status } = await mlflow('runs/log-batch', { run_id: run, metrics });
          if (status !== 200) throw new Error(`status ${status}`);
          acked.set(run, step + 1);
        } catch (error) {
          if (!dying.signal.aborted) throw error;
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 500 + round * 137));
    dying.abort();
    await kill9(server.child);
    await Promise.all(writers);
    server = await scenario.start();
    for (const run of runs) {
      const steps = acked.get(run) ?? 0;
      expect(steps).toBeGreaterThan(0);
      acknowledged += steps;
      const [first, last] = await Promise.all(
        ['m0', 'm19'].map((key) => mlflow(`metrics/get-history?run_id=${run}&metric_key=${key}&max_results=25000`)),
      );
      const stepsOf = (answer: Answer | undefined): number[] => answer?.json.metrics.map((one: Json) => one.step) ?? [];
      expect(stepsOf(first).slice(0, steps)).toEqual(Array.from({ length: steps }, (_, step) => step));
      // A batch is there whole or not at all.
      expect(stepsOf(last)).toEqual(stepsOf(first));
    }
  }
  expect(acknowledged).toBeGreaterThan(30);
});
