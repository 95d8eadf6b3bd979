/** Story 2: a wrong millwright.yaml. Coded, with line and column, exit code 2; a server that runs keeps its last good state. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, createScenario, jsonOf, type Scenario, type ServerProcess } from './scenario.ts';

const GOOD = `project: tiny
pipeline:
  train: { run: python train.py, in: [], out: [metrics.json] }
`;

const WRONG: readonly (readonly [what: string, text: string, code: string, where: RegExp, says: RegExp])[] = [
  ['unknown key', 'project: tiny\npipline:\n  train: {}\n', 'MW-CONFIG-KEY', /^millwright\.yaml:2:1$/, /pipeline/],
  [
    'wrong type',
    'project: tiny\npipeline:\n  train: { run: python train.py, in: [], out: [m.json], retries: many }\n',
    'MW-CONFIG-VALUE',
    /^millwright\.yaml:3:\d+$/,
    /retries/,
  ],
  [
    'cycle',
    'project: tiny\npipeline:\n  a: { run: python a.py, in: [b.txt], out: [a.txt] }\n  b: { run: python b.py, in: [a.txt], out: [b.txt] }\n',
    'MW-CONFIG-CYCLE',
    /^millwright\.yaml:\d:\d+$/,
    /a → b → a|b → a → b/,
  ],
  [
    'an input that nothing makes',
    'project: tiny\npipeline:\n  train: { run: python train.py, in: [featurs.parquet], out: [m.json] }\n',
    'MW-CONFIG-VALUE',
    /^millwright\.yaml:3:\d+$/,
    /featurs\.parquet/,
  ],
  [
    'gate expression',
    `${GOOD}model:\n  name: tiny\n  artifact: metrics.json\n  gates: [accuracy >== 0.7]\n`,
    'MW-CONFIG-EXPRESSION',
    /^millwright\.yaml:7:\d+$/,
    /accuracy >== 0\.7|>==/,
  ],
  ['not YAML', 'project: tiny\npipeline: {a: [\n', 'MW-CONFIG-SYNTAX', /^millwright\.yaml:\d+:\d+$/, /./],
  ['empty', '', 'MW-CONFIG-', /^millwright\.yaml/, /./],
  ['a list', '- a\n- b\n', 'MW-CONFIG-', /^millwright\.yaml/, /./],
  [
    'a path that leaves the folder',
    'project: tiny\npipeline:\n  train: { run: python train.py, in: [], out: [../../etc/passwd] }\n',
    'MW-CONFIG-VALUE',
    /^millwright\.yaml:3:\d+$/,
    /path inside the project/,
  ],
  ['a tag that would run code', 'project: !!js/function "x"\n', 'MW-CONFIG-', /^millwright\.yaml:1:\d+$/, /./],
];

let scenario: Scenario;
let server: ServerProcess;

beforeAll(async () => {
  scenario = await createScenario('bad-file');
  scenario.write('millwright.yaml', GOOD);
  scenario.write('train.py', 'open("metrics.json", "w").write("{}")\n');
  server = await scenario.start();
});
afterAll(() => scenario.end());

test.each(WRONG)('%s', async (_what, text, code, where, says) => {
  scenario.write('millwright.yaml', text);
  const [plain, json] = await Promise.all([scenario.mw(['run']), scenario.mw(['run', '--json'])]);
  expect({ code: plain.code, out: plain.out }).toEqual({ code: 2, out: '' });
  expect(plain.err).toContain(code);
  expect(plain.err).toMatch(says);
  expect(plain.err).not.toMatch(/\.(?:ts|js):\d+:\d+|node:internal/);
  const told = jsonOf(json).error;
  expect(json.code).toBe(2);
  expect(told.code).toMatch(new RegExp(`^${code}`));
  expect(told.where).toMatch(where);
  expect(told.message.split('\n')).toHaveLength(1);

  // The server reads the same file: the same error on its API, and everything else goes on.
  const start = await ask(server.url, '/api/v1/projects/tiny/pipeline-runs', { body: { set: {} } });
  expect(start.status).toBe(400);
  expect(start.json.error).toMatchObject({ code: told.code, where: told.where });
  expect((await ask(server.url, '/api/v1/home')).status).toBe(200);
});

test('a dataset whose files are missing fails that step with the pattern, and the run after it works', {
  timeout: 40_000,
}, async () => {
  scenario.write(
    'millwright.yaml',
    `${GOOD}datasets:\n  rows: { from: "data/*.csv" }\n`.replace('in: []', 'in: [rows]'),
  );
  const run = await scenario.mw(['run', '--json']);
  expect(run.code).toBe(2);
  expect(jsonOf(run).error.code).toBe('MW-CONFIG-FILE');
  expect(jsonOf(run).error.message).toContain('data/*.csv');
  scenario.write('data/rows.csv', 'a\n1\n');
  const again = await scenario.mw(['run', '--json', '--no-wait']);
  expect(again.code).toBe(0);
});

test('a requirements file that is missing: named', { timeout: 40_000 }, async () => {
  scenario.write(
    'millwright.yaml',
    GOOD.replace('pipeline:', 'environment: { requirements: requirments.txt }\npipeline:'),
  );
  const run = await scenario.mw(['run', '--json']);
  expect(run.code).toBe(2);
  expect(jsonOf(run).error).toMatchObject({ code: 'MW-CONFIG-FILE' });
  expect(jsonOf(run).error.message).toContain('requirments.txt');
});

test('after the file is good again the server runs it; no file at all says how to make one', {
  timeout: 40_000,
}, async () => {
  scenario.write('millwright.yaml', GOOD);
  const started = await scenario.mw(['run', '--json', '--no-wait']);
  expect(started.code).toBe(0);
  const empty = await scenario.mw(['run'], { cwd: scenario.root });
  expect(empty.code).toBe(2);
  expect(empty.err).toContain('MW-CONFIG-MISSING');
  expect(empty.err).toContain('next: mw init');
});

test('a server does not start on a wrong file, and says where it is wrong', async () => {
  const other = await createScenario('bad-start');
  try {
    other.write('millwright.yaml', 'project: tiny\npipline: {}\n');
    const ended = await other.mw(['server', '--port', '0', '--rest-port', '0', '--grpc-port', '0']);
    expect(ended.code).toBe(2);
    expect(ended.err).toContain('millwright.yaml:2:1');
  } finally {
    await other.end();
  }
});
