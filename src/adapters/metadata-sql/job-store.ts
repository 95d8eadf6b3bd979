/** Leased jobs in SQL. Every change names the fence it was claimed with, in the same statement that makes it. */
import type { CoreDb, JobRow } from './tables.ts';
import type { SqlEngine } from './engine.ts';
import { atomically } from './atomically.ts';
import type { Job, JobStore } from '../../ports/metadata-store.ts';

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    createdAt: row.created_at,
    queue: row.queue,
    payload: row.payload,
    state: row.state as Job['state'],
    ...(row.owner === null ? {} : { owner: row.owner }),
    fence: row.fence,
    ...(row.lease_until === null ? {} : { leaseUntil: row.lease_until }),
  };
}

export function sqlJobStore(db: CoreDb, engine: SqlEngine): JobStore {
  /** True when the caller still holds the lease and the change was made. */
  async function change(id: string, fence: number, values: Partial<JobRow>): Promise<boolean> {
    const done = await db
      .updateTable('jobs')
      .set(values)
      .where('id', '=', id)
      .where('fence', '=', fence)
      .where('state', '=', 'leased')
      .executeTakeFirst();
    return done.numUpdatedRows === 1n;
  }

  return {
    async add({ id, queue, payload, at }) {
      await db
        .insertInto('jobs')
        .values({ id, created_at: at, queue, payload, state: 'ready', owner: null, fence: 0, lease_until: null })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    claim(queue, owner, now, leaseMs) {
      return atomically(db, async (tx) => {
        let select = tx
          .selectFrom('jobs')
          .selectAll()
          .where('queue', '=', queue)
          .where((where) =>
            where.or([
              where('state', '=', 'ready'),
              where.and([where('state', '=', 'leased'), where('lease_until', '<=', now)]),
            ]),
          )
          .orderBy('created_at')
          .orderBy('id')
          .limit(1);
        if (engine.lockRow !== undefined) select = select.modifyEnd(engine.lockRow);
        const found = await select.executeTakeFirst();
        if (found === undefined) return undefined;
        const claimed: JobRow = {
          ...found,
          state: 'leased',
          owner,
          fence: found.fence + 1,
          lease_until: now + leaseMs,
        };
        await tx
          .updateTable('jobs')
          .set({ state: claimed.state, owner, fence: claimed.fence, lease_until: claimed.lease_until })
          .where('id', '=', found.id)
          .execute();
        return toJob(claimed);
      });
    },

    heartbeat: (id, fence, now, leaseMs) => change(id, fence, { lease_until: now + leaseMs }),
    finish: (id, fence) => change(id, fence, { state: 'done', lease_until: null }),
    release: (id, fence) => change(id, fence, { state: 'ready', owner: null, lease_until: null }),

    async list(queue) {
      const rows = await db
        .selectFrom('jobs')
        .selectAll()
        .where('queue', '=', queue)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toJob);
    },
  };
}
