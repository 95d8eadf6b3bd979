/** Which blob an owner's path names, and the traces that clients describe. */
import { sql } from 'kysely';
import type { TraceRecord } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { toExperimentNumber } from './tracking-tables.ts';
import type { TrackingDb } from './tracking-tables.ts';

type ArtifactRows = Pick<
  TrackingStore,
  'putArtifact' | 'getArtifact' | 'listArtifacts' | 'deleteArtifacts' | 'putTrace' | 'getTrace' | 'searchTraces'
>;

/** `path` itself and what lies below: `0` is the character after `/`, so the range is exactly the names that begin with `path/`. */
function at(path: string) {
  if (path === '') return sql<boolean>`1 = 1`;
  return sql<boolean>`(path = ${path} or (path >= ${`${path}/`} and path < ${`${path}0`}))`;
}

function toTrace(row: { id: string; experiment_id: number; request_time: number; info: string }): TraceRecord {
  return {
    id: row.id,
    experimentId: String(row.experiment_id),
    requestTime: row.request_time,
    info: JSON.parse(row.info) as TraceRecord['info'],
  };
}

export function sqlArtifactRows(db: TrackingDb): ArtifactRows {
  return {
    async putArtifact(owner, { path, digest, bytes }) {
      await db
        .insertInto('artifacts')
        .values({ owner_kind: owner.kind, owner_id: owner.id, path, digest, bytes })
        .onConflict((conflict) => conflict.columns(['owner_kind', 'owner_id', 'path']).doUpdateSet({ digest, bytes }))
        .execute();
    },
    getArtifact: (owner, path) =>
      db
        .selectFrom('artifacts')
        .select(['path', 'digest', 'bytes'])
        .where('owner_kind', '=', owner.kind)
        .where('owner_id', '=', owner.id)
        .where('path', '=', path)
        .executeTakeFirst(),
    listArtifacts: (owner, path) =>
      db
        .selectFrom('artifacts')
        .select(['path', 'digest', 'bytes'])
        .where('owner_kind', '=', owner.kind)
        .where('owner_id', '=', owner.id)
        .where(at(path))
        .orderBy('path')
        .execute(),
    async deleteArtifacts(owner, path) {
      const done = await db
        .deleteFrom('artifacts')
        .where('owner_kind', '=', owner.kind)
        .where('owner_id', '=', owner.id)
        .where(at(path))
        .executeTakeFirst();
      return Number(done.numDeletedRows);
    },
    async putTrace({ id, experimentId, requestTime, info }) {
      const columns = {
        experiment_id: toExperimentNumber(experimentId),
        request_time: requestTime,
        info: JSON.stringify(info),
      };
      await db
        .insertInto('traces')
        .values({ id, ...columns })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(columns))
        .execute();
    },
    async getTrace(id) {
      const row = await db.selectFrom('traces').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : toTrace(row);
    },
    async searchTraces(experimentIds, { limit, offset }) {
      if (experimentIds.length === 0) return [];
      const rows = await db
        .selectFrom('traces')
        .selectAll()
        .where('experiment_id', 'in', experimentIds.map(toExperimentNumber))
        .orderBy('request_time', 'desc')
        .orderBy('id')
        .limit(limit)
        .offset(offset)
        .execute();
      return rows.map(toTrace);
    },
  };
}
