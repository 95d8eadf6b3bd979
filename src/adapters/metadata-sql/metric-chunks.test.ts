/** A database from before points were packed opens, and shows the same histories. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RUN_GRAMMAR } from '../../domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../../domain/tracking-filter.ts';
import { openMetadata } from './index.ts';
import { pack, toPoints, unpack } from './metric-points.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/list.ts';
import { sqliteEngine } from './sqlite-engine.ts';

describe('the packing of points', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mw-chunks-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('moves what an older program wrote', async () => {
    const path = join(folder, 'old.db');
    const engine = sqliteEngine(path);
    const old = new Kysely<unknown>({ dialect: engine.dialect });
    await migrate(old, engine, MIGRATIONS.slice(0, 3));
    await old.destroy();
    const db = new DatabaseSync(path);
    const run = db.prepare(
      "insert into runs (id, experiment_id, name, user_id, status, start_time, lifecycle) values (?, 0, 'n', 'u', 'FINISHED', 1, 'active')",
    );
    for (const id of ['a', 'b']) run.run(id);
    const point = db.prepare(
      'insert into metrics (run_id, key, timestamp, step, is_nan, value) values (?, ?, ?, ?, ?, ?)',
    );
    db.exec('begin');
    for (let i = 0; i < 2500; i += 1) point.run('a', 'loss', 1000 + i, i, i === 7 ? 1 : 0, i === 7 ? 0 : i / 2);
    point.run('b', 'loss', 5, 0, 1, 0);
    const latest = db.prepare(
      'insert into latest_metrics (run_id, key, value, is_nan, timestamp, step) values (?, ?, ?, ?, ?, ?)',
    );
    latest.run('a', 'loss', 2499 / 2, 0, 3499, 2499);
    latest.run('b', 'loss', 0, 1, 5, 0);
    db.exec("insert into params (run_id, key, value) values ('a', 'depth', '4'), ('b', 'depth', '5')");
    db.exec(
      "insert into logged_model_metrics (model_id, run_id, key, dataset_name, dataset_digest, value, is_nan, timestamp, step) values ('m-1', 'a', 'auc', 'd', 'x', 0.5, 0, 9, 3)",
    );
    db.exec(
      "insert into logged_models (id, experiment_id, name, model_type, status, created_at, updated_at) values ('m-1', 0, 'n', '', 'LOGGED_MODEL_READY', 1, 1)",
    );
    db.exec('commit');
    db.close();

    const store = await openMetadata(`sqlite://${path}`);
    const { tracking } = store;
    const history = await tracking.metricHistory('a', 'loss', { limit: 10_000, offset: 0 });
    const expected = Array.from({ length: 2500 }, (_, i) => ({
      key: 'loss',
      value: i === 7 ? Number.NaN : i / 2,
      timestamp: 1000 + i,
      step: i,
    }));
    expect(history).toEqual(expected);
    expect(await tracking.metricKeys('a')).toEqual([{ key: 'loss', points: 2500 }]);
    // What is logged now joins what was moved: a repeat is known, and the latest goes on.
    await tracking.logBatch('a', {
      metrics: [...expected.slice(2490), { key: 'loss', value: 1, timestamp: 9999, step: 2500 }],
    });
    expect(await tracking.metricKeys('a')).toEqual([{ key: 'loss', points: 2501 }]);
    expect((await tracking.getRun('a'))?.metrics).toEqual([{ key: 'loss', value: 1, timestamp: 9999, step: 2500 }]);
    expect((await tracking.getRun('b'))?.metrics[0]?.value).toBeNaN();
    const found = await tracking.searchRuns({
      experimentIds: ['0'],
      view: 'ACTIVE_ONLY',
      filter: parseFilter("params.depth = '4'", RUN_GRAMMAR),
      order: parseOrder(['metrics.loss DESC'], RUN_GRAMMAR),
      limit: 10,
      offset: 0,
    });
    expect(found.map(({ info }) => info.id)).toEqual(['a']);
    expect((await tracking.getLoggedModel('m-1'))?.metrics).toEqual([
      {
        key: 'auc',
        value: 0.5,
        timestamp: 9,
        step: 3,
        modelId: 'm-1',
        runId: 'a',
        datasetName: 'd',
        datasetDigest: 'x',
      },
    ]);
    await store.close();
  });

  it('gives back the bytes of any driver', () => {
    const points = toPoints([
      { key: 'k', value: Number.NaN, timestamp: 2, step: -1 },
      { key: 'k', value: Number.MAX_VALUE, timestamp: 2, step: -1 },
      { key: 'k', value: Number.MAX_VALUE, timestamp: 2, step: -1 },
    ]);
    const bytes = pack(points);
    expect(bytes).toHaveLength(48);
    // A driver cuts the value out of a larger buffer, anywhere.
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(unpack(shifted.subarray(3))).toEqual(points);
    expect([...unpack(bytes).value]).toEqual([Number.MAX_VALUE, Number.NaN]);
  });
});
