/** Collections: what every metadata store does with documents. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../domain/identity.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import { auditEntry, evaluation, project, token, version } from './metadata-samples.ts';
import { refusal } from './outcome.ts';

const ids = (docs: readonly { readonly id: string }[]): string[] => docs.map((doc) => doc.id);

const newestFirst = (a: AuditEntry, b: AuditEntry): number => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);

async function pages(store: MetadataStore, limit: number, order: 'newest' | 'oldest'): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const last = seen.at(-1);
    const page = await store.audit.find({ limit, order, ...(last === undefined ? {} : { after: last }) });
    if (page.length === 0) return seen;
    seen.push(...ids(page));
  }
}

async function clear(store: MetadataStore): Promise<void> {
  for (const { id } of await store.audit.find({ limit: 10_000 })) await store.audit.delete(id);
}

export function collectionCases(current: () => MetadataStore): void {
  describe('collections', () => {
    it('gives back what was put in, and a copy of it', async () => {
      const store = current();
      const doc = version('flights', 1, {
        tags: { a: '1', 한국어: 'é\u0000\u2028"\\' },
        metrics: { log_loss: { value: 0.5, low: 0.4, n: 3 }, bad: { value: Number.NaN }, worse: { value: -Infinity } },
        description: '',
      });
      await store.versions.insert(doc);
      expect(await store.versions.get('flights/1')).toEqual(doc);
      const first = await store.versions.get('flights/1');
      (first as unknown as { stage: string }).stage = 'changed in place';
      expect((await store.versions.get('flights/1'))?.stage).toBe('None');
      expect(await store.versions.get('flights/2')).toBeUndefined();
    });

    it('refuses an id or a unique field that is taken, and keeps the first', async () => {
      const store = current();
      await store.tokens.insert(token('a', 'h1'));
      expect(await refusal(store.tokens.insert(token('a', 'h2')))).toBe('MW-EXISTS');
      expect(await refusal(store.tokens.insert(token('b', 'h1')))).toBe('MW-EXISTS');
      await store.tokens.insert(token('b', 'h2'));
      expect(await refusal(store.tokens.update('b', (doc) => ({ ...doc, hash: 'h1' })))).toBe('MW-EXISTS');
      expect(await store.tokens.find({ order: 'oldest' })).toEqual([token('a', 'h1'), token('b', 'h2')]);
      await store.evaluations.insert(evaluation('e1', 'm', 5));
      expect(await refusal(store.evaluations.insert(evaluation('e2', 'm', 5)))).toBe('MW-EXISTS');
      await store.evaluations.insert(evaluation('e2', 'm', 6));
      await store.evaluations.insert(evaluation('e3', 'n', 5));
      // The taken one may come free again.
      await store.tokens.delete('a');
      await store.tokens.insert(token('c', 'h1'));
    });

    it('a refused insert leaves the transaction it is in usable', async () => {
      const store = current();
      await store.transaction(async (tx) => {
        await tx.tokens.insert(token('a', 'h1'));
        expect(await refusal(tx.tokens.insert(token('b', 'h1')))).toBe('MW-EXISTS');
        expect(await refusal(tx.tokens.insert(token('a', 'h9')))).toBe('MW-EXISTS');
        await tx.tokens.insert(token('c', 'h3'));
      });
      expect(await store.tokens.count()).toBe(2);
    });

    it('a refused update leaves the transaction it is in usable, and changed nothing', async () => {
      const store = current();
      await store.tokens.insert(token('a', 'h1'));
      await store.tokens.insert(token('b', 'h2'));
      await store.transaction(async (tx) => {
        expect(await refusal(tx.tokens.update('b', (doc) => ({ ...doc, hash: 'h1' })))).toBe('MW-EXISTS');
        await tx.tokens.update('b', (doc) => ({ ...doc, name: 'renamed' }));
        await tx.tokens.insert(token('c', 'h3'));
      });
      expect(await store.tokens.get('b')).toEqual({ ...token('b', 'h2'), name: 'renamed' });
      expect(await store.tokens.count()).toBe(3);
    });

    it('ids that differ in case, an accent or a space at the end are different ids', async () => {
      const store = current();
      const names = ['a', 'A', 'á', 'a ', ' a', 'ａ', 'ß', 'ss'];
      for (const id of names) await store.projects.insert(project(id, id));
      for (const id of names) expect((await store.projects.get(id))?.file).toBe(id);
      expect(await store.projects.delete('A')).toBe(true);
      expect(await store.projects.count()).toBe(names.length - 1);
    });

    it('update reads, changes and writes in one step', async () => {
      const store = current();
      await store.versions.insert(version('m', 1));
      const changed = await store.versions.update('m/1', (doc) => ({ ...doc, verdict: 'accepted', description: 'd' }));
      expect(changed).toEqual(version('m', 1, { verdict: 'accepted', description: 'd' }));
      expect(await store.versions.get('m/1')).toEqual(changed);
      // The index follows the document.
      expect(ids(await store.versions.find({ where: { verdict: 'accepted' } }))).toEqual(['m/1']);
      expect(await store.versions.find({ where: { verdict: 'unjudged' } })).toEqual([]);
      expect(await refusal(store.versions.update('m/9', (doc) => doc))).toBe('MW-NOT-FOUND');
      expect(await refusal(store.versions.update('m/1', (doc) => ({ ...doc, id: 'm/2' })))).toBe('MW-INTERNAL');
      const before = await store.versions.get('m/1');
      await expect(
        store.versions.update('m/1', () => {
          throw new Error('change failed');
        }),
      ).rejects.toThrow('change failed');
      expect(await store.versions.get('m/1')).toEqual(before);
    });

    it('100 concurrent updates of one document lose none', async () => {
      const store = current();
      await store.projects.insert(project('p', ''));
      await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          store.projects.update('p', (doc) => ({ ...doc, file: `${doc.file}${index},` })),
        ),
      );
      const file = (await store.projects.get('p'))?.file ?? '';
      expect(new Set(file.split(',').filter((part) => part !== '')).size).toBe(100);
    });

    it('finds by equality, by one of, and by absence', async () => {
      const store = current();
      await store.versions.insert(version('a', 1, { runId: 'r1' }));
      await store.versions.insert(version('a', 2));
      await store.versions.insert(version('b', 3, { runId: 'r2', verdict: 'refused' }));
      const find = async (where: Parameters<typeof store.versions.count>[0]): Promise<string[]> => {
        const found = ids(await store.versions.find({ order: 'oldest', ...(where === undefined ? {} : { where }) }));
        expect(await store.versions.count(where)).toBe(found.length);
        return found;
      };
      expect(await find(undefined)).toEqual(['a/1', 'a/2', 'b/3']);
      expect(await find({ model: 'a' })).toEqual(['a/1', 'a/2']);
      expect(await find({ model: 'a', number: 2 })).toEqual(['a/2']);
      expect(await find({ number: [1, 3, 7] })).toEqual(['a/1', 'b/3']);
      expect(await find({ runId: null })).toEqual(['a/2']);
      expect(await find({ runId: [] })).toEqual([]);
      expect(await find({ runId: "r1' or '1'='1" })).toEqual([]);
      expect(await refusal(store.versions.find({ where: { source: '' } as never }))).toBe('MW-INTERNAL');
    });

    it('refuses a page that is too large and a page after something unknown', async () => {
      const store = current();
      expect(await refusal(store.audit.find({ limit: 10_001 }))).toBe('MW-INVALID');
      expect(await refusal(store.audit.find({ limit: -1 }))).toBe('MW-INVALID');
      expect(await refusal(store.audit.find({ limit: 1.5 }))).toBe('MW-INVALID');
      expect(await refusal(store.audit.find({ after: 'nothing' }))).toBe('MW-INVALID');
      for (let index = 0; index < 101; index += 1) await store.audit.insert(auditEntry(`a${index}`, index));
      expect(await store.audit.find()).toHaveLength(100);
      expect(await store.audit.find({ limit: 0 })).toEqual([]);
    });

    it('pages are complete, without repeats and in order, whatever the times and the page size', async () => {
      const store = current();
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme-ascii' }), { maxLength: 30 }),
          fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 30, maxLength: 30 }),
          fc.integer({ min: 1, max: 7 }),
          async (names, times, limit) => {
            await clear(store);
            const docs = names.map((id, index) => auditEntry(id, times[index]));
            await store.transaction(async (tx) => {
              for (const doc of docs) await tx.audit.insert(doc);
            });
            const sorted = ids(docs.toSorted(newestFirst));
            expect(await pages(store, limit, 'newest')).toEqual(sorted);
            expect(await pages(store, limit, 'oldest')).toEqual(sorted.toReversed());
          },
        ),
        { numRuns: 20 },
      );
    });

    it('what is added while somebody pages neither repeats nor hides what was there', async () => {
      const store = current();
      for (let index = 0; index < 20; index += 1) await store.audit.insert(auditEntry(`a${index}`, 100 + (index >> 2)));
      const sorted = ids(await store.audit.find({ limit: 20 }));
      const first = await store.audit.find({ limit: 7 });
      await store.audit.insert(auditEntry('newer', 1_000));
      await store.audit.delete(sorted[2] ?? '');
      const rest = await store.audit.find({ limit: 50, after: first.at(-1)?.id ?? '' });
      expect([...ids(first), ...ids(rest)]).toEqual(sorted);
    });

    it('behaves like a plain list under any sequence of changes', async () => {
      const store = current();
      const id = fc.constantFrom('a', 'b', 'c', 'd');
      const actor = fc.constantFrom('ann', 'bo');
      const step = fc.oneof(
        fc.record({ kind: fc.constant('insert' as const), id, actor, at: fc.integer({ min: 0, max: 3 }) }),
        fc.record({ kind: fc.constant('update' as const), id, actor }),
        fc.record({ kind: fc.constant('delete' as const), id }),
        fc.record({ kind: fc.constant('rollback' as const), id, actor }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          await clear(store);
          let model: readonly AuditEntry[] = [];
          for (const one of steps) {
            const there = model.some((doc) => doc.id === one.id);
            if (one.kind === 'insert') {
              const doc = auditEntry(one.id, one.at, one.actor);
              expect(await refusal(store.audit.insert(doc))).toBe(there ? 'MW-EXISTS' : 'accepted');
              if (!there) model = [...model, doc];
            } else if (one.kind === 'update') {
              const change = (doc: AuditEntry): AuditEntry => ({ ...doc, actor: one.actor });
              expect(await refusal(store.audit.update(one.id, change))).toBe(there ? 'accepted' : 'MW-NOT-FOUND');
              model = model.map((doc) => (doc.id === one.id ? change(doc) : doc));
            } else if (one.kind === 'delete') {
              expect(await store.audit.delete(one.id)).toBe(there);
              model = model.filter((doc) => doc.id !== one.id);
            } else {
              const failing = store.transaction(async (tx) => {
                await tx.audit.delete(one.id);
                await tx.audit.insert(auditEntry(one.id, 9, one.actor));
                throw new Error('undo');
              });
              await expect(failing).rejects.toThrow('undo');
            }
          }
          expect(await store.audit.find()).toEqual(model.toSorted(newestFirst));
          const ofAnn = model.filter((doc) => doc.actor === 'ann');
          expect(await store.audit.count({ actor: 'ann' })).toBe(ofAnn.length);
        }),
        { numRuns: 30 },
      );
    });
  });
}
