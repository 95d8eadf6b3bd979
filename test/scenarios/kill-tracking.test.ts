/**
 * Tracking under load from eight clients, killed -9 again and again (MW_KILL_ROUNDS, 4 by default): every answer that a client got is
 * found again by the server that comes after, and nothing is found half.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, createScenario, kill9, type Scenario } from './scenario.ts';

const ROUNDS = Number(process.env['MW_KILL_ROUNDS'] ?? 4);
const POINTS = 200;
const API = '/api/2.0/mlflow';

let scenario: Scenario;

beforeAll(async () => {
  scenario = await createScenario('kill-tracking');
}, 60_000);
afterAll(() => scenario.end(), 60_000);

interface Acknowledged {
  /** Steps of the metric `one` of each run, logged one a call. */
  readonly single: Map<string, number[]>;
  /** First steps of the batches of each run: each POINTS points of `many`. */
  readonly batches: Map<string, number[]>;
  readonly finished: Set<string>;
  rows: number;
}

const added = (map: Map<string, number[]>, run: string, step: number): void => {
  const list = map.get(run);
  if (list === undefined) map.set(run, [step]);
  else list.push(step);
};

/** Works until the server is gone. What was answered with 200 is acknowledged; anything else than 200 is an error of the server. */
async function client(url: string, known: Acknowledged, faults: string[]): Promise<void> {
  const call = async (path: string, body: object): Promise<unknown> => {
    const { status, json, text } = await ask(url, `${API}/${path}`, { body });
    if (status !== 200) faults.push(`${path}: ${status} ${text.slice(0, 200)}`);
    return json;
  };
  try {
    for (;;) {
      const made = (await call('runs/create', { experiment_id: '0' })) as { run: { info: { run_id: string } } };
      const run = made.run.info.run_id;
      known.single.set(run, []);
      for (let step = 0; step < 20; step += 1) {
        await call('runs/log-metric', { run_id: run, key: 'one', value: step, timestamp: 1000 + step, step });
        added(known.single, run, step);
        known.rows += 1;
        const from = step * POINTS;
        const metrics = Array.from({ length: POINTS }, (_, i) => ({
          key: 'many',
          value: from + i,
          timestamp: 1000 + from + i,
          step: from + i,
        }));
        await call('runs/log-batch', { run_id: run, metrics });
        added(known.batches, run, from);
        known.rows += POINTS;
      }
      await call('runs/update', { run_id: run, status: 'FINISHED', end_time: 5 });
      known.finished.add(run);
    }
  } catch {
    // The server was killed.
  }
}

async function stepsOf(url: string, run: string, key: string): Promise<readonly number[]> {
  const { json } = await ask(url, `${API}/metrics/get-history?run_id=${run}&metric_key=${key}`);
  const { metrics = [] } = json as { metrics?: { step: number; value: number }[] };
  for (const { step, value } of metrics) if (step !== value) throw new Error(`${run} ${key}: ${step} holds ${value}`);
  return metrics.map(({ step }) => step);
}

test('kill -9 under load loses nothing that was acknowledged', { timeout: ROUNDS * 15_000 + 60_000 }, async () => {
  const known: Acknowledged = { single: new Map(), batches: new Map(), finished: new Set(), rows: 0 };
  const faults: string[] = [];
  const lost: string[] = [];
  let checked = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await scenario.start();
    const clients = Array.from({ length: 8 }, () => client(server.url, known, faults));
    await sleep(150 + Math.random() * 600);
    await kill9(server.child);
    await Promise.all(clients);

    const again = await scenario.start();
    for (const [run, steps] of known.single) {
      // Runs of earlier rounds are looked at again at the end.
      if (checked.has(run)) continue;
      const one = new Set(await stepsOf(again.url, run, 'one'));
      for (const step of steps) if (!one.has(step)) lost.push(`round ${round}, run ${run}: point ${step}`);
      const many = new Set(await stepsOf(again.url, run, 'many'));
      for (const from of known.batches.get(run) ?? []) {
        for (let i = 0; i < POINTS; i += 1)
          if (!many.has(from + i)) lost.push(`round ${round}, run ${run}: batch ${from}`);
      }
      // A batch is there whole or not at all, acknowledged or not.
      expect(many.size % POINTS, run).toBe(0);
      const { json } = await ask(again.url, `${API}/runs/get?run_id=${run}`);
      if (known.finished.has(run) && json.run.info.status !== 'FINISHED')
        lost.push(`round ${round}, run ${run}: its end`);
    }
    checked = new Set(known.single.keys());
    await kill9(again.child);
  }
  console.log(
    `kill -9: ${ROUNDS} rounds, ${known.single.size} runs, ${known.rows} rows acknowledged, ${lost.length} lost, ${faults.length} faults`,
  );
  expect(lost).toEqual([]);
  expect(faults).toEqual([]);
  expect(known.rows).toBeGreaterThan(ROUNDS * POINTS);
});
