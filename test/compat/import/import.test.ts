/** A real MLflow's store, brought over whole from its database, from its folder and from its server. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonWithMlflow, REQUIREMENTS } from '../mlflow/python-client.ts';
import { createScenario, jsonOf, type Json } from '../../scenarios/scenario.ts';
import { freePort } from '../../free-port.ts';

const run = promisify(execFile);
const RUNS = 40;

const client = await pythonWithMlflow();
if ('missing' in client) console.log(`NOT RUN: import from MLflow (${REQUIREMENTS.join(', ')}): ${client.missing}`);

const whole = (report: Json, imported: number) => ({
  there: Object.fromEntries(Object.entries<Json>(report.counts).map(([what, count]) => [what, count.found])),
  runs: report.counts.runs.imported === imported,
  differences: report.differences,
});

const EVERYTHING = {
  there: { experiments: 4, runs: RUNS + 3, 'logged models': 2, traces: 2, models: 1, versions: 2, aliases: 1 },
  runs: true,
  differences: [],
};

describe.runIf('python' in client)('mw import mlflow', { timeout: 600_000 }, () => {
  const python = 'python' in client ? client.python : '';
  let folder: string;
  let database: string;
  let old: ChildProcess | undefined;

  function endOld(): void {
    const pid = old?.pid;
    old = undefined;
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mw-import-'));
    database = `sqlite:///${join(folder, 'mlflow.db')}`;
    const script = join(import.meta.dirname, 'old_store.py');
    await run(python, [script, database, String(RUNS)], { cwd: folder });
  }, 300_000);

  afterAll(async () => {
    endOld();
    await rm(folder, { recursive: true, force: true });
  });

  it('from its database: nothing is missing, and again: nothing is repeated', async () => {
    const world = await createScenario('import');
    try {
      const first = jsonOf(await world.mw(['import', 'mlflow', database, '--json']));
      expect(whole(first, RUNS + 3)).toEqual(EVERYTHING);
      // 30 points a run, two more in each tenth, one for each model.
      expect(first.points).toBe(RUNS * 30 + (RUNS / 10) * 2 + 2);
      const again = jsonOf(await world.mw(['import', 'mlflow', database, '--json']));
      expect(whole(again, 0)).toEqual(EVERYTHING);
      expect(again.counts.runs).toEqual({ found: RUNS + 3, imported: 0, present: RUNS + 3 });
      const server = await world.start();
      const { stdout } = await run(python, [join(import.meta.dirname, 'loads.py'), server.url]);
      expect(stdout).toContain('loads 15');

      // A Millwright server answers as MLflow does, so another one can be brought over the same way.
      const next = await createScenario('import-again');
      try {
        const report = jsonOf(await next.mw(['import', 'mlflow', server.url, '--json']));
        expect(whole(report, RUNS + 3)).toEqual(EVERYTHING);
        expect({ points: report.points, files: report.files }).toEqual({ points: first.points, files: first.files });
        const copy = await next.start();
        expect((await run(python, [join(import.meta.dirname, 'loads.py'), copy.url])).stdout).toContain('loads 15');
      } finally {
        await next.end();
      }
    } finally {
      await world.end();
    }
  });

  it('from its server', async () => {
    const port = await freePort();
    old = spawn(
      python,
      [
        '-m',
        'mlflow',
        'server',
        '--backend-store-uri',
        database,
        '--workers',
        '1',
        '--port',
        String(port),
        '--artifacts-destination',
        join(folder, 'mlruns'),
      ],
      // A group of its own: the server starts others, which would outlive it.
      { cwd: folder, stdio: 'ignore', detached: true },
    );
    const url = `http://127.0.0.1:${port}`;
    const end = Date.now() + 180_000;
    while (
      !(await fetch(`${url}/health`).then(
        (answer) => answer.ok,
        () => false,
      ))
    ) {
      if (Date.now() > end) throw new Error('mlflow server did not start');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const world = await createScenario('import');
    try {
      const report = jsonOf(await world.mw(['import', 'mlflow', url, '--json']));
      expect(whole(report, RUNS + 3)).toEqual(EVERYTHING);
    } finally {
      await world.end();
      endOld();
    }
  });

  it('from its folder', async () => {
    const runs = join(folder, 'files');
    const script = join(import.meta.dirname, 'old_store.py');
    // The newest MLflow refuses its own file store unless asked.
    const env = { ...process.env, MLFLOW_ALLOW_FILE_STORE: 'true' };
    await run(python, [script, `file://${runs}`, '20'], { cwd: folder, env });
    const world = await createScenario('import');
    try {
      const report = jsonOf(await world.mw(['import', 'mlflow', runs, '--json']));
      expect(report.differences).toEqual([]);
      expect(report.counts.runs).toEqual({ found: 23, imported: 23, present: 0 });
      expect(report.counts.versions.imported).toBe(2);
      expect(report.counts.traces).toEqual({ found: 2, imported: 2, present: 0 });
    } finally {
      await world.end();
    }
  });

  it('what is no MLflow is said to be none, and nothing is written', async () => {
    const world = await createScenario('import');
    try {
      for (const [address, code] of [
        ['sqlite:///nowhere.db', 'MW-NOT-FOUND'],
        [join(folder, 'nothing'), 'MW-USAGE'],
        [folder, 'MW-DATA-READ'],
        ['http://127.0.0.1:9', 'MW-UNAVAILABLE'],
      ]) {
        const ended = await world.mw(['import', 'mlflow', address ?? '', '--json']);
        expect(ended.code).not.toBe(0);
        expect(ended.err + ended.out).toContain(code);
      }
    } finally {
      await world.end();
    }
  });
});
