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
      const fresh: JobRow = {
        id,
        created_at: at,
        queue,
        payload,
        state: 'ready',
        owner: null,
        fence: 0,
        lease_until: null,
      };
      await engine.insertAbsent(db.insertInto('jobs').values(fresh), 'id').execute();
    },

    claim(queue, owner, now, leaseMs) {
      /** The oldest job that may be had, taken; `lost` when another worker was faster on an engine whose selects lock nothing. */
      const take = async (tx: CoreDb): Promise<Job | 'lost' | undefined> => {
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
        if (engine.lockFree !== undefined) select = select.modifyEnd(engine.lockFree);
        const found = await select.executeTakeFirst();
        if (found === undefined) return undefined;
        const claimed: JobRow = {
          ...found,
          state: 'leased',
          owner,
          fence: found.fence + 1,
          lease_until: now + leaseMs,
        };
        const done = await tx
          .updateTable('jobs')
          .set({ state: claimed.state, owner, fence: claimed.fence, lease_until: claimed.lease_until })
          .where('id', '=', found.id)
          // Every claim raises the fence, so nobody else has had it in the meantime.
          .where('fence', '=', found.fence)
          .where('state', '=', found.state)
          .executeTakeFirst();
        return done.numUpdatedRows === 1n ? toJob(claimed) : 'lost';
      };
      return atomically(db, async (tx) => {
        for (;;) {
          const taken = await take(tx);
          if (taken !== 'lost') return taken;
        }
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
