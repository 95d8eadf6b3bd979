/** Story 3: steps that misbehave. Each ends in its code with the place and the next command; a corrected script then runs. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ask,
  createScenario,
  type Ended,
  type Json,
  jsonOf,
  runs,
  type Scenario,
  type ServerProcess,
  until,
} from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

const yaml = (timeout = '20s'): string => `project: steps
pipeline:
  first: { run: python first.py, in: [], out: [first.txt] }
  bad: { run: python bad.py, in: [first.txt], out: [bad.txt], timeout: ${timeout} }
  after: { run: python after.py, in: [bad.txt], out: [after.txt] }
`;

beforeAll(async () => {
  scenario = await createScenario('bad-step');
  scenario.write('millwright.yaml', yaml());
  scenario.write('first.py', 'open("first.txt", "w").write("1")\n');
  scenario.write('after.py', 'open("after.txt", "w").write(open("bad.txt").read())\n');
  scenario.write('bad.py', 'open("bad.txt", "w").write("good")\n');
  server = await scenario.start({ env: { MILLWRIGHT_STEP_DISK_MIB: '8' } });
});
afterAll(() => scenario.end());

async function steps(id: string): Promise<Record<string, Json>> {
  const { json } = await ask(server.url, `/api/v1/pipeline-runs/${id}`);
  return Object.fromEntries(json.steps.map((step: Json) => [step.step, step]));
}

const newest = async (): Promise<string> =>
  (await ask(server.url, '/api/v1/pipeline-runs?limit=1')).json.pipelineRuns[0].id;

async function fails(
  script: string,
  exit = 1,
): Promise<{ readonly json: Json; readonly plain: Ended; readonly steps: Record<string, Json> }> {
  scenario.write('bad.py', script);
  const ended = await scenario.mw(['run', '--json']);
  expect(ended.code).toBe(exit);
  const id = await newest();
  const after = await steps(id);
  expect(after['first']).toMatchObject({ status: 'succeeded' });
  expect(after['bad']).toMatchObject({ status: 'failed' });
  expect(after['after']).toMatchObject({ status: 'skipped' });
  return { json: jsonOf(ended).error, plain: ended, steps: after };
}

test('exit 3: the code, the last lines it printed, the command that shows the log', { timeout: 40_000 }, async () => {
  const script =
    'import sys\nfor i in range(100): print("line", i)\nprint("no such column: winrate", file=sys.stderr)\nsys.exit(3)\n';
  const { json } = await fails(script);
  const id = await newest();
  expect(json).toMatchObject({ code: 'MW-STEP-FAILED', where: 'pipeline.bad', next: `mw logs ${id} bad` });
  expect(json.message).toContain('exit code 3');
  expect(json.message).toContain('no such column: winrate');
  expect(json.message.length).toBeLessThan(2000);
  const logs = await scenario.mw(['logs', id, 'bad']);
  expect(logs.code).toBe(0);
  expect(logs.out).toContain('line 0\n');
  const plain = await scenario.mw(['run']);
  expect(plain.code).toBe(1);
  expect(plain.err).toMatch(/no such column: winrate[\s\S]*next: mw logs steps-\d+ bad\n\s+MW-STEP-FAILED/);
});

test('hangs: stopped at its timeout with all its children', { timeout: 40_000 }, async () => {
  scenario.write('millwright.yaml', yaml('1s'));
  const pidFile = join(scenario.root, 'child.pid');
  const script = `import subprocess, time, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
open(${JSON.stringify(pidFile)}, "w").write(str(child.pid))
print("waiting for the lock", flush=True)
time.sleep(300)
`;
  const { json } = await fails(script);
  scenario.write('millwright.yaml', yaml());
  expect(json).toMatchObject({ code: 'MW-STEP-TIMEOUT', where: 'pipeline.bad' });
  expect(json.message).toContain('waiting for the lock');
  const child = Number(readFileSync(pidFile, 'utf8'));
  expect(runs(child)).toBe(false);
});

test('fills the disk: stopped at its limit; what others wrote is intact', { timeout: 40_000 }, async () => {
  const script =
    'f = open("big", "wb")\nimport time\nwhile True:\n    f.write(b"x" * 2**20); f.flush(); time.sleep(0.01)\n';
  const { json } = await fails(script);
  expect(json).toMatchObject({ code: 'MW-DISK-FULL', where: 'pipeline.bad' });
  expect(json.message).toContain('8 MiB');
});

test('makes no output: named', { timeout: 40_000 }, async () => {
  const { json } = await fails('print("forgot")\n');
  expect(json).toMatchObject({ code: 'MW-STEP-OUTPUT', where: 'pipeline.bad.out' });
  expect(json.message).toContain('bad.txt');
});

test('a program that does not exist: named', { timeout: 40_000 }, async () => {
  scenario.write('millwright.yaml', yaml().replace('python bad.py', 'no-such-program bad.py'));
  const { json } = await fails('');
  scenario.write('millwright.yaml', yaml());
  expect(json).toMatchObject({ code: 'MW-STEP-FAILED' });
  expect(json.message).toContain('no-such-program');
});

test('an output that is a link out of its folder is refused', { timeout: 40_000 }, async () => {
  const { json } = await fails('import os\nos.symlink("/etc/hostname", "bad.txt")\n', 2);
  expect(json.code).toBe('MW-PATH');
  expect(json.message).toContain('bad.txt');
});

test('prints 100 MB: the run succeeds and the log on disk is bounded', { timeout: 90_000 }, async () => {
  const script = `import sys
line = "x" * 1023 + "\\n"
for i in range(100 * 1024): sys.stdout.write(line)
print("the end", flush=True)
open("bad.txt", "w").write("good")
`;
  scenario.write('bad.py', script);
  const run = await scenario.mw(['run', '--json', '--no-wait']);
  const { id } = jsonOf(run).pipelineRun;
  const done = await until(
    'the run',
    async () => {
      const { json } = await ask(server.url, `/api/v1/pipeline-runs/${id}`);
      return json.pipelineRun.status === 'running' ? undefined : json.pipelineRun;
    },
    60_000,
  );
  expect(done).toMatchObject({ status: 'succeeded' });
  const folder = join(scenario.home, 'attempts', `${id}.bad.1`);
  const bytes = readdirSync(folder)
    .filter((name) => name.startsWith('log'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(bytes).toBeLessThan(40 * 2 ** 20);
  const tail = await ask(server.url, `/api/v1/pipeline-runs/${id}/steps/bad/log?offset=${100 * 1024 * 1024 - 1024}`);
  expect(tail.json.text).toContain('the end');
});

test('corrected: the next run succeeds and reuses what was good all along', { timeout: 40_000 }, async () => {
  scenario.write('bad.py', 'open("bad.txt", "w").write("good")\n');
  const run = await scenario.mw(['run', '--json']);
  expect({ code: run.code, err: run.err }).toMatchObject({ code: 0 });
  const { pipelineRun } = jsonOf(run);
  expect(pipelineRun).toMatchObject({ status: 'succeeded' });
  const after = await steps(pipelineRun.id);
  expect(after['after']).toMatchObject({ status: 'succeeded' });
  // Every run that failed is still there, with its log.
  const { json } = await ask(server.url, '/api/v1/pipeline-runs?limit=100');
  expect(json.pipelineRuns.filter((one: Json) => one.status === 'failed').length).toBeGreaterThanOrEqual(6);
  expect(existsSync(join(scenario.home, 'millwright.db'))).toBe(true);
});
