import type { Kysely } from 'kysely';

/** Runs `work` in the transaction `db` already is, or in one of its own: for methods that take more than one statement. */
export function atomically<Tables, T>(db: Kysely<Tables>, work: (tx: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}
