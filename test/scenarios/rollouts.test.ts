/** A shadow, an A/B test and an endpoint without a project, as their users see them: over HTTP and on the command line. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ask,
  createScenario,
  type Json,
  jsonOf,
  kill9,
  type Scenario,
  type ServerProcess,
  tinyProject,
  until,
} from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;
beforeAll(async () => {
  scenario = await createScenario('rollouts');
  tinyProject(scenario);
  server = await scenario.start();
}, 60_000);
afterAll(() => scenario.end());

const get = async (path: string): Promise<Json> => (await ask(server.url, path)).json;
const rules = (text: string): void => tinyProject(scenario, { rollout: text });

/** One call of one caller: which version answered, and the id of its prediction. */
async function call(i: number, endpoint = 'tiny'): Promise<{ readonly version: number; readonly id: string }> {
  const body = {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [i / 100, 2] }],
    parameters: { sticky_key: `caller-${i}` },
  };
  const answer = await ask(server.rest, `/v2/models/${endpoint}/infer`, { method: 'POST', body });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return { version: Number(answer.json.model_version), id: `${answer.json.id}/0` };
}
async function calls(from: number, count: number): Promise<{ readonly version: number; readonly id: string }[]> {
  const answers = [];
  for (let i = from; i < from + count; i++) answers.push(await call(i));
  return answers;
}
async function newVersion(model: string): Promise<void> {
  const run = await scenario.mw(['run', '--json', '--set', `train.model=${model}`]);
  expect(run.code, run.err).toBe(0);
  const { version } = jsonOf(run).pipelineRun.result;
  // At once: the server itself releases it when its image is built.
  const deployed = await ask(server.url, '/api/v1/endpoints/tiny/deploy', { method: 'POST', body: { version } });
  expect(deployed.status, deployed.text).toBe(200);
}
const rolloutOf = async (version: number): Promise<Json> =>
  (await get('/api/v1/endpoints/tiny')).rollouts?.find((one: Json) => one.version === version);

test('a shadow answers copies; its page shows the rows that differ most; a guard takes it back unseen', {
  timeout: 120_000,
}, async () => {
  await newVersion('linear-1.onnx');
  await until('v1 to serve', async () => (await rolloutOf(1))?.status === 'promoted');
  rules(`
    strategy: shadow
    mirror: 100%
    steps: [50%, 100%]
    hold: 30 calls
    roll_back_if: [shadow.differing > 50%]`);
  await newVersion('linear-2.onnx');
  await until('the shadow', async () => (await get('/api/v1/endpoints/tiny')).endpoint?.mirror?.version === 2);
  const said = await scenario.mw(['status']);
  expect(said.out).toContain('shadow: waits for copied calls: 0 of 30');
  const answers = await calls(0, 60);
  expect(new Set(answers.map((one) => one.version))).toEqual(new Set([1]));
  const over = await until('the guard', async () => {
    const rollout = await rolloutOf(2);
    return rollout?.status === 'rolled-back' ? rollout : undefined;
  });
  expect(over.reason).toMatch(/^shadow.differing > 50% as a shadow: observed 1/);
  // From 30 copies on the guard may act, also while the last calls still come: what came after it was not copied.
  const { shadow } = await until('the log', async () => {
    const page = await get('/api/v1/endpoints/tiny/shadow?limit=5');
    return page.shadow?.rows >= 30 ? page : undefined;
  });
  expect(shadow).toMatchObject({ status: 'rolled-back', active: false, version: 2, liveVersion: 1 });
  expect(shadow.rows).toBeLessThanOrEqual(60);
  expect(shadow.differing).toBe(shadow.rows);
  expect(shadow.top).toHaveLength(5);
  expect(shadow.top[0].shadow).toBeCloseTo(2 * shadow.top[0].live, 4);
  expect(shadow.top[0].inputs).toMatchObject({ x_0: expect.any(Number) });
  // What callers were given is counted once, and found by its id alone.
  expect((await get('/api/v1/endpoints/tiny/predictions?limit=500')).total).toBe(60);
  const id = encodeURIComponent(answers[3]?.id ?? '');
  expect(await get(`/api/v1/predictions/${id}`)).toMatchObject({ endpoint: 'tiny', prediction: { version: 1 } });
  expect(await get(`/api/v1/predictions/${encodeURIComponent((answers[3]?.id ?? '').slice(0, -2))}`)).toMatchObject({
    prediction: { id: answers[3]?.id },
  });
  expect((await ask(server.url, '/api/v1/predictions/nobody')).status).toBe(404);
});

