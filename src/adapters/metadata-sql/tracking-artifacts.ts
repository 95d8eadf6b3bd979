/** Which blob an owner's path names. */
import { sql } from 'kysely';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import type { SqlEngine } from './engine.ts';
import type { TrackingDb } from './tracking-tables.ts';

type ArtifactRows = Pick<TrackingStore, 'putArtifact' | 'getArtifact' | 'listArtifacts' | 'deleteArtifacts'>;

/** `path` itself and what lies below: `0` is the character after `/`, so the range is exactly the names that begin with `path/`. */
function at(path: string) {
  if (path === '') return sql<boolean>`1 = 1`;
  return sql<boolean>`(path = ${path} or (path >= ${`${path}/`} and path < ${`${path}0`}))`;
}

export function sqlArtifactRows(db: TrackingDb, engine: SqlEngine): ArtifactRows {
  return {
    async putArtifact(owner, { path, digest, bytes }) {
      const row = { owner_kind: owner.kind, owner_id: owner.id, path, digest, bytes };
      const replaced = { key: ['owner_kind', 'owner_id', 'path'], set: ['digest', 'bytes'] };
      await engine.upsert(db.insertInto('artifacts').values(row), replaced).execute();
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
  };
}
