/** Story 1: the loop, small. Data to a served model, nothing to do, a refused model, a canary and a rollback under load. */
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
  scenario = await createScenario('loop');
  tinyProject(scenario, {
    rollout: '{ strategy: canary, steps: [10%, 50%, 100%], hold: "500ms, 20 calls", roll_back_if: [error_rate > 1%] }',
  });
  server = await scenario.start();
});
afterAll(() => scenario.end());

const newestRollout = async (): Promise<Json> => (await ask(server.url, '/api/v1/endpoints/tiny')).json?.rollouts[0];
const champion = async (): Promise<number | undefined> => {
  const { json } = await ask(server.url, '/api/v1/models');
  return json.models.find((model: Json) => model.name === 'tiny')?.aliases.champion;
};

test('data → run → accepted v1 → released by itself → predict', { timeout: 260_000 }, async () => {
  const run = await scenario.mw(['run', '--json']);
  expect({ code: run.code, err: run.err }).toMatchObject({ code: 0 });
  expect(jsonOf(run).pipelineRun).toMatchObject({
    id: 'tiny-1',
    status: 'succeeded',
    result: { kind: 'accepted', version: 1 },
  });
  await until('v1 to be champion', async () => (await champion()) === 1, 240_000);
  expect(await inferTiny(server.rest)).toEqual({ version: 1, values: [2, 3] });
});

test('a second deploy has no changes (exit 0); a plan that would change something exits 3 and changes nothing', async () => {
  const again = await scenario.mw(['deploy', '--json']);
  expect(again.code).toBe(0);
  expect(jsonOf(again)).toMatchObject({ unchanged: true });
  const said = await scenario.mw(['deploy', '--plan']);
  expect(said.code).toBe(0);
  expect(said.out).toContain('No changes.');
});

test('the same run again is "unchanged": every step reused, no new version', async () => {
  const run = await scenario.mw(['run', '--json']);
  expect(run.code).toBe(0);
  expect(jsonOf(run).pipelineRun).toMatchObject({ result: { kind: 'unchanged', version: 1 }, stepsReused: 1 });
  const { json } = await ask(server.url, '/api/v1/models/tiny');
  expect(json.versions).toHaveLength(1);
});

test('a model below the gate is refused, with the gate and its line; production is unchanged', async () => {
  const run = await scenario.mw(['run', '--json', '--set', 'train.model=linear-2.onnx', 'train.accuracy=0.5']);
  expect(run.code).toBe(1);
  const { result } = jsonOf(run).pipelineRun;
  expect(result).toMatchObject({ kind: 'refused', version: 2 });
  expect(result.reason).toContain('accuracy is 0.5, required');
  expect(result.reason).toContain('millwright.yaml:9');
  expect(await inferTiny(server.rest)).toEqual({ version: 1, values: [2, 3] });
  expect(await champion()).toBe(1);
  const forced = await scenario.mw(['deploy', '--version', '2']);
  expect(forced.code).toBe(1);
  expect(forced.err).toContain('MW-GATE-REFUSED');
  expect(forced.err).not.toMatch(/^\s+at .*\.(ts|js):\d+/m);
});

test('a better model takes a canary, a rollback takes it back: no request fails', { timeout: 120_000 }, async () => {
  const load = startLoad(server.rest);
  const run = await scenario.mw(['run', '--json', '--set', 'train.model=linear-3.onnx', 'train.accuracy=0.95']);
  expect(jsonOf(run).pipelineRun.result).toMatchObject({ kind: 'accepted', version: 3 });
  await until('v3 to be promoted', async () => (await champion()) === 3, 80_000);
  expect(await newestRollout()).toMatchObject({ status: 'promoted', version: 3, fromVersion: 1 });
  // Both versions answered while the shares moved.
  expect([...load.versions.keys()].toSorted((a, b) => a - b)).toEqual([1, 3]);

  const plan = await scenario.mw(['deploy', '--plan', '--version', '1', '--json']);
  expect(plan.code).toBe(3);
  expect(jsonOf(plan)).toMatchObject({ unchanged: false });
  expect(await newestRollout()).toMatchObject({ version: 3 });

  const back = await scenario.mw(['rollback', '--json']);
  expect(back.code).toBe(0);
  expect(jsonOf(back)).toMatchObject({ from: 3, to: 1 });
  expect(await inferTiny(server.rest)).toMatchObject({ version: 1 });
  const before = load.served();
  await until('more load', () => load.served() > before + 50);
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(load.served()).toBeGreaterThan(200);
  await until('the champion to follow', async () => (await champion()) === 1);
  const events = (await ask(server.url, '/api/v1/events?project=tiny&limit=500')).json.events.map(
    (event: Json) => event.type,
  );
  expect(events.filter((type: string) => type === 'rollout.stepped').length).toBeGreaterThanOrEqual(2);
  expect(events).toContain('endpoint.rolled_back');
});