test('an A/B test splits the callers, survives a kill -9 of the server, and ends when the outcomes decide', {
  timeout: 180_000,
}, async () => {
  rules('{ strategy: ab, hold: 0s, ab: { outcome: click, at_most: 1d } }');
  await newVersion('linear-3.onnx');
  const begun = await until('the test', async () => (await get('/api/v1/endpoints/tiny/ab')).test);
  expect(begun).toMatchObject({ status: 'running', version: 3, fromVersion: 1, metric: 'outcome_rate', split: 50 });
  const mine = (await call(7)).version;
  expect(new Set((await Promise.all([call(7), call(7), call(7)])).map((one) => one.version))).toEqual(new Set([mine]));
  const answers = await calls(1000, 600);
  const share = answers.filter((one) => one.version === 3).length / 600;
  expect(share).toBeGreaterThan(0.4);
  expect(share).toBeLessThan(0.6);
  await kill9(server.child);
  server = await scenario.start();
  expect((await get('/api/v1/endpoints/tiny/ab')).test).toMatchObject({ status: 'running' });
  const outcomes = answers.map(({ id, version }, i) => ({
    prediction_id: id,
    name: 'click',
    value: version === 3 ? Number(i % 10 < 8) : Number(i % 10 < 2),
  }));
  const sent = await ask(server.url, '/api/v1/endpoints/tiny/outcomes', { method: 'POST', body: { outcomes } });
  expect(sent.status).toBe(200);
  const won = await until('the winner', async () => {
    const found = (await get('/api/v1/endpoints/tiny/ab')).test;
    return found.status === 'promoted' ? found : undefined;
  });
  expect(won.reading).toMatchObject({ verdict: 'candidate', candidate: { version: 3 }, stable: { version: 1 } });
  expect(won.reason).toMatch(/^v3 is better: outcome_rate of "click"/);
  expect((await call(5)).version).toBe(3);
  const events = (await get('/api/v1/events?limit=200')).events.map((one: Json) => one.type);
  expect(events).toContain('rollout.promoted');
  const back = await scenario.mw(['rollback', '--json']);
  expect(jsonOf(back)).toMatchObject({ from: 3, to: 1 });
  expect((await call(5)).version).toBe(1);
});

test('limits are changed by a deploy alone, and a registered model gets an endpoint without a project', {
  timeout: 60_000,
}, async () => {
  tinyProject(scenario);
  const yaml = `\n  limits: { timeout: 5s, queue: 64 }\n  log: { sample: 50%, redact: [x] }\n`;
  const { readFileSync } = await import('node:fs');
  scenario.write('millwright.yaml', readFileSync(`${scenario.project}/millwright.yaml`, 'utf8').trimEnd() + yaml);
  const plan = await scenario.mw(['deploy', '--version', '1', '--plan']);
  expect(plan.code).toBe(3);
  expect(plan.err).toContain('timeout: 30 s → 5 s');
  expect((await scenario.mw(['deploy', '--version', '1', '--json'])).code).toBe(0);
  const { endpoint } = await get('/api/v1/endpoints/tiny');
  expect(endpoint).toMatchObject({ limits: { timeoutMs: 5000, queue: 64 }, logging: { sample: 50, redact: ['x'] } });
  expect((await scenario.mw(['deploy', '--version', '1', '--plan'])).out).toContain('No changes.');

  const dry = await scenario.mw(['deploy', '--model', 'tiny@champion', '--endpoint', 'other', '--plan']);
  expect([dry.code, dry.err]).toEqual([3, expect.stringContaining('+ endpoint other')]);
  const done = await scenario.mw(['deploy', '--model', 'tiny/2', '--endpoint', 'other', '--json']);
  expect(done.code, done.err).toBe(0);
  expect((await call(1, 'other')).version).toBe(2);
  expect((await get('/api/v1/endpoints')).endpoints.find((one: Json) => one.name === 'other')).toMatchObject({
    project: 'default',
    model: 'tiny',
    releases: [{ version: 2, percent: 100, runtime: 'onnx', state: 'warm' }],
  });
  expect((await scenario.mw(['status'])).out).toContain('endpoints without a project');
  // The project's champion is what it was: nobody asked for it to move.
  expect((await get('/api/v1/models/tiny')).model.aliases.champion).toBe(1);
  for (const [model, code] of [
    ['nobody', 'MW-NOT-FOUND'],
    ['tiny/99', 'MW-NOT-FOUND'],
    ['tiny@none', 'MW-NOT-FOUND'],
  ]) {
    const refused = await ask(server.url, '/api/v1/endpoints/third/deploy', { method: 'POST', body: { model } });
    expect([refused.status, refused.json.error.code]).toEqual([404, code]);
  }
  const bad = await ask(server.url, '/api/v1/endpoints/..%2Fx/deploy', { method: 'POST', body: { model: 'tiny' } });
  expect(bad.status).toBe(400);
});
