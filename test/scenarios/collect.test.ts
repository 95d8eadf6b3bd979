/** Story: what is deleted can come back until it is collected, nothing that is reached is collected, and kill -9 leaves no row without its blob. */
import { readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, createScenario, type Json, jsonOf, kill9, type Scenario, type ServerProcess } from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

beforeAll(async () => {
  scenario = await createScenario('collect');
  server = await scenario.start();
}, 60_000);
afterAll(() => scenario.end());

async function mlflow(path: string, body: unknown): Promise<Json> {
  const answer = await ask(server.url, `/api/2.0/mlflow/${path}`, { body });
  expect(answer.status, answer.text).toBe(200);
  return answer.json;
}

async function runWith(experiment: string, files: Readonly<Record<string, string>>): Promise<string> {
  const { run } = await mlflow('runs/create', { experiment_id: experiment, start_time: Date.now() });
  const id = String(run.info.run_id);
  await mlflow('runs/log-batch', {
    run_id: id,
    metrics: Array.from({ length: 50 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), timestamp: 1, step })),
    params: [{ key: 'lr', value: '0.1' }],
  });
  for (const [name, content] of Object.entries(files)) {
    const path = `/api/2.0/mlflow-artifacts/artifacts/${experiment}/${id}/artifacts/${name}`;
    expect((await ask(server.url, path, { method: 'PUT', body: content })).status).toBe(200);
  }
  return id;
}

function blobs(): readonly string[] {
  const root = join(scenario.home, 'blobs', 'sha256');
  return readdirSync(root).flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)));
}

/** As if all of it had been put long ago. */
const age = (): void => {
  for (const path of blobs()) utimesSync(path, 1, 1);
};

const gc = async (...args: string[]): Promise<Json> =>
  jsonOf(await scenario.mw(['gc', '--older-than', '0d', '--json', ...args]));

test('a deleted run is shown, comes back, and is collected with what only it named; a registered one is kept with the reason', async () => {
  const shared = 'x'.repeat(1000);
  const stays = await runWith('0', { 'shared.txt': shared });
  const goes = await runWith('0', { 'shared.txt': shared, 'own.txt': 'y'.repeat(500) });
  const registered = await runWith('0', { 'model.txt': 'weights' });
  await mlflow('registered-models/create', { name: 'flights' });
  await mlflow('model-versions/create', {
    name: 'flights',
    source: `runs:/${registered}/model.txt`,
    run_id: registered,
  });
  await mlflow('registered-models/alias', { name: 'flights', alias: 'champion', version: '1' });
  await mlflow('runs/delete', { run_id: goes });
  await mlflow('runs/delete', { run_id: registered });

  const listed = jsonOf(await scenario.mw(['gc', '--trash', '--json']));
  expect(listed.items.map((one: Json) => one.id).sort()).toEqual([goes, registered].sort());
  expect((await scenario.mw(['gc', '--restore', `run/${goes}`])).code).toBe(0);
  expect((await scenario.mw(['gc', '--restore', `run/${goes}`])).code).not.toBe(0);
  await mlflow('runs/delete', { run_id: goes });
  expect((await ask(server.url, '/api/v1/storage')).json).toMatchObject({
    artifacts: 4,
    namedBytes: 2507,
    blobBytes: 1507,
  });

  // Young blobs stay: an upload could be about to name them.
  expect((await gc()).totals).toEqual([{ kind: 'run', items: 1, bytes: 0 }]);
  age();
  const dry = await gc();
  expect(dry).toMatchObject({ applied: false, freedBytes: 500 });
  expect(dry.kept).toEqual([
    {
      kind: 'run',
      id: registered,
      label: expect.any(String),
      because: 'version flights/1 was made from it, which alias champion points at',
    },
  ]);
  // The default age: it was deleted a moment ago.
  expect(jsonOf(await scenario.mw(['gc', '--apply', '--json'])).totals).toEqual([]);

  const before = blobs().reduce((sum, path) => sum + statSync(path).size, 0);
  const done = await gc('--apply');
  expect(done).toMatchObject({ applied: true, freedBytes: 500 });
  expect(before - blobs().reduce((sum, path) => sum + statSync(path).size, 0)).toBe(500);
  expect((await ask(server.url, `/api/2.0/mlflow/runs/get?run_id=${goes}`)).status).toBe(404);
  const file = `/get-artifact?run_id=${stays}&path=shared.txt`;
  expect((await ask(server.url, file)).text).toBe(shared);

  const sql = await scenario.mw(['sql', '--json', "select type, actor from events where type = 'storage.collected'"]);
  expect(jsonOf(sql).rows).toHaveLength(2);
  const csv = await scenario.mw(['sql', '--csv', 'select count(*) as runs from runs']);
  expect(csv.out).toBe('runs\n2\n');
  const wrong = await scenario.mw(['sql', 'select nope from runs']);
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('line 1, column 8');
}, 60_000);

test('kill -9 at any moment of a collection: every row has its blob, every thing is whole or gone, and the next one finishes', async () => {
  for (const pause of [0, 15, 40, 90]) {
    const { experiment_id: experiment } = await mlflow('experiments/create', { name: `kill-${pause}` });
    const kept = await runWith(experiment, { 'a.txt': 'kept', 'b.txt': `both-${pause}` });
    const goes: string[] = [];
    for (let i = 0; i < 30; i += 1)
      goes.push(await runWith(experiment, { 'a.txt': `a-${pause}-${i}`, 'b.txt': `both-${pause}` }));
    for (const id of goes) await mlflow('runs/delete', { run_id: id });
    age();
    const { child } = server;
    const asked = ask(server.url, '/api/v1/gc', { body: { apply: true, olderThanDays: 0 } }).catch(() => undefined);
    await sleep(pause);
    await kill9(child);
    await asked;
    server = await scenario.start();

    expect((await ask(server.url, `/get-artifact?run_id=${kept}&path=b.txt`)).text).toBe(`both-${pause}`);
    for (const id of goes) {
      const found = await ask(server.url, `/api/2.0/mlflow/runs/get?run_id=${id}`);
      if (found.status === 404) continue;
      expect(found.json.run.data.metrics, id).toHaveLength(1);
      for (const name of ['a.txt', 'b.txt']) {
        expect((await ask(server.url, `/get-artifact?run_id=${id}&path=${name}`)).status, `${id}/${name}`).toBe(200);
      }
    }
    age();
    await gc('--apply');
    const { storage } = { storage: (await ask(server.url, '/api/v1/storage')).json };
    expect((await gc()).totals).toEqual([]);
    const named = jsonOf(await scenario.mw(['sql', '--json', 'select count(distinct digest) from artifacts']))
      .rows[0][0];
    expect(storage.blobs).toBe(named);
    expect(blobs()).toHaveLength(named);
  }
}, 240_000);
