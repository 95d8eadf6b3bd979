/** Two versions that an MLflow client registered, an alias with gates, and what the commands and pages tell of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, createScenario, jsonOf, type Json, type Scenario, type ServerProcess } from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

const mlflow = async (method: string, path: string, body?: object): Promise<{ status: number; json: Json }> =>
  ask(server.url, `/api/2.0/mlflow/${path}`, { method, ...(body === undefined ? {} : { body }) });
const own = async (method: string, path: string, body?: object) =>
  ask(server.url, `/api/v1/${path}`, { method, ...(body === undefined ? {} : { body }) });

/** A run with params and metrics, as a client logs it; its id. */
async function logged(params: Record<string, string>, metrics: Record<string, number | string>): Promise<string> {
  const made = await mlflow('POST', 'runs/create', { experiment_id: '0', start_time: 1 });
  const id = String(made.json.run.info.run_id);
  const batch = await mlflow('POST', 'runs/log-batch', {
    run_id: id,
    params: Object.entries(params).map(([key, value]) => ({ key, value })),
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: 1, step: 0 })),
  });
  expect(batch.status).toBe(200);
  return id;
}

const runs: string[] = [];

beforeAll(async () => {
  scenario = await createScenario('model-gates');
  server = await scenario.start();
  for (const [lr, aucs] of [
    ['0.1', [0.7, 0.72, 0.71]],
    ['0.01', [0.8, 0.83, 0.82]],
  ] as const)
    for (const [seed, auc] of aucs.entries()) runs.push(await logged({ lr, seed: String(seed) }, { auc }));
  await mlflow('POST', 'registered-models/create', { name: 'wine' });
  for (const run of [runs[0], runs[3]]) {
    const made = await mlflow('POST', 'model-versions/create', {
      name: 'wine',
      source: `runs:/${run}/model`,
      run_id: run,
    });
    expect(made.status).toBe(200);
  }
}, 60_000);
afterAll(() => scenario.end());

const setAlias = (version: string) =>
  mlflow('POST', 'registered-models/alias', { name: 'wine', alias: 'champion', version });
const holder = async () => (await own('GET', 'models/wine')).json.model.aliases.champion;

describe('an alias with gates', () => {
  it('moves as in MLflow while it has none; a gate that cannot be read is refused where it is wrong', async () => {
    expect((await setAlias('1')).status).toBe(200);
    const bad = await own('PUT', 'models/wine/alias-gates', { alias: 'champion', gates: ['auc > 0.5', 'auc >'] });
    expect(bad.status).toBe(400);
    expect(bad.json.error).toMatchObject({ code: 'MW-CONFIG-EXPRESSION', where: 'gates[1]' });
    expect((await own('GET', 'models/wine')).json.model.aliasGates).toEqual({});
    expect((await own('PUT', 'models/nobody/alias-gates', { alias: 'champion', gates: [] })).status).toBe(404);
    expect((await own('PUT', 'models/wine/alias-gates', { alias: 'v1', gates: [] })).status).toBe(400);
  });

  it('refuses with 400, naming each gate, so that no client tries again; the answer stays on the version', async () => {
    const gates = ['auc > champion.auc', 'auc >= 0.9'];
    expect((await own('PUT', 'models/wine/alias-gates', { alias: 'champion', gates })).status).toBe(200);
    const refused = await setAlias('2');
    expect(refused.status).toBe(400);
    expect(refused.json.error_code).toBe('INVALID_PARAMETER_VALUE');
    expect(refused.json.message).toContain('"auc >= 0.9" (observed 0.8, required >= 0.9)');
    expect(refused.json.message).not.toContain('"auc > champion.auc"');
    expect(await holder()).toBe(1);
    const { json } = await own('GET', 'models/wine/versions/2');
    expect(json.aliasResults).toMatchObject([{ alias: 'champion', passed: false }]);
    expect(json.aliasResults[0].gates.map((gate: Json) => gate.passed)).toEqual([true, false]);
    const events = await own('GET', 'events?types=alias.refused');
    expect(events.json.events[0].data).toMatchObject({ model: 'wine', alias: 'champion', version: 2 });
    const command = await scenario.mw(['promote', 'wine/2']);
    expect(command.code).toBe(1);
    expect(command.err).toContain('MW-GATE-REFUSED');
    expect(command.err).toMatch(/✗\s+auc >= 0\.9/);
  });

  it('moves when they pass, prints the table, and is put back by one command', async () => {
    await own('PUT', 'models/wine/alias-gates', { alias: 'champion', gates: ['auc > champion.auc'] });
    const moved = await scenario.mw(['promote', 'wine/2']);
    expect(moved.code).toBe(0);
    expect(moved.out).toMatch(/champion of wine is v2\.\n[^]*✓\s+auc > champion\.auc\s+0\.8/);
    expect((await scenario.mw(['promote', 'wine', '--undo'])).code).toBe(0);
    expect(await holder()).toBe(1);
    const { json } = await own('GET', 'models/wine/alias-moves');
    expect(json.moves.map((move: Json) => [move.from, move.to])).toEqual([
      [2, 1],
      [1, 2],
      [undefined, 1],
    ]);
  });
});

