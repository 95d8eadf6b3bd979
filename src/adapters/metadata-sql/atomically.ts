import type { Kysely } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import { retry } from '../../platform/retry.ts';

const AGAIN = {
  tries: 6,
  firstDelayMs: 10,
  maxDelayMs: 200,
  retriable: (error: unknown) => error instanceof TransactionClash,
};

/** The engine undid a transaction because of another one (a deadlock, a serialization failure): the same again may well succeed. */
export class TransactionClash extends MillwrightError {
  constructor(cause: unknown) {
    super('MW-CONFLICT', 'two changes of the metadata got into each other’s way', { next: 'try again', cause });
    this.name = 'TransactionClash';
  }
}

/**
 * Runs `work` in the transaction `db` already is, or in one of its own: for methods that take more than one statement. In one of its
 * own it is run again after a clash, so it must have no effect besides.
 */
export function atomically<Tables, T>(db: Kysely<Tables>, work: (tx: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : retry(() => db.transaction().execute(work), AGAIN);
}

/**
 * A transaction that no other one of this database runs beside, in any process: what it reads stays true until it commits. Engines with
 * pools read this level as "take the lock of writers alone" (pooled-driver.ts); SQLite has but one writer.
 */
export function alone<Tables, T>(db: Kysely<Tables>, work: (tx: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().setIsolationLevel('serializable').execute(work);
}
