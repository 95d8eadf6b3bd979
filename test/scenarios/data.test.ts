/** Story: the history of a dataset, with what changed in its columns and what its checks said. */
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createScenario, type Json, jsonOf, type Scenario, tinyProject } from './scenario.ts';

let scenario: Scenario;
beforeAll(async () => {
  scenario = await createScenario('data');
  tinyProject(scenario);
  await scenario.start();
}, 60_000);
afterAll(() => scenario.end());

test('mw data lists, tells the history and shows one version; SQL has the same', async () => {
  expect((await scenario.mw(['run', '--json'])).code).toBe(0);
  scenario.write('data/rows.csv', 'a,b,c\n1,2,x\n3,4,y\n5,6,z\n');
  expect((await scenario.mw(['run', '--json'])).code).toBe(0);

  const all = jsonOf(await scenario.mw(['data', '--json'])).datasets;
  expect(all).toMatchObject([{ project: 'tiny', name: 'rows', versions: 2, rows: 3 }]);
  const { datasets } = jsonOf(await scenario.mw(['data', 'tiny/rows', '--json']));
  expect(datasets.map((one: Json) => [one.rows, one.schemaChanges])).toEqual([
    [3, [{ column: 'c', kind: 'added', to: 'string' }]],
    [2, []],
  ]);
  expect(datasets[0].previousId).toBe(datasets[1].id);
  const text = (await scenario.mw(['data', 'tiny/rows'])).out;
  expect(text).toContain('+ c string');
  expect(text).toContain('1 passed');
  expect((await scenario.mw(['data', datasets[1].id])).out).toContain('rows >= 1');
  expect((await scenario.mw(['data', 'tiny/none'])).code).not.toBe(0);

  const sql = 'select version_id, rows, checks_failed, previous_id from dataset_versions order by created_at desc';
  expect(jsonOf(await scenario.mw(['sql', '--json', sql])).rows).toEqual([
    [datasets[0].id, 3, 0, datasets[1].id],
    [datasets[1].id, 2, 0, null],
  ]);
  const joined =
    'select s.step, r.status from step_runs s join pipeline_runs p using (pipeline_run_id) join runs r using (run_id) limit 1';
  expect(jsonOf(await scenario.mw(['sql', '--json', joined])).rows).toHaveLength(1);

  // Nothing of a living project is collected, however young the cut-off and however old its files.
  const root = join(scenario.home, 'blobs', 'sha256');
  for (const folder of readdirSync(root)) {
    for (const name of readdirSync(join(root, folder))) utimesSync(join(root, folder, name), 1, 1);
  }
  const gc = jsonOf(await scenario.mw(['gc', '--older-than', '0d', '--apply', '--json']));
  expect(gc.totals.filter((one: Json) => one.kind !== 'job')).toEqual([]);
  scenario.write('data/rows.csv', 'a,b\n1,2\n3,4\n');
  expect((await scenario.mw(['run', '--json'])).code).toBe(0);
}, 120_000);
