/** Story 4: a model that does not load, or that answers NaN, is never promoted; the old one answers all along and the reason is told. */
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ask,
  createScenario,
  inferTiny,
  type Json,
  jsonOf,
  type Scenario,
  type ServerProcess,
  startLoad,
  tinyProject,
  until,
} from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

beforeAll(async () => {
  scenario = await createScenario('bad-model');
  tinyProject(scenario);
  server = await scenario.start();
  expect((await scenario.mw(['run', '--json'])).code).toBe(0);
  // At once, without waiting for the image of the first version.
  expect((await scenario.mw(['deploy', '--json'])).code).toBe(0);
}, 60_000);
afterAll(() => scenario.end());

const detail = async (): Promise<Json> => (await ask(server.url, '/api/v1/endpoints/tiny')).json;

test.each([
  ['broken.onnx', 2, /load|parse|protobuf|not a model|invalid/i],
  ['nan.onnx', 3, /NaN|not a number|finite/i],
])('%s', { timeout: 60_000 }, async (model, version, says) => {
  const load = startLoad(server.rest, 'tiny', 2);
  const run = await scenario.mw(['run', '--json', '--set', `train.model=${model}`]);
  expect(jsonOf(run).pipelineRun.result).toMatchObject({ kind: 'accepted', version });
  const deploy = await scenario.mw(['deploy', '--version', String(version)]);
  expect(deploy.code).toBe(1);
  expect(deploy.err).toMatch(says);
  expect(deploy.err).toMatch(/^ {4}next: mw /m);
  expect(deploy.err).not.toMatch(/\.(?:ts|js):\d+:\d+|node:internal/);
  const { endpoint, rollouts } = await detail();
  expect(rollouts[0]).toMatchObject({ status: 'rolled-back', version });
  expect(rollouts[0].reason).toMatch(says);
  expect(endpoint.releases.filter((release: Json) => release.percent > 0)).toMatchObject([
    { version: 1, percent: 100 },
  ]);
  expect(await inferTiny(server.rest)).toEqual({ version: 1, values: [2, 3] });
  await load.stop();
  expect(load.failures).toEqual([]);
  expect([...load.versions.keys()]).toEqual([1]);
  const { json } = await ask(server.url, '/api/v1/models/tiny');
  expect(json.model.aliases.champion).toBe(1);
});

test('the loop does not bring a refused model back by itself, and a good one still goes live', {
  timeout: 90_000,
}, async () => {
  const run = await scenario.mw(['run', '--json', '--set', 'train.model=linear-2.onnx']);
  expect(jsonOf(run).pipelineRun.result).toMatchObject({ kind: 'accepted', version: 4 });
  await scenario.mw(['deploy', '--version', '4']);
  await until('v4', async () => (await inferTiny(server.rest)).version === 4, 60_000);
  expect(await inferTiny(server.rest)).toEqual({ version: 4, values: [4, 6] });
});

test('a model file changed on disk is not served after a restart of the data plane, and that is told', {
  timeout: 60_000,
}, async () => {
  const folder = join(scenario.home, 'plane', 'models');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) appendFileSync(join(file.parentPath, file.name), 'x');
  const before = scenario.planePid();
  process.kill(before, 'SIGKILL');
  await until('another data plane', () => {
    try {
      return scenario.planePid() !== before;
    } catch {
      return false;
    }
  });
  // Either it is repaired from the store, or refused: never served changed.
  const answer = await until('an answer', () =>
    ask(server.rest, '/v2/models/tiny/infer', {
      body: { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] },
    }).catch(() => undefined),
  );
  if (answer.status === 200) expect(answer.json.model_version).toBe('4');
  else expect(answer.json.error).toMatch(/tiny/);
});
