/** Copies between real databases of all three engines. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMariadb, startPostgres } from '../../../test/databases/real-databases.ts';
import { event, project, version } from '../../testing/metadata-samples.ts';
import { copyMetadata, openMetadata } from './index.ts';

const [postgres, mariadb] = await Promise.all([startPostgres(), startMariadb()]);
if (postgres === undefined || mariadb === undefined) {
  console.log(
    'NOT RUN: copies between engines; install them: apt-get install -y --no-install-recommends postgresql mariadb-server',
  );
}

const quiet = (): void => undefined;
const EXTREME = [Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, -0, 0.1, 1 / 3, Number.NaN, 123_456_789.123_456_79];
const TEXT = 'é 한국어 🦩 \\ \\% \'";-- \u2028 trailing space ';

let folder: string;
let source: string;

async function fill(url: string): Promise<void> {
  const store = await openMetadata(url);
  const made = { lifecycle: 'active', createdAt: 1, updatedAt: 2, tags: { [TEXT.trim()]: TEXT } } as const;
  const { id } = await store.tracking.createExperiment({ ...made, name: 'flights' });
  const gone = await store.tracking.createExperiment({ ...made, name: 'gone' });
  await store.tracking.createRun(
    { id: 'r1', experimentId: id, name: TEXT, userId: 'ada', status: 'RUNNING', startTime: 5, lifecycle: 'active' },
    {},
  );
  await store.tracking.logBatch('r1', {
    metrics: [
      ...EXTREME.map((value, step) => ({ key: 'extreme', value, step, timestamp: 2 ** 52 + step })),
      ...Array.from({ length: 3000 }, (_, step) => ({
        key: 'long',
        value: Math.sin(step),
        step: step - 1500,
        timestamp: step,
      })),
    ],
    params: [
      { key: 'long', value: 'x'.repeat(500_000) },
      { key: 'empty', value: '' },
    ],
    tags: [{ key: 'odd', value: TEXT }],
  });
  await store.versions.insert(
    version('m', 1, { metrics: { loss: { value: Number.NaN }, worse: { value: -Infinity } } }),
  );
  await store.projects.insert(project('p', TEXT.repeat(10_000)));
  await store.transaction(async (tx) => {
    for (let index = 0; index < 300; index += 1) await tx.events.append(event(`e${index}`));
    await tx.events.advance('handler', 7);
    await tx.jobs.add({ id: 'j', queue: 'q', payload: TEXT, at: 1 });
    await tx.counter('runs');
    await tx.counter('runs');
  });
  await store.close();
  // A number that was given and is gone may not be given again, wherever the data goes.
  const db = new DatabaseSync(url.slice('sqlite://'.length));
  db.exec(`delete from experiments where id = ${gone.id}`);
  db.exec(`delete from experiment_tags where experiment_id = ${gone.id}`);
  db.close();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-copy-'));
  source = `sqlite://${join(folder, 'source.db')}`;
  await fill(source);
});

afterAll(async () => {
  await postgres?.stop();
  await mariadb?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('copying metadata', () => {
  it.skipIf(postgres === undefined || mariadb === undefined)(
    'sqlite -> postgres -> mysql -> sqlite keeps every row, byte for byte, and goes on counting',
    { timeout: 120_000 },
    async () => {
      const stations = [
        source,
        (await postgres?.database('station')) ?? '',
        (await mariadb?.database('station')) ?? '',
        `sqlite://${join(folder, 'back.db')}`,
      ];
      const reports = [];
      for (let leg = 0; leg < 3; leg += 1) {
        const seen: string[] = [];
        reports.push(
          await copyMetadata(stations[leg] ?? '', stations[leg + 1] ?? '', ({ phase, table }) =>
            seen.push(`${phase} ${table}`),
          ),
        );
        expect(new Set(seen).size).toBe((reports[leg]?.length ?? 0) * 2);
      }
      const sorted = reports.map((report) => report.toSorted((a, b) => (a.table < b.table ? -1 : 1)));
      expect(sorted[1]).toEqual(sorted[0]);
      expect(sorted[2]).toEqual(sorted[0]);
      const rows = new Map(sorted[0]?.map((table) => [table.table, table.rows]));
      expect(rows.get('events')).toBe(300);
      expect(rows.get('experiments')).toBe(2);
      expect(rows.has('schema_version')).toBe(false);

      const answers = [];
      for (const url of stations) {
        const store = await openMetadata(url);
        answers.push({
          run: await store.tracking.getRun('r1'),
          history: await store.tracking.metricHistory('r1', 'extreme', { limit: 100, offset: 0 }),
          long: await store.tracking.metricHistory('r1', 'long', { limit: 5000, offset: 0 }),
          version: await store.versions.get('m/1'),
          project: await store.projects.get('p'),
          events: await store.events.find({ limit: 1000 }),
          job: await store.jobs.list('q'),
          cursor: await store.events.cursor('handler'),
          counter: await store.counter('runs'),
          nextEvent: (await store.events.append(event('next'))).seq,
          nextExperiment: (
            await store.tracking.createExperiment({
              name: 'new',
              lifecycle: 'active',
              createdAt: 9,
              updatedAt: 9,
              tags: {},
            })
          ).id,
        });
        await store.close();
      }
      expect(answers[0]).toMatchObject({ cursor: 7, counter: 3, nextEvent: 301, nextExperiment: '3' });
      expect(answers[0]?.history.map(({ value }) => value)).toEqual(EXTREME);
      for (const answer of answers.slice(1)) expect(answer).toEqual(answers[0]);
    },
  );

  it('refuses a target that holds something, a source that is not there and one of another version', async () => {
    const full = `sqlite://${join(folder, 'full.db')}`;
    await fill(full);
    await expect(copyMetadata(source, full, quiet)).rejects.toMatchObject({ code: 'MW-STATE', where: '--to' });
    const store = await openMetadata(full);
    expect(await store.projects.count()).toBe(1);
    await store.close();
    const none = `sqlite://${join(folder, 'none.db')}`;
    await expect(copyMetadata(none, `sqlite://${join(folder, 'x.db')}`, quiet)).rejects.toMatchObject({
      code: 'MW-NOT-FOUND',
    });
    const db = new DatabaseSync(join(folder, 'full.db'));
    db.exec('delete from schema_version where number = (select max(number) from schema_version)');
    db.close();
    await expect(copyMetadata(full, `sqlite://${join(folder, 'y.db')}`, quiet)).rejects.toMatchObject({
      code: 'MW-STATE',
      where: '--from',
    });
  });

  it('killed half-way leaves a target that nobody opens, and says what to do', { timeout: 60_000 }, async () => {
    const to = `sqlite://${join(folder, 'killed.db')}`;
    const script = fileURLToPath(new URL('../../../test/databases/copy-run.ts', import.meta.url));
    const child = spawn(process.execPath, [script, source, to], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('copy events 50')) child.kill('SIGKILL');
    });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    const refused = { code: 'MW-STATE', next: expect.stringContaining('run mw migrate-store again') };
    await expect(openMetadata(to)).rejects.toMatchObject(refused);
    await expect(copyMetadata(source, to, quiet)).rejects.toMatchObject(refused);
    await expect(copyMetadata(to, `sqlite://${join(folder, 'z.db')}`, quiet)).rejects.toMatchObject(refused);
    await Promise.all(['', '-wal', '-shm'].map((ending) => rm(join(folder, `killed.db${ending}`), { force: true })));
    expect((await copyMetadata(source, to, quiet)).find(({ table }) => table === 'projects')?.rows).toBe(1);
  });

  it('tells a difference: a row that changes on its way is found', async () => {
    const to = `sqlite://${join(folder, 'changed.db')}`;
    let done = false;
    const spoiled = copyMetadata(source, to, ({ phase }) => {
      if (phase !== 'verify' || done) return;
      done = true;
      const db = new DatabaseSync(join(folder, 'changed.db'));
      db.exec(`update params set value = 'other' where key = 'empty'`);
      db.close();
    });
    await expect(spoiled).rejects.toMatchObject({
      code: 'MW-STATE',
      message: expect.stringContaining('params is not equal'),
    });
    await expect(openMetadata(to)).rejects.toMatchObject({ code: 'MW-STATE' });
  });
});
