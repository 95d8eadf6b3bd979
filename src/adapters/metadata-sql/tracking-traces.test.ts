import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { expect, it } from 'vitest';
import { parseTraceFilter } from '../../domain/trace-filter.ts';
import { openMetadata } from './index.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/list.ts';
import { sqliteEngine } from './sqlite-engine.ts';

it('opens the traces of an older database, whose descriptions were kept as the client sent them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mw-old-traces-'));
  const file = join(folder, 'millwright.db');
  try {
    const engine = sqliteEngine(file);
    const db = new Kysely<unknown>({ dialect: engine.dialect });
    const before = MIGRATIONS.findIndex((one) => one.name === '0005-traces');
    await migrate(db, engine, MIGRATIONS.slice(0, before));
    await db.destroy();
    await engine.closed();
    const raw = new DatabaseSync(file);
    const insert = raw.prepare('insert into traces (id, experiment_id, request_time, info) values (?, 0, ?, ?)');
    const described = {
      trace_id: 'tr-1',
      state: 'ERROR',
      execution_duration: '1.5s',
      client_request_id: 'mine',
      request_preview: 'in',
      trace_metadata: { 'mlflow.sourceRun': 'run-1', count: 3 },
      tags: { 'mlflow.traceName': 'chat', team: 'air' },
    };
    insert.run('tr-1', 10, JSON.stringify(described));
    for (let i = 0; i < 450; i += 1) insert.run(`tr-x${i}`, 20 + i, '{}');
    raw.close();

    const store = await openMetadata(`sqlite://${file}`);
    expect(await store.tracking.getTrace('tr-1')).toEqual({
      id: 'tr-1',
      experimentId: '0',
      requestTime: 10,
      durationMs: 1500,
      state: 'ERROR',
      name: 'chat',
      clientRequestId: 'mine',
      requestPreview: 'in',
      metadata: { 'mlflow.sourceRun': 'run-1', count: '3' },
      tags: { 'mlflow.traceName': 'chat', team: 'air' },
      assessments: [],
      spanCount: 0,
    });
    const found = async (filter: string): Promise<number> =>
      store.tracking.countTraces({ experimentIds: ['0'], filter: parseTraceFilter(filter) });
    expect(await found('')).toBe(451);
    expect(await found("run_id = 'run-1' AND tags.team = 'air' AND trace.status = 'ERROR'")).toBe(1);
    expect(await found("trace.status = 'STATE_UNSPECIFIED'")).toBe(450);
    await store.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
