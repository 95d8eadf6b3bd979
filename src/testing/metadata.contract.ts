/** The contract of MetadataStore, for every adapter and for plug-ins. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MetadataStore } from '../ports/metadata-store.ts';
import { runWriter } from './child-process.ts';
import type { OpenElsewhere } from './child-process.ts';
import { collectionCases } from './metadata-collections.contract.ts';
import { auditEntry, event, project } from './metadata-samples.ts';
import { retentionCases } from './retention.contract.ts';
import { transactionCases } from './metadata-transactions.contract.ts';

/** An empty store and what the suite needs to try it out. */
export interface MetadataSubject {
  readonly store: MetadataStore;
  /** Opens the same data again, after `store` was closed. Needed when `caps.durable`. */
  readonly reopen?: () => Promise<MetadataStore>;
  /** How another process opens the same data. Needed when `caps.durable`. */
  readonly elsewhere?: OpenElsewhere;
  /** Removes everything. Called after the store was closed. */
  readonly dispose: () => Promise<void>;
}

const KILL_ROUNDS = 4;

/** Defines the suite `name`; `open` is called for each test. */
export function metadataContract(name: string, open: () => Promise<MetadataSubject>): void {
  describe(`${name}: metadata store`, () => {
    let subject: MetadataSubject;
    let opened: MetadataStore[] = [];

    beforeEach(async () => {
      subject = await open();
      opened = [subject.store];
    });

    afterEach(async () => {
      for (const store of opened) await store.close();
      await subject.dispose();
    });

    /** Closes what is open and opens the same data again; undefined where there is nothing to open. */
    async function reopen(): Promise<MetadataStore | undefined> {
      if (!subject.store.caps.durable) return undefined;
      if (subject.reopen === undefined) throw new Error('a durable store needs `reopen` and `elsewhere`');
      for (const store of opened) await store.close();
      const store = await subject.reopen();
      opened = [store];
      return store;
    }

    collectionCases(() => subject.store);
    transactionCases(() => subject.store);
    retentionCases(() => subject.store);

    describe('durability', () => {
      it('everything is there when it is opened again', async (context) => {
        const { store } = subject;
        await store.projects.insert(project('p', '파일'));
        await store.transaction(async (tx) => {
          await tx.events.append(event('e'));
          await tx.events.advance('h', 1);
          await tx.jobs.add({ id: 'j', queue: 'q', payload: 'x', at: 1 });
          await tx.counter('n');
        });
        const job = await store.jobs.claim('q', 'w', 5, 10);
        const again = await reopen();
        if (again === undefined) return context.skip('the store is not durable');
        expect(await again.projects.find()).toEqual([project('p', '파일')]);
        expect(await again.events.find({})).toMatchObject([{ id: 'e', seq: 1 }]);
        expect(await again.events.cursor('h')).toBe(1);
        expect(await again.jobs.list('q')).toEqual([job]);
        expect(await again.counter('n')).toBe(2);
        expect((await again.events.append(event('f'))).seq).toBe(2);
      });

      it('kill -9 in the middle of writes loses nothing acknowledged and leaves nothing half done', async (context) => {
        const { elsewhere, store } = subject;
        if (!store.caps.durable || elsewhere === undefined) return context.skip('the store is not durable');
        await store.close();
        const acknowledged: string[] = [];
        for (let round = 0; round < KILL_ROUNDS; round += 1) {
          const { lines, signal, stderr } = await runWriter(
            'metadata-writer',
            elsewhere,
            [`r${round}`, '1000000'],
            20 + Math.random() * 200,
          );
          expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
          acknowledged.push(...lines);
          const again = await reopen();
          if (again === undefined) throw new Error('unreachable');
          const found = new Set((await again.audit.find({ limit: 10_000 })).map(({ id }) => id));
          expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
          // At most the one write of each round that was committed but not yet acknowledged is there besides.
          expect(found.size - acknowledged.length).toBeLessThanOrEqual(round + 1);
          const events = new Set<string>();
          for (let after = 0; ; ) {
            const page = await again.events.find({ after, limit: 1_000 });
            if (page.length === 0) break;
            for (const one of page) events.add(one.id);
            after = page.at(-1)?.seq ?? 0;
          }
          expect(events).toEqual(found);
          // A transaction that only looks at the counter, and undoes the look.
          const looked = again.transaction(async (tx) => {
            throw new Error(String(await tx.counter('writes')));
          });
          await expect(looked).rejects.toThrow(new RegExp(`^${found.size + 1}$`));
          await again.close();
        }
        expect(acknowledged.length).toBeGreaterThan(KILL_ROUNDS);
      });

      it('two processes that append at once: whoever asks for what came later misses nothing', async (context) => {
        const { elsewhere, store } = subject;
        if (!store.caps.multiProcess || elsewhere === undefined) return context.skip('one process at a time');
        const child = runWriter('metadata-writer', elsewhere, ['child', '150']);
        let writing = true;
        const own = (async () => {
          for (let index = 0; index < 60; index += 1) {
            await store.transaction(async (tx) => {
              await tx.events.append(event(`own-${index}`));
              // Others would get their numbers, and commit, in the meantime.
              await sleep(index % 3);
            });
          }
          await child;
        })().finally(() => {
          writing = false;
        });
        const seen: string[] = [];
        let after = 0;
        for (let last = false; !last; ) {
          last = !writing;
          for (const { id, seq } of await store.events.find({ after, limit: 1_000 })) {
            seen.push(id);
            after = seq;
          }
          await sleep(1);
        }
        await own;
        expect({ seen: seen.length, different: new Set(seen).size }).toEqual({ seen: 210, different: 210 });
      });

      it('two processes that write at once both get through', async (context) => {
        const { elsewhere, store } = subject;
        if (!store.caps.multiProcess || elsewhere === undefined) return context.skip('one process at a time');
        const child = runWriter('metadata-writer', elsewhere, ['child', '100']);
        for (let index = 0; index < 100; index += 1) {
          await store.transaction(async (tx) => {
            await tx.audit.insert(auditEntry(`own-${index}`, index, 'own'));
            await tx.counter('writes');
          });
        }
        const { code, stderr, lines } = await child;
        expect({ code, stderr, lines: lines.length }).toEqual({ code: 0, stderr: '', lines: 100 });
        expect(await store.audit.count({ actor: ['own', 'child'] })).toBe(200);
        expect(await store.counter('writes')).toBe(201);
      });
    });
  });
}
