/** Story 8: kill -9 of each process, at work. Nothing acknowledged is lost, nothing finished is repeated, no request fails that the data plane took. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ask,
  createScenario,
  inferTiny,
  type Json,
  jsonOf,
  kill9,
  runs,
  type Scenario,
  type ServerProcess,
  startLoad,
  tinyProject,
  until,
} from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

const lines = (name: string): readonly string[] => {
  const path = join(scenario.root, name);
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
    : [];
};

beforeAll(async () => {
  scenario = await createScenario('kill');
  tinyProject(scenario, { rollout: '{ strategy: canary, steps: [10%, 50%, 100%], hold: "2s, 10 calls" }' });
  // Each step leaves a line outside its folder every time it really runs.
  const step = (name: string, seconds: number): string =>
    `import time\nopen(${JSON.stringify(scenario.root)} + "/ran", "a").write("${name}\\n")\ntime.sleep(${seconds})\nopen("${name}.txt", "w").write("${name}")\n`;
  for (const [name, seconds] of [
    ['one', 0],
    ['two', 4],
    ['three', 0],
  ] as const)
    scenario.write(`${name}.py`, step(name, seconds));
  const text = readFileSync(join(scenario.project, 'millwright.yaml'), 'utf8');
  scenario.write(
    'millwright.yaml',
    text.replace(
      'pipeline:\n',
      `pipeline:
  one: { run: python one.py, in: [rows], out: [one.txt] }
  two: { run: python two.py, in: [one.txt], out: [two.txt] }
  three: { run: python three.py, in: [two.txt], out: [three.txt] }
`,
    ),
  );
  server = await scenario.start();
}, 60_000);
afterAll(() => scenario.end());

test('kill -9 of the server in the middle of a step: the run goes on, no step runs twice', {
  timeout: 90_000,
}, async () => {
  const started = await scenario.mw(['run', '--no-wait', '--json']);
  const { id } = jsonOf(started).pipelineRun;
  await until('step two to run', () => lines('ran').includes('two'), 30_000);
  await kill9(server.child);
  // Dead while the step goes on under its own supervisor; a second kill right after the start must not matter either.
  server = await scenario.start();
  await kill9(server.child);
  server = await scenario.start();
  const done = await until(
    'the run to end',
    async () => {
      const { json } = await ask(server.url, `/api/v1/pipeline-runs/${id}`);
      return json.pipelineRun.result === undefined && json.pipelineRun.status !== 'failed' ? undefined : json;
    },
    40_000,
  );
  expect(done.pipelineRun).toMatchObject({ status: 'succeeded', result: { kind: 'accepted', version: 1 } });
  expect(lines('ran')).toEqual(['one', 'two', 'three']);
  expect(
    done.steps.every((step: Json) => step.kind === 'data' || step.kind === 'environment' || step.attempts.length === 1),
  ).toBe(true);
  const { json } = await ask(server.url, '/api/v1/models/tiny');
  expect(json.versions).toHaveLength(1);
});

test('kill -9 of the server during a canary under load: 0 failed, the same data plane, the rollout goes on', {
  timeout: 120_000,
}, async () => {
  expect((await scenario.mw(['deploy', '--json'])).code).toBe(0);
  const load = startLoad(server.rest);
  const run = await scenario.mw(['run', '--json', '--set', 'train.model=linear-2.onnx']);
  expect(jsonOf(run).pipelineRun.result).toMatchObject({ kind: 'accepted', version: 2 });
  const deploy = scenario.mw(['deploy', '--version', '2']);
  await until('the canary', () => (load.versions.get(2) ?? 0) > 0, 40_000);
  const plane = scenario.planePid();
  const atKill = load.served();
  await kill9(server.child);
  await sleep(1500);
  expect(load.served()).toBeGreaterThan(atKill + 30);
  server = await scenario.start();
  expect(scenario.planePid()).toBe(plane);
  await until(
    'the rollout to end',
    async () => {
      const { json } = await ask(server.url, '/api/v1/endpoints/tiny');
      return json.rollouts[0].version === 2 && json.rollouts[0].status === 'promoted';
    },
    40_000,
  );
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(await inferTiny(server.rest)).toEqual({ version: 2, values: [4, 6] });
  await deploy;
  expect(lines('ran')).toEqual(['one', 'two', 'three']);
});

test('kill -9 of the data plane: it answers again by itself in seconds, same port, same routes', {
  timeout: 60_000,
}, async () => {
  const before = scenario.planePid();
  process.kill(before, 'SIGKILL');
  const started = Date.now();
  // A process that was killed can answer once more before it is gone.
  await until('its end', () => !runs(before));
  const answer = await until('an answer', () => inferTiny(server.rest).catch(() => undefined), 15_000);
  const took = Date.now() - started;
  expect(answer).toEqual({ version: 2, values: [4, 6] });
  expect(scenario.planePid()).not.toBe(before);
  // 5 s promised; 2 to 3 s measured on a busy machine.
  expect(took).toBeLessThan(8000);
  await until('the event', async () => {
    const { json } = await ask(server.url, '/api/v1/events?limit=50');
    return json.events.some((event: Json) => event.type === 'data_plane.restarted');
  });
});

test('an orderly stop leaves the endpoints answering; stop --all ends them', { timeout: 60_000 }, async () => {
  const stopped = await scenario.mw(['stop', '--json']);
  expect(stopped.code).toBe(0);
  expect(await inferTiny(server.rest)).toMatchObject({ version: 2 });
  const all = await scenario.mw(['stop', '--all', '--json']);
  expect(jsonOf(all)).toMatchObject({ plane: true });
  await expect(inferTiny(server.rest)).rejects.toThrow();
});
