/** A collection in memory. Documents are kept as text, so that nobody can change one by holding on to it. */
import { MillwrightError } from '../../domain/errors.ts';
import { fromJsonText, toJsonText } from '../../platform/json-text.ts';
import type { Collection, Doc, Query } from '../../ports/collection.ts';
import type { Shelf, Space } from './shelf.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

interface Entry {
  readonly id: string;
  readonly createdAt: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Runs `work` on a space that may be written. */
export type Write = <T>(work: (space: Space) => T) => Promise<T>;

export interface CollectionShape {
  readonly name: string;
  readonly fields: readonly string[];
  readonly unique: readonly (readonly string[])[];
}

const byAge = (a: Entry, b: Entry): number => a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

export function memoryCollection<T extends Doc, K extends string>(
  space: Space,
  write: Write,
  { name, fields, unique }: CollectionShape,
): Collection<T, K> {
  const read = (entry: Entry): T => fromJsonText(entry.text) as T;
  const shelfOf = (from: Space): Shelf<Entry> => from.shelf<Entry>(`documents/${name}`);

  function entryOf(doc: T): Entry {
    const values = doc as unknown as Record<string, unknown>;
    return {
      id: doc.id,
      createdAt: doc.createdAt,
      fields: Object.fromEntries(fields.map((field) => [field, values[field] ?? null])),
      text: toJsonText(doc),
    };
  }

  function refuseTaken(shelf: Shelf<Entry>, entry: Entry): void {
    for (const set of unique) {
      // As in SQL, a missing value is equal to nothing.
      if (set.some((field) => entry.fields[field] === null)) continue;
      for (const other of shelf.values()) {
        if (other.id !== entry.id && set.every((field) => other.fields[field] === entry.fields[field]))
          throw taken(entry.id);
      }
    }
  }

  function taken(id: string): MillwrightError {
    return new MillwrightError('MW-EXISTS', `${name}: "${id}" or one of its unique fields is taken`, { where: id });
  }

  function matches(where: Query<K>['where']): (entry: Entry) => boolean {
    const wanted = Object.entries<unknown>(where ?? {}).filter(([, value]) => value !== undefined);
    for (const [field] of wanted) {
      if (!fields.includes(field)) throw new MillwrightError('MW-INTERNAL', `${name} has no indexed field "${field}"`);
    }
    return (entry) =>
      wanted.every(([field, value]) => {
        const seen = entry.fields[field];
        return Array.isArray(value) ? value.includes(seen) : seen === value;
      });
  }

  return {
    async get(id) {
      const found = shelfOf(space).get(id);
      return found === undefined ? undefined : read(found);
    },

    insert(doc) {
      return write((target) => {
        const shelf = shelfOf(target);
        const entry = entryOf(doc);
        if (shelf.get(doc.id) !== undefined) throw taken(doc.id);
        refuseTaken(shelf, entry);
        shelf.set(doc.id, entry);
      });
    },

    update(id, change) {
      return write((target) => {
        const shelf = shelfOf(target);
        const found = shelf.get(id);
        if (found === undefined)
          throw new MillwrightError('MW-NOT-FOUND', `${name}: there is no "${id}"`, { where: id });
        const before = read(found);
        const after = change(before);
        if (after === before) return before;
        if (after.id !== id || after.createdAt !== before.createdAt) {
          throw new MillwrightError('MW-INTERNAL', `${name}: a change of "${id}" may not touch its id or its time`);
        }
        const entry = entryOf(after);
        refuseTaken(shelf, entry);
        shelf.set(id, entry);
        return read(entry);
      });
    },

    async find(query = {}) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      if (!Number.isInteger(limit) || limit < 0 || limit > MAX_LIMIT) {
        throw new MillwrightError('MW-INVALID', `a page has 0 to ${MAX_LIMIT} items, not ${limit}`, { where: 'limit' });
      }
      const shelf = shelfOf(space);
      const sign = query.order === 'oldest' ? 1 : -1;
      let found = [...shelf.values()].filter(matches(query.where));
      if (query.after !== undefined) {
        const last = shelf.get(query.after);
        if (last === undefined) {
          throw new MillwrightError('MW-INVALID', `the page before ended with "${query.after}", which is gone`, {
            where: 'after',
            next: 'start again from the first page',
          });
        }
        found = found.filter((entry) => sign * byAge(entry, last) > 0);
      }
      return found
        .sort((a, b) => sign * byAge(a, b))
        .slice(0, limit)
        .map(read);
    },

    async count(where) {
      return [...shelfOf(space).values()].filter(matches(where)).length;
    },

    delete: (id) => write((target) => shelfOf(target).delete(id)),
  };
}
