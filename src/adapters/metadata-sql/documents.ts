/** A collection over one table: indexed fields as columns, the document as JSON text. */
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import { fromJsonText, toJsonText } from '../../platform/json-text.ts';
import type { Collection, Doc, Query } from '../../ports/collection.ts';
import { atomically } from './atomically.ts';
import type { SqlEngine } from './engine.ts';
import { columnOf } from './tables.ts';
import type { DocDb, DocRow } from './tables.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

type Cell = string | number | null;

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number') return value;
  return value === true ? 1 : 0;
}

export interface CollectionTable {
  readonly table: string;
  readonly fields: readonly string[];
}

export function sqlCollection<T extends Doc, K extends string>(
  db: DocDb,
  engine: SqlEngine,
  { table, fields }: CollectionTable,
): Collection<T, K> {
  const read = (row: { readonly doc: string }): T => fromJsonText(row.doc) as T;

  function columnsOf(doc: T): Record<string, Cell> {
    const values = doc as unknown as Record<string, unknown>;
    return Object.fromEntries(fields.map((field) => [columnOf(field), cellOf(values[field])]));
  }

  function rowOf(doc: T): DocRow {
    return { ...columnsOf(doc), id: doc.id, created_at: doc.createdAt, doc: toJsonText(doc) };
  }

  function taken(id: string): MillwrightError {
    return new MillwrightError('MW-EXISTS', `${table}: "${id}" or one of its unique fields is taken`, { where: id });
  }

  function column(field: string): string {
    if (!fields.includes(field)) throw new MillwrightError('MW-INTERNAL', `${table} has no indexed field "${field}"`);
    return columnOf(field);
  }

  /** The table's rows that meet `where`; what is selected is added by the caller. */
  function matching(where: Query<K>['where']) {
    let query = db.selectFrom(table);
    for (const [field, value] of Object.entries<Cell | boolean | readonly Cell[] | undefined>(where ?? {})) {
      if (value === undefined) continue;
      const name = column(field);
      if (value === null) query = query.where(name, 'is', null);
      else if (Array.isArray(value)) {
        // `in ()` is a syntax error in most engines: one of nothing is nothing.
        query = value.length === 0 ? query.where(sql<boolean>`1 = 0`) : query.where(name, 'in', value.map(cellOf));
      } else query = query.where(name, '=', cellOf(value));
    }
    return query;
  }

  const collection: Collection<T, K> = {
    async get(id) {
      const found = await db.selectFrom(table).select('doc').where('id', '=', id).executeTakeFirst();
      return found === undefined ? undefined : read(found);
    },

    async insert(doc) {
      if (!(await engine.tryInsert(db.insertInto(table).values(rowOf(doc))))) throw taken(doc.id);
    },

    update(id, change) {
      return atomically(db, async (tx) => {
        let select = tx.selectFrom(table).select('doc').where('id', '=', id);
        if (engine.lockRow !== undefined) select = select.modifyEnd(engine.lockRow);
        const found = await select.executeTakeFirst();
        if (found === undefined)
          throw new MillwrightError('MW-NOT-FOUND', `${table}: there is no "${id}"`, { where: id });
        const before = read(found);
        const after = change(before);
        if (after === before) return before;
        if (after.id !== id || after.createdAt !== before.createdAt) {
          throw new MillwrightError('MW-INTERNAL', `${table}: a change of "${id}" may not touch its id or its time`);
        }
        try {
          await engine.refusable(tx as unknown as Kysely<unknown>, () =>
            tx
              .updateTable(table)
              .set({ ...columnsOf(after), doc: toJsonText(after) })
              .where('id', '=', id)
              .execute(),
          );
        } catch (error) {
          throw engine.isTaken(error) ? taken(id) : error;
        }
        return read({ doc: toJsonText(after) });
      });
    },

    async find(query = {}) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      if (!Number.isInteger(limit) || limit < 0 || limit > MAX_LIMIT) {
        throw new MillwrightError('MW-INVALID', `a page has 0 to ${MAX_LIMIT} items, not ${limit}`, { where: 'limit' });
      }
      const oldest = query.order === 'oldest';
      const direction = oldest ? 'asc' : 'desc';
      let select = matching(query.where).select('doc');
      if (query.after !== undefined) {
        const last = await db.selectFrom(table).select('created_at').where('id', '=', query.after).executeTakeFirst();
        if (last === undefined) {
          throw new MillwrightError('MW-INVALID', `the page before ended with "${query.after}", which is gone`, {
            where: 'after',
            next: 'start again from the first page',
          });
        }
        const after = query.after;
        const beyond = oldest ? '>' : '<';
        select = select.where((where) =>
          where.or([
            where('created_at', beyond, last.created_at),
            where.and([where('created_at', '=', last.created_at), where('id', beyond, after)]),
          ]),
        );
      }
      const rows = await select.orderBy('created_at', direction).orderBy('id', direction).limit(limit).execute();
      return rows.map(read);
    },

    async count(where) {
      const found = await matching(where)
        .select((build) => build.fn.countAll<number | string>().as('rows'))
        .executeTakeFirstOrThrow();
      return Number(found.rows);
    },

    async delete(id) {
      const done = await db.deleteFrom(table).where('id', '=', id).executeTakeFirst();
      return done.numDeletedRows > 0n;
    },
  };
  return collection;
}
