/** Transactions, the outbox, jobs and counters: what every metadata store promises about them. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetadataStore, Stores } from '../ports/metadata-store.ts';
import { auditEntry, event, project, token } from './metadata-samples.ts';
import { refusal } from './outcome.ts';

export function transactionCases(current: () => MetadataStore): void {
  describe('transactions', () => {
    it('undo everything when the work fails', async () => {
      const store = current();
      await store.projects.insert(project('kept', 'before'));
      const failing = store.transaction(async (tx) => {
        await tx.projects.update('kept', (doc) => ({ ...doc, file: 'after' }));
        await tx.projects.insert(project('new'));
        await tx.events.append(event('e'));
        await tx.events.advance('handler', 9);
        await tx.jobs.add({ id: 'j', queue: 'q', payload: '', at: 1 });
        await tx.counter('n');
        throw new Error('undo');
      });
      await expect(failing).rejects.toThrow('undo');
      expect(await store.projects.find()).toEqual([project('kept', 'before')]);
      expect(await store.events.find({})).toEqual([]);
      expect(await store.events.cursor('handler')).toBe(0);
      expect(await store.jobs.list('q')).toEqual([]);
      expect(await store.counter('n')).toBe(1);
    });

    it('give back the result of the work and see their own writes', async () => {
      const store = current();
      const seen = await store.transaction(async (tx) => {
        await tx.projects.insert(project('p'));
        const { seq } = await tx.events.append(event('e'));
        return { project: await tx.projects.get('p'), count: await tx.projects.count(), seq, n: await tx.counter('n') };
      });
      expect(seen).toEqual({ project: project('p'), count: 1, seq: 1, n: 1 });
    });

    it('reads outside see committed data only and do not wait for the writer', async () => {
      const store = current();
      await store.projects.insert(project('p', 'old'));
      const open = Promise.withResolvers<void>();
      const written = Promise.withResolvers<void>();
      const writing = store.transaction(async (tx) => {
        await tx.projects.update('p', (doc) => ({ ...doc, file: 'new' }));
        await tx.projects.insert(project('q'));
        await tx.events.append(event('e'));
        written.resolve();
        await open.promise;
      });
      await written.promise;
      const read = Promise.all([store.projects.get('p'), store.projects.count(), store.events.find({})]);
      const seen = await Promise.race([read, sleep(3_000).then(() => 'waited for the writer')]);
      open.resolve();
      await writing;
      expect(seen).toEqual([project('p', 'old'), 1, []]);
      expect((await store.projects.get('p'))?.file).toBe('new');
      expect(await store.projects.count()).toBe(2);
    });

    it('of many at once do not interleave and lose no update', async () => {
      const store = current();
      await store.projects.insert(project('p', '0'));
      await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          store.transaction(async (tx) => {
            const before = await tx.projects.get('p');
            await sleep(index % 3);
            const next = String(Number(before?.file) + 1);
            await tx.projects.update('p', (doc) => ({ ...doc, file: next }));
          }),
        ),
      );
      expect((await store.projects.get('p'))?.file).toBe('30');
    });

    it('see what they read stay true until they commit, whatever others write', async () => {
      const store = current();
      await store.projects.insert(project('p', 'first'));
      const begun = Promise.withResolvers<void>();
      // Hung up out here: inside the transaction it would be refused.
      const outside = begun.promise.then(() =>
        Promise.all([
          store.projects.update('p', (doc) => ({ ...doc, file: `${doc.file} outside` })),
          store.projects.insert(project('q')),
          store.counter('n'),
          store.jobs.add({ id: 'j', queue: 'q', payload: '', at: 1 }),
        ]),
      );
      await store.transaction(async (tx) => {
        const look = async () => [await tx.projects.get('p'), await tx.projects.count(), await tx.jobs.list('q')];
        const before = await look();
        begun.resolve();
        await sleep(60);
        expect(await look()).toEqual(before);
        await tx.projects.update('p', (doc) => ({ ...doc, file: `${doc.file} inside` }));
      });
      await outside;
      expect((await store.projects.get('p'))?.file).toBe('first inside outside');
      expect(await store.projects.count()).toBe(2);
    });

    it('of any mix of success and failure leave exactly what succeeded', async () => {
      const store = current();
      let round = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ writes: fc.integer({ min: 1, max: 4 }), fails: fc.boolean() }), { maxLength: 12 }),
          async (works) => {
            round += 1;
            const actor = `round-${round}`;
            const settled = await Promise.allSettled(
              works.map(({ writes, fails }, index) =>
                store.transaction(async (tx) => {
                  for (let n = 0; n < writes; n += 1) {
                    await tx.audit.insert(auditEntry(`${actor}-${index}-${n}`, n, actor));
                    await tx.counter(actor);
                    if (n % 2 === 0) await sleep(0);
                  }
                  if (fails) throw new Error('undo');
                }),
              ),
            );
            const expected = works.reduce((sum, { writes, fails }) => sum + (fails ? 0 : writes), 0);
            expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(
              works.filter(({ fails }) => fails).length,
            );
            expect(await store.audit.count({ actor })).toBe(expected);
            expect(await store.counter(actor)).toBe(expected + 1);
          },
        ),
        { numRuns: 15 },
      );
    });

    it('carry what clients log, too: unseen before the end, undone with the rest, and no other write is lost', async () => {
      const store = current();
      const experiment = (name: string) => ({
        name,
        lifecycle: 'active' as const,
        createdAt: 1,
        updatedAt: 1,
        tags: {},
      });
      const open = Promise.withResolvers<void>();
      const written = Promise.withResolvers<void>();
      const writing = store.transaction(async (tx) => {
        await tx.tracking.createExperiment(experiment('inside'));
        await tx.counter('n');
        written.resolve();
        await open.promise;
      });
      await written.promise;
      const outside = store.tracking.createExperiment(experiment('outside'));
      expect(await store.tracking.getExperimentByName('inside')).toBeUndefined();
      open.resolve();
      await Promise.all([writing, outside]);
      expect(await store.tracking.getExperimentByName('inside')).toMatchObject(experiment('inside'));
      expect(await store.tracking.getExperimentByName('outside')).toMatchObject(experiment('outside'));
      const failing = store.transaction(async (tx) => {
        await tx.tracking.createExperiment(experiment('undone'));
        throw new Error('undo');
      });
      await expect(failing).rejects.toThrow('undo');
      expect(await store.tracking.getExperimentByName('undone')).toBeUndefined();
    });

    it('refuse a write on the store itself inside one, instead of waiting for ever', async () => {
      const store = current();
      const inside = store.transaction(async (tx) => {
        await tx.counter('a');
        return store.counter('a');
      });
      expect(await refusal(inside)).toBe('MW-INTERNAL');
      const nested = store.transaction(async () => store.transaction(async (tx) => tx.counter('a')));
      expect(await refusal(nested)).toBe('MW-INTERNAL');
      // And nothing stays locked or half done.
      expect(await store.counter('a')).toBe(1);
    });

    it('cannot be written to once they are over', async () => {
      const store = current();
      let kept: Stores | undefined;
      await store.transaction(async (tx) => {
        kept = tx;
      });
      expect(await refusal(kept?.counter('late') ?? Promise.resolve())).not.toBe('accepted');
      expect(await store.counter('late')).toBe(1);
    });
  });

  describe('the outbox', () => {
    it('numbers events in the order of their commits and finds them by place, project and type', async () => {
      const store = current();
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.events.append(event(`e${index}`, `p${index % 2}`))),
      );
      const alert = await store.events.append({
        id: 'alert',
        type: 'alert.fired',
        at: 5,
        project: 'p0',
        actor: 'ann',
        cause: 'e1',
        data: { alertId: 'a', monitorId: 'm', text: 't' },
      });
      const all = await store.events.find({});
      expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
      expect(all.at(-1)).toEqual(alert);
      expect(alert).toMatchObject({ cause: 'e1', actor: 'ann', data: { text: 't' } });
      expect((await store.events.find({ after: 18 })).map(({ seq }) => seq)).toEqual([19, 20, 21]);
      expect((await store.events.find({ before: 3, order: 'newest' })).map(({ seq }) => seq)).toEqual([2, 1]);
      expect((await store.events.find({ after: 4, limit: 2 })).map(({ seq }) => seq)).toEqual([5, 6]);
      expect(await store.events.find({ project: 'p1' })).toHaveLength(10);
      expect(await store.events.find({ types: ['alert.fired', 'alert.resolved'] })).toEqual([alert]);
      expect(await store.events.find({ types: [] })).toEqual([]);
      expect(await refusal(store.events.find({ limit: 1_001 }))).toBe('MW-INVALID');
      expect(await refusal(store.events.append(event('e0')))).toBe('MW-EXISTS');
      expect(await store.events.find({})).toHaveLength(21);
    });

    it('an event that becomes visible later never has an earlier place', async () => {
      const store = current();
      let highest = 0;
      const stop = new AbortController();
      const watching = (async () => {
        const seen: number[] = [];
        while (!stop.signal.aborted || (await store.events.find({ after: highest })).length > 0) {
          for (const { seq } of await store.events.find({ after: highest })) {
            seen.push(seq);
            highest = seq;
          }
          await sleep(1);
        }
        return seen;
      })();
      await Promise.all(
        Array.from({ length: 25 }, (_, index) =>
          store.transaction(async (tx) => {
            await tx.events.append(event(`x${index}`));
            await sleep(index % 4);
            await tx.events.append(event(`y${index}`));
          }),
        ),
      );
      stop.abort();
      // A watcher that only ever asks for what is after the last place has missed nothing.
      expect(await watching).toHaveLength(50);
    });

    it('cursors never move back', async () => {
      const store = current();
      expect(await store.events.cursor('h')).toBe(0);
      await store.events.advance('h', 5);
      await store.events.advance('h', 3);
      expect(await store.events.cursor('h')).toBe(5);
      await Promise.all([9, 7, 8, 6].map((seq) => store.events.advance('h', seq)));
      expect(await store.events.cursor('h')).toBe(9);
      expect(await store.events.cursor('other')).toBe(0);
    });
  });

  describe('jobs', () => {
    const add = (store: MetadataStore, id: string, at = 1, queue = 'q') =>
      store.jobs.add({ id, queue, payload: `for ${id}`, at });

    it('are claimed oldest first, once each, from their queue only', async () => {
      const store = current();
      await add(store, 'late', 9);
      await add(store, 'b', 1);
      await add(store, 'a', 1);
      await add(store, 'other', 0, 'elsewhere');
      expect(await store.jobs.claim('q', 'w1', 100, 10)).toEqual({
        id: 'a',
        createdAt: 1,
        queue: 'q',
        payload: 'for a',
        state: 'leased',
        owner: 'w1',
        fence: 1,
        leaseUntil: 110,
      });
      expect((await store.jobs.claim('q', 'w2', 100, 10))?.id).toBe('b');
      expect((await store.jobs.claim('q', 'w3', 100, 10))?.id).toBe('late');
      expect(await store.jobs.claim('q', 'w4', 100, 10)).toBeUndefined();
    });

    it('added again are neither repeated nor revived', async () => {
      const store = current();
      await add(store, 'a');
      await add(store, 'a');
      const job = await store.jobs.claim('q', 'w', 1, 10);
      expect(await store.jobs.finish('a', job?.fence ?? 0)).toBe(true);
      await add(store, 'a');
      expect((await store.jobs.list('q')).map(({ state }) => state)).toEqual(['done']);
      expect(await store.jobs.claim('q', 'w', 1_000, 10)).toBeUndefined();
    });

    it('a worker that lost its lease can neither beat, finish nor release', async () => {
      const store = current();
      await add(store, 'a');
      const slow = await store.jobs.claim('q', 'slow', 0, 10);
      expect(await store.jobs.claim('q', 'quick', 9, 10)).toBeUndefined();
      const quick = await store.jobs.claim('q', 'quick', 10, 10);
      expect(quick).toMatchObject({ id: 'a', owner: 'quick', fence: (slow?.fence ?? 0) + 1, leaseUntil: 20 });
      expect(await store.jobs.heartbeat('a', slow?.fence ?? 0, 11, 10)).toBe(false);
      expect(await store.jobs.finish('a', slow?.fence ?? 0)).toBe(false);
      expect(await store.jobs.release('a', slow?.fence ?? 0)).toBe(false);
      expect(await store.jobs.list('q')).toEqual([quick]);
      expect(await store.jobs.finish('a', quick?.fence ?? 0)).toBe(true);
      expect(await store.jobs.finish('a', quick?.fence ?? 0)).toBe(false);
      expect(await store.jobs.heartbeat('a', quick?.fence ?? 0, 12, 10)).toBe(false);
      expect(await store.jobs.finish('unknown', 1)).toBe(false);
    });

    it('a heartbeat keeps the lease, a release gives the job back with a higher fence', async () => {
      const store = current();
      await add(store, 'a');
      const job = await store.jobs.claim('q', 'w', 0, 10);
      expect(await store.jobs.heartbeat('a', job?.fence ?? 0, 8, 10)).toBe(true);
      expect(await store.jobs.claim('q', 'other', 17, 10)).toBeUndefined();
      expect(await store.jobs.release('a', job?.fence ?? 0)).toBe(true);
      expect(await store.jobs.list('q')).toEqual([
        { id: 'a', createdAt: 1, queue: 'q', payload: 'for a', state: 'ready', fence: 1 },
      ]);
      expect((await store.jobs.claim('q', 'other', 17, 10))?.fence).toBe(2);
    });

    it('claimed by many workers at once go to one each', async () => {
      const store = current();
      for (let index = 0; index < 20; index += 1) await add(store, `j${index}`, index);
      const claimed = await Promise.all(
        Array.from({ length: 30 }, (_, index) => store.jobs.claim('q', `w${index}`, 100, 1_000)),
      );
      const got = claimed.filter((job) => job !== undefined);
      expect(new Set(got.map(({ id }) => id)).size).toBe(20);
      expect(got).toHaveLength(20);
    });
  });

  describe('counters', () => {
    it('give each caller its own number, from 1', async () => {
      const store = current();
      const numbers = await Promise.all(Array.from({ length: 50 }, () => store.counter('runs')));
      expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      expect(await store.counter('alerts')).toBe(1);
      await store.tokens.insert(token('t', 'h'));
    });
  });
}
