/** Runs that were deleted before their moment was kept count as deleted now: the collector waits its full time for them too. */
import type { Kysely } from 'kysely';

interface Tables {
  readonly runs: { readonly lifecycle: string; readonly deleted_at: number | null };
}

export async function up(database: Kysely<unknown>): Promise<void> {
  const db = database as unknown as Kysely<Tables>;
  await db
    .updateTable('runs')
    .set({ deleted_at: Date.now() })
    .where('lifecycle', '=', 'deleted')
    .where('deleted_at', 'is', null)
    .execute();
}
