import { sql } from 'kysely';
import { experimentExists, experimentNotFound } from '../../domain/tracking.ts';
import type { Experiment } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { atomically } from './atomically.ts';
import type { SqlEngine, SqlPhrases } from './engine.ts';
import { orderOf, viewCondition, whereOf } from './tracking-conditions.ts';
import type { Searchable } from './tracking-conditions.ts';
import { groups, toExperimentNumber } from './tracking-tables.ts';
import type { ExperimentRow, TrackingDb } from './tracking-tables.ts';

type ExperimentStore = Pick<
  TrackingStore,
  | 'createExperiment'
  | 'getExperiment'
  | 'getExperimentByName'
  | 'updateExperiment'
  | 'searchExperiments'
  | 'setExperimentTag'
  | 'deleteExperimentTag'
>;

type Row = Omit<ExperimentRow, 'id'> & { readonly id: number };

const searchable = (phrases: SqlPhrases): Searchable => ({
  attributes: {
    name: sql.ref('experiments.name'),
    experiment_id: phrases.asText(sql.ref('experiments.id')),
    creation_time: sql.ref('experiments.created_at'),
    last_update_time: sql.ref('experiments.updated_at'),
  },
  entries: (_entity, key) =>
    sql`from experiment_tags as e where e.experiment_id = experiments.id and ${sql.ref('e.key')} = ${key}`,
});

async function withTags(db: TrackingDb, rows: readonly Row[]): Promise<readonly Experiment[]> {
  const tags = new Map<number, Record<string, string>>();
  for (const ids of groups(rows.map((row) => row.id))) {
    const found = await db
      .selectFrom('experiment_tags')
      .selectAll()
      .where('experiment_id', 'in', ids)
      .orderBy('key')
      .execute();
    for (const { experiment_id, key, value } of found) {
      const entries = tags.get(experiment_id) ?? {};
      entries[key] = value;
      tags.set(experiment_id, entries);
    }
  }
  return rows.map((row) => ({
    id: String(row.id),
    name: row.name,
    lifecycle: row.lifecycle,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    tags: tags.get(row.id) ?? {},
  }));
}

async function find(db: TrackingDb, id: string): Promise<Experiment | undefined> {
  const row = await db
    .selectFrom('experiments')
    .selectAll()
    .where('id', '=', toExperimentNumber(id))
    .executeTakeFirst();
  return row === undefined ? undefined : (await withTags(db, [row]))[0];
}

export function sqlExperiments(db: TrackingDb, engine: SqlEngine): ExperimentStore {
  const of = searchable(engine);
  return {
    createExperiment: (experiment) =>
      atomically(db, async (tx) => {
        const { name, lifecycle, createdAt, updatedAt, tags } = experiment;
        const row = { name, lifecycle, created_at: createdAt, updated_at: updatedAt };
        const id = await engine.insertNumbered(tx.insertInto('experiments').values(row), 'id');
        if (id === undefined) throw experimentExists(name);
        const entries = Object.entries(tags).map(([key, value]) => ({ experiment_id: id, key, value }));
        if (entries.length > 0) await tx.insertInto('experiment_tags').values(entries).execute();
        return { ...experiment, id: String(id) };
      }),
    getExperiment: (id) => find(db, id),
    async getExperimentByName(name) {
      const row = await db.selectFrom('experiments').selectAll().where('name', '=', name).executeTakeFirst();
      return row === undefined ? undefined : (await withTags(db, [row]))[0];
    },
    updateExperiment: (id, change) =>
      atomically(db, async (tx) => {
        const before = await find(tx, id);
        if (before === undefined) throw experimentNotFound(id);
        const { name, lifecycle, updatedAt } = change;
        if (name !== undefined && name !== before.name) {
          const taken = await tx.selectFrom('experiments').select('id').where('name', '=', name).executeTakeFirst();
          if (taken !== undefined) throw experimentExists(name);
        }
        const number = toExperimentNumber(id);
        await tx
          .updateTable('experiments')
          .set({ name: name ?? before.name, lifecycle: lifecycle ?? before.lifecycle, updated_at: updatedAt })
          .where('id', '=', number)
          .execute();
        if (lifecycle !== undefined && lifecycle !== before.lifecycle) {
          // A run that was deleted before keeps the moment at which that was; restoring the experiment brings all of them back.
          const runs = tx.updateTable('runs').where('experiment_id', '=', number).where('lifecycle', '!=', lifecycle);
          const deleted_at = lifecycle === 'deleted' ? updatedAt : null;
          await runs.set({ lifecycle, deleted_at }).execute();
        }
        return { ...before, name: name ?? before.name, lifecycle: lifecycle ?? before.lifecycle, updatedAt };
      }),
    async searchExperiments({ view, filter, order, limit, offset }) {
      const last =
        order.length === 0 ? [sql`experiments.created_at desc`, sql`experiments.id asc`] : [sql`experiments.id asc`];
      const rows = await db
        .selectFrom('experiments')
        .selectAll()
        .where(viewCondition('experiments.lifecycle', view))
        .where(whereOf(engine, of, filter))
        .orderBy(sql`${sql.join(orderOf(of, order, last))}`)
        .limit(limit)
        .offset(offset)
        .execute();
      return withTags(db, rows);
    },
    setExperimentTag: (id, key, value) =>
      atomically(db, async (tx) => {
        if ((await find(tx, id)) === undefined) throw experimentNotFound(id);
        const tag = { experiment_id: toExperimentNumber(id), key, value };
        const how = { key: ['experiment_id', 'key'], set: ['value'] };
        await engine.upsert(tx.insertInto('experiment_tags').values(tag), how).execute();
      }),
    async deleteExperimentTag(id, key) {
      const done = await db
        .deleteFrom('experiment_tags')
        .where('experiment_id', '=', toExperimentNumber(id))
        .where('key', '=', key)
        .executeTakeFirst();
      return done.numDeletedRows > 0n;
    },
  };
}