describe('what is told of a version', () => {
  it('has a card that a person may write and take away again', async () => {
    const before = await own('GET', 'models/wine/versions/2');
    expect(before.json).toMatchObject({
      cardWritten: false,
      proofs: [],
      drift: [],
      version: { metrics: { auc: { value: 0.8 } } },
    });
    expect(before.json.card).toContain('# wine, version 2');
    await own('PUT', 'models/wine/versions/2/card', { markdown: '# Mine' });
    expect((await own('GET', 'models/wine/versions/2')).json).toMatchObject({ card: '# Mine', cardWritten: true });
    expect((await scenario.mw(['models', 'wine/2', '--card'])).out).toBe('# Mine\n');
    await own('PUT', 'models/wine/versions/2/card', { markdown: '' });
    expect((await own('GET', 'models/wine/versions/2')).json.cardWritten).toBe(false);
  });

  it('has no environment to prove when a client registered it', async () => {
    const proof = await own('POST', 'models/wine/versions/2/proofs');
    expect(proof.status).toBe(409);
    expect(proof.json.error).toMatchObject({ code: 'MW-STATE' });
  });
});

describe('lineage', () => {
  it('is drawn from any name of a thing', async () => {
    const up = await scenario.mw(['lineage', 'wine@champion', '--up']);
    expect(up.out).toMatch(/^version wine v1 [^]*because of\n└─ registered run /);
    const down = jsonOf(await scenario.mw(['lineage', String(runs[3]).slice(0, 12), '--down', '--json']));
    expect(down.edges).toEqual([{ from: `run:${runs[3]}`, to: 'version:wine/2', kind: 'registered' }]);
  });

  it('names the candidates of what may be several things, and a bad depth is no fault of ours', async () => {
    expect((await own('GET', 'lineage?node=nothing-like-it')).status).toBe(404);
    expect((await own('GET', 'lineage?node=wine/2&depth=99')).status).toBe(400);
    expect((await own('GET', 'lineage?node=wine/2&direction=sideways')).status).toBe(400);
  });
});

describe('groups of runs', () => {
  it('are of all params but the seed, with a test', async () => {
    const { json } = await own('GET', 'run-groups?metric=auc');
    expect(json.by).toEqual(['params.lr']);
    expect(json.groups.map((group: Json) => [group.key['params.lr'], group.metrics.auc.n])).toEqual([
      ['0.01', 3],
      ['0.1', 3],
    ]);
    expect(json.tests[0]).toMatchObject({ group: 1, against: 0 });
    expect(json.tests[0].pAdjusted).toBeLessThan(0.01);
    const table = await scenario.mw(['compare', '--group', '--metric', 'auc']);
    expect(table.out).toMatch(/lr=0\.01\s+3\s+0\.8167/);
    expect((await own('GET', 'run-groups?by=lr')).status).toBe(400);
    expect((await own('GET', 'run-groups?filter=nonsense')).status).toBe(400);
  });
});
