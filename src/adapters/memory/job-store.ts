/** Leased jobs in memory. */
import type { Job, JobStore } from '../../ports/metadata-store.ts';
import type { Write } from './documents.ts';
import type { Space } from './shelf.ts';

const byAge = (a: Job, b: Job): number => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);

export function memoryJobStore(space: Space, write: Write): JobStore {
  /** False when the caller no longer holds the lease. */
  function change(id: string, fence: number, next: (job: Job) => Job): Promise<boolean> {
    return write((target) => {
      const shelf = target.shelf<Job>('jobs');
      const job = shelf.get(id);
      if (job === undefined || job.state !== 'leased' || job.fence !== fence) return false;
      shelf.set(id, next(job));
      return true;
    });
  }

  function unleased({ id, createdAt, queue, payload, fence }: Job): Omit<Job, 'state'> {
    return { id, createdAt, queue, payload, fence };
  }

  return {
    add({ id, queue, payload, at }) {
      return write((target) => {
        const shelf = target.shelf<Job>('jobs');
        if (shelf.get(id) === undefined) shelf.set(id, { id, createdAt: at, queue, payload, state: 'ready', fence: 0 });
      });
    },

    claim(queue, owner, now, leaseMs) {
      return write((target) => {
        const shelf = target.shelf<Job>('jobs');
        const [job] = [...shelf.values()]
          .filter((one) => one.queue === queue)
          .filter((one) => one.state === 'ready' || (one.state === 'leased' && (one.leaseUntil ?? 0) <= now))
          .sort(byAge);
        if (job === undefined) return undefined;
        const claimed: Job = { ...job, state: 'leased', owner, fence: job.fence + 1, leaseUntil: now + leaseMs };
        shelf.set(job.id, claimed);
        return claimed;
      });
    },

    heartbeat: (id, fence, now, leaseMs) => change(id, fence, (job) => ({ ...job, leaseUntil: now + leaseMs })),
    finish: (id, fence) =>
      change(id, fence, (job) => ({
        ...unleased(job),
        ...(job.owner === undefined ? {} : { owner: job.owner }),
        state: 'done',
      })),
    release: (id, fence) => change(id, fence, (job) => ({ ...unleased(job), state: 'ready' })),
    list: async (queue) => [...space.shelf<Job>('jobs').values()].filter((job) => job.queue === queue).sort(byAge),
  };
}
