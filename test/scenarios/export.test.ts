/** Everything leaves as plain files beside a server that runs, and another engine reads back what is here: counts, sums, bytes. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, createScenario, type Json, jsonOf, type Scenario, type ServerProcess, until } from './scenario.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const RUNS = 12;
const POINTS = 300;
const ODD = 'per/haps: ..é';

let scenario: Scenario;
let server: ServerProcess;
const runs: string[] = [];

const mlflow = async (path: string, body: unknown): Promise<Json> => {
  const { status, json, text } = await ask(server.url, `/api/2.0/mlflow/${path}`, { body });
  if (status !== 200) throw new Error(`${path}: ${text}`);
  return json;
};

/** The first row of the answer, from an engine that knows nothing of us. */
async function read(sql: string): Promise<readonly unknown[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson()[0] ?? [];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const ours = async (sql: string): Promise<Json> => jsonOf(await scenario.mw(['sql', sql, '--json'])).rows[0];
const out = (name: string): string => join(scenario.root, name);

beforeAll(async () => {
  scenario = await createScenario('export');
  server = await scenario.start();
  const ids = [
    (await mlflow('experiments/create', { name: 'plain' })).experiment_id,
    (await mlflow('experiments/create', { name: ODD, tags: [{ key: 'team', value: 'a,"b"\nc' }] })).experiment_id,
  ];
  for (let i = 0; i < RUNS; i += 1) {
    const { run } = await mlflow('runs/create', {
      experiment_id: ids[i % 2],
      run_name: `run ${i}`,
      start_time: 1e12 + i,
    });
    const { run_id: id } = run.info;
    runs.push(id);
    const points = Array.from({ length: POINTS }, (_, step) => ({
      key: 'loss',
      value: i + 1 / (step + 1),
      timestamp: 1_700_000_000_000 + step,
      step,
    }));
    await mlflow('runs/log-batch', {
      run_id: id,
      metrics: [...points, { key: 'broken', value: 'NaN', timestamp: 1, step: 2 ** 40 }],
      params: [{ key: 'lr', value: i === 0 ? '=1,"x"' : String(i) }],
    });
    const path = `mlflow-artifacts/artifacts/${ids[i % 2]}/${id}/artifacts/notes/h%C3%A9llo.txt`;
    const sent = await ask(server.url, `/api/2.0/${path}`, { method: 'PUT', body: `hello ${i % 3}` });
    expect(sent.status).toBe(200);
  }
}, 60_000);
afterAll(() => scenario.end());

test('Parquet: rows, sums and digests are those that are here, and files come with their names', async () => {
  const report = jsonOf(await scenario.mw(['export', out('parquet'), '--artifacts', '--json']));
  const manifest: Json = JSON.parse(readFileSync(join(out('parquet'), 'manifest.json'), 'utf8'));
  expect(manifest.tables.length).toBeGreaterThan(30);
  for (const { table, file, rows, digest } of manifest.tables) {
    const bytes = readFileSync(join(out('parquet'), file));
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
    expect({ table, rows: await read(`select count(*)::int from '${out('parquet')}/${file}'`) }).toEqual({
      table,
      rows: [rows],
    });
  }
  const points = `'${out('parquet')}/metric_history.parquet'`;
  expect(report.rows).toBe(manifest.tables.reduce((sum: number, one: Json) => sum + one.rows, 0));
  const sums = (from: string) =>
    `select count(*)::int, sum(step)::varchar, round(sum(value) filter (where not isnan(value)), 6),
      epoch_ms(max(time))::double, count(*) filter (where isnan(value))::int from ${from}`;
  expect(await read(sums(points))).toEqual(await ours(sums('metric_history')));
  expect((await read(sums(points)))[0]).toBe(RUNS * (POINTS + 1));
  // A reader leaves row groups out by their statistics, and this one orders NaN last: it must not lose them.
  expect(await read(`select count(*)::int from ${points} where value > 11`)).toEqual([POINTS + RUNS]);
  expect(await read(`select count(*)::int from ${points} where value > 1e9`)).toEqual([RUNS]);
  expect(await read(`select name from '${out('parquet')}/experiments.parquet' where experiment_id = '2'`)).toEqual([
    ODD,
  ]);

  expect(report.artifacts).toEqual({ files: RUNS, bytes: RUNS * 7 });
  const folders = readdirSync(join(out('parquet'), 'artifacts')).toSorted();
  expect(folders).toEqual(['per_haps_ ..é~2', 'plain']);
  expect(readFileSync(join(out('parquet'), 'artifacts', 'plain', runs[2] ?? '', 'notes', 'héllo.txt'), 'utf8')).toBe(
    'hello 2',
  );
}, 60_000);

test('CSV and JSON lines say the same', async () => {
  await scenario.mw(['export', out('csv'), '--format', 'csv']);
  await scenario.mw(['export', out('jsonl'), '--format', 'jsonl']);
  const sums = 'select count(*)::int, sum(step)::varchar, round(sum(value) filter (where not isnan(value)), 6)';
  const wanted = await ours(`${sums} from metric_history`);
  const csv = `read_csv('${out('csv')}/metric_history.csv', types = {'value': 'DOUBLE'})`;
  expect(await read(`${sums} from ${csv}`)).toEqual(wanted);
  const lines = `read_json('${out('jsonl')}/metric_history.jsonl', columns = {'value': 'DOUBLE', 'step': 'BIGINT'})`;
  expect(await read(`${sums} from ${lines}`)).toEqual(wanted);
  const params = `read_csv('${out('csv')}/params.csv', all_varchar = true)`;
  expect(await read(`select value from ${params} where run_id = '${runs[0]}'`)).toEqual(['=1,"x"']);
  const tags = `read_csv('${out('csv')}/experiment_tags.csv', all_varchar = true, new_line = '\\r\\n')`;
  expect(await read(`select value from ${tags} where key = 'team'`)).toEqual(['a,"b"\nc']);
}, 60_000);

test('one experiment: only what belongs to it', async () => {
  const report = jsonOf(await scenario.mw(['export', out('one'), '--experiment', ODD, '--artifacts', '--json']));
  const rows = Object.fromEntries(report.tables.map((one: Json) => [one.table, one.rows]));
  expect(rows).toMatchObject({
    experiments: 1,
    runs: RUNS / 2,
    params: RUNS / 2,
    metric_history: (RUNS / 2) * (POINTS + 1),
    artifacts: RUNS / 2,
  });
  expect(rows).not.toHaveProperty('models');
  expect(report.artifacts.files).toBe(RUNS / 2);
  const unknown = await scenario.mw(['export', out('none'), '--experiment', 'nobody']);
  expect({ code: unknown.code, err: unknown.err }).toMatchObject({ err: expect.stringContaining('MW-NOT-FOUND') });
  expect(existsSync(out('none'))).toBe(false);
}, 60_000);

test('a folder with something in it is left alone, and nothing half stays anywhere', async () => {
  mkdirSync(out('mine'));
  writeFileSync(join(out('mine'), 'thesis.txt'), 'years');
  const refused = await scenario.mw(['export', out('mine')]);
  expect(refused.code).not.toBe(0);
  expect(refused.err).toContain('MW-STATE');
  expect(readdirSync(out('mine'))).toEqual(['thesis.txt']);
  expect((await scenario.mw(['export', join(out('mine'), 'thesis.txt')])).err).toContain('MW-STATE');
  expect((await scenario.mw(['export', out('odd'), '--format', 'xlsx'])).err).toContain('MW-USAGE');
  // Stopped in the middle.
  const stopped = spawn(process.execPath, [MAIN, 'export', out('late'), '--home', scenario.home, '--format', 'csv']);
  await until('the folder beside', () => readdirSync(scenario.root).some((name) => name.startsWith('.late.')));
  stopped.kill('SIGINT');
  await once(stopped, 'exit');
  expect(stopped.exitCode === 0).toBe(existsSync(out('late')));
  mkdirSync(out('empty'));
  expect((await scenario.mw(['export', out('empty')])).code).toBe(0);
  expect(readdirSync(scenario.root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
}, 60_000);

test('mw runs --csv: every run with its metrics and params as columns', async () => {
  const { out: text } = await scenario.mw(['runs', '--csv', '--order', 'attributes.start_time ASC']);
  const lines = text.trimEnd().split('\n');
  expect(lines[0]).toBe('id,name,experiment,status,user,start,end,metrics.broken,metrics.loss,params.lr');
  expect(lines).toHaveLength(RUNS + 1);
  expect(lines[1]).toMatch(/^[0-9a-f]{32},run 0,plain,RUNNING,.*,NaN,.*,"=1,""x"""$/);
  expect((await scenario.mw(['runs', '--csv', '--limit', '3'])).out.trimEnd().split('\n')).toHaveLength(4);
}, 60_000);
