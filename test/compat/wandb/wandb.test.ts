/** The unmodified wandb client against a server that asks for a token: online, offline and synced, resumed, and at the end of a bad run. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask, createScenario, type Json, type Scenario } from '../../scenarios/scenario.ts';
import { pythonWithMlflow } from '../mlflow/python-client.ts';

const run = promisify(execFile);
const REQUIREMENTS = ['wandb==0.31.0', 'numpy', 'pillow'];
const TOKEN = 'a-token-of-more-than-forty-characters-for-wandb';

const client = await pythonWithMlflow(REQUIREMENTS);
if ('missing' in client) console.log(`NOT RUN: the wandb client (${REQUIREMENTS.join(', ')}): ${client.missing}`);

describe.runIf('python' in client)('the wandb client', { timeout: 180_000 }, () => {
  const python = 'python' in client ? client.python : '';
  let scenario: Scenario;
  let url: string;
  let folder: string;

  beforeAll(async () => {
    scenario = await createScenario('wandb');
    url = (await scenario.start({ env: { MILLWRIGHT_TOKEN: TOKEN, MILLWRIGHT_REQUIRE_TOKEN: 'true' } })).url;
    folder = await mkdtemp(join(tmpdir(), 'mw-wandb-'));
  });

  afterAll(async () => {
    await scenario.end();
    await rm(folder, { recursive: true, force: true });
  });

  const get = (path: string): Promise<Answer> => ask(url, path, { headers: { authorization: `Bearer ${TOKEN}` } });

  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    WANDB_BASE_URL: url,
    WANDB_API_KEY: TOKEN,
    WANDB_DIR: folder,
    WANDB_SILENT: 'true',
    HOME: folder,
  });

  const script = (name: string, ...args: readonly string[]) =>
    run(python, [join(import.meta.dirname, name), ...args], { cwd: folder, env: env() });

  async function found(name: string): Promise<Json> {
    const filter = encodeURIComponent(`attributes.run_name = '${name}'`);
    const { json } = await get(`/api/v1/runs?filter=${filter}`);
    expect(json.runs).toHaveLength(1);
    return json.runs[0];
  }

  it('records curves, config, summary, system metrics, log, media, tables and an artifact', async () => {
    const { stdout } = await script('online.py');
    expect(stdout).toContain('run ');
    const first = await found('first');
    expect(first).toMatchObject({
      experiment: 'vision',
      status: 'FINISHED',
      user: 'admin',
      params: { lr: '0.1', 'opt.name': 'adam', 'opt.betas': '[0.9,0.99]' },
      metrics: { loss: 1 / 30, 'acc.train': 29 / 30, 'odd key ___': 29, best: 0.9, nan: 'NaN', inf: 'Infinity' },
      tags: {
        'wandb.tags': 'a, b',
        'mlflow.note.content': 'some notes',
        'wandb.summary.word': 'hi',
        // Params do not change in tracking; what the client changed later stands beside them.
        'wandb.config.lr': '0.2',
      },
    });
    expect(Object.keys(first.metrics).filter((key) => key.startsWith('system/')).length).toBeGreaterThan(5);
    const history = await get(`/api/v1/runs/${first.id}/history?key=loss`);
    expect(history.json.points.map((point: Json) => point.step)).toEqual(Array.from({ length: 30 }, (_, i) => i));

    const files = await get(`/api/v1/runs/${first.id}/artifacts`);
    expect(files.json.artifacts.map((file: Json) => file.path)).toEqual(
      expect.arrayContaining([
        'artifacts',
        'config.yaml',
        'media',
        'output.log',
        'requirements.txt',
        'wandb-metadata.json',
      ]),
    );
    const log = await get(`/api/v1/runs/${first.id}/preview?path=output.log`);
    expect(log.json.preview.text).toBe('hello log\n');
    const table = await get(`/api/v1/runs/${first.id}/artifacts?path=media/table`);
    expect(table.json.artifacts).toHaveLength(1);
    const artifact = await get(`/api/v1/runs/${first.id}/artifacts?path=artifacts/weights-v0`);
    expect(artifact.json.artifacts.map((file: Json) => file.path)).toEqual(
      [
        'artifacts/weights-v0/deep',
        'artifacts/weights-v0/wandb_manifest.json',
        'artifacts/weights-v0/weights.txt',
      ].toSorted(),
    );
    const { json } = await get(`/api/v1/runs/${first.id}`);
    expect(json.outputs).toMatchObject([{ name: 'weights', status: 'LOGGED_MODEL_READY' }]);
  });

  it('a run recorded offline is synced, once; then resumed, and failed by its exit code', async () => {
    await script('offline.py', folder);
    const [offline = ''] = (await readdir(join(folder, 'wandb'))).filter((name) => name.startsWith('offline-run-'));
    const sync = ['-m', 'wandb', 'sync', join(folder, 'wandb', offline)];
    await run(python, sync, { cwd: folder, env: env() });
    const before = await found('offline one');
    expect(before).toMatchObject({ status: 'FINISHED', params: { a: '1' }, metrics: { loss: 19 } });
    const points = async (): Promise<readonly number[]> => {
      const history = await get(`/api/v1/runs/${before.id}/history?key=loss`);
      expect(history.json.points.every((point: Json) => point.step === point.value)).toBe(true);
      return history.json.points.map((point: Json) => point.value);
    };
    expect(await points()).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await expect(script('resume.py')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the training broke'),
    });
    expect(await points()).toEqual(Array.from({ length: 25 }, (_, i) => i));
    expect((await found('offline one')).status).toBe('FAILED');
    // Sent once more, nothing is there twice.
    await run(python, [...sync, '--include-synced'], { cwd: folder, env: env() });
    expect(await points()).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  it('refuses who has no token, an address that was changed, a gap in a stream, and what it does not know', async () => {
    const body = JSON.stringify({ query: 'query Viewer { viewer { id } }' });
    const json = { 'content-type': 'application/json' };
    const authorized = { ...json, authorization: `Basic ${Buffer.from(`api:${TOKEN}`).toString('base64')}` };
    expect((await ask(url, '/graphql', { method: 'POST', headers: json, body })).status).toBe(401);
    const sweep = JSON.stringify({ query: 'mutation UpsertSweep { upsertSweep { id } }' });
    const unknown = await ask(url, '/graphql', { method: 'POST', headers: authorized, body: sweep });
    expect(unknown.json).toMatchObject({ data: null, errors: [{ message: expect.stringContaining('UpsertSweep') }] });

    const upsert = (variables: Json, query = 'mutation UpsertBucket { x }'): Promise<Answer> =>
      ask(url, '/graphql', { method: 'POST', headers: authorized, body: JSON.stringify({ query, variables }) });
    expect((await upsert({ name: 'x/../y', project: 'p' })).status).toBe(400);
    expect((await upsert({ name: 'gap', project: 'p' })).json.data.upsertBucket.inserted).toBe(true);
    const stream = (offset: number, line: string): Promise<Answer> =>
      ask(url, '/files/admin/p/gap/file_stream', {
        method: 'POST',
        headers: authorized,
        body: JSON.stringify({ files: { 'wandb-history.jsonl': { offset, content: [line] } } }),
      });
    expect((await stream(5, '{"_step":5,"a":1}')).status).toBe(409);
    expect((await stream(0, 'not json')).status).toBe(400);
    expect((await stream(0, '{"_step":0,"a":1}')).status).toBe(200);
    expect((await stream(0, '{"_step":0,"a":1}')).status).toBe(200);
    // The line that came twice was counted once: the next one is the second, and the one after it would leave a gap.
    expect((await stream(2, '{"_step":2,"a":3}')).status).toBe(409);
    expect((await stream(1, '{"_step":1,"a":2}')).status).toBe(200);

    const files = { entity: 'admin', project: 'p', run: 'gap', files: ['a.txt'] };
    const made = await upsert(files, 'mutation CreateRunFiles { x }');
    const address = new URL(made.json.data.createRunFiles.files[0].uploadUrl);
    const put = (path: string): Promise<Answer> => ask(url, path, { method: 'PUT', body: 'text' });
    expect((await put(`${address.pathname}${address.search}`)).status).toBe(200);
    address.searchParams.set('what', JSON.stringify(['admin/p/gap', 'b.txt']));
    expect((await put(`${address.pathname}${address.search}`)).status).toBe(403);
    address.searchParams.set('what', 'x');
    expect((await put(`${address.pathname}${address.search}`)).status).toBe(400);
  });
});
