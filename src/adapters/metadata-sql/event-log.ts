/**
 * The outbox in SQL. A reader asks for what is after the last number it saw, so a number must never become visible after a higher one.
 * Numbers that an engine counts up are given before the commit; hence an event is appended only in a transaction that runs alone.
 */
import type { Selectable } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { fromJsonText, toJsonText } from '../../platform/json-text.ts';
import type { EventLog } from '../../ports/metadata-store.ts';
import { alone } from './atomically.ts';
import type { SqlEngine } from './engine.ts';
import type { CoreDb, EventRow } from './tables.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

function toEvent(row: Selectable<EventRow>): DomainEvent {
  return {
    id: row.id,
    seq: row.seq,
    type: row.type,
    at: row.at,
    project: row.project,
    actor: row.actor,
    ...(row.cause === null ? {} : { cause: row.cause }),
    data: fromJsonText(row.data),
  } as DomainEvent;
}

export function sqlEventLog(db: CoreDb, engine: SqlEngine): EventLog {
  return {
    append(event) {
      const row = {
        id: event.id,
        type: event.type,
        at: event.at,
        project: event.project,
        actor: event.actor,
        cause: event.cause ?? null,
        data: toJsonText(event.data),
      };
      return alone(db, async (tx) => {
        const seq = await engine.insertNumbered(tx.insertInto('events').values(row), 'seq');
        if (seq === undefined) {
          throw new MillwrightError('MW-EXISTS', `there is already an event "${event.id}"`, { where: event.id });
        }
        return toEvent({ ...row, seq });
      });
    },

    async find(query) {
      const limit = query.limit ?? DEFAULT_LIMIT;
      if (!Number.isInteger(limit) || limit < 0 || limit > MAX_LIMIT) {
        throw new MillwrightError('MW-INVALID', `a page has 0 to ${MAX_LIMIT} events, not ${limit}`, {
          where: 'limit',
        });
      }
      if (query.types?.length === 0) return [];
      let select = db.selectFrom('events').selectAll();
      if (query.after !== undefined) select = select.where('seq', '>', query.after);
      if (query.before !== undefined) select = select.where('seq', '<', query.before);
      if (query.project !== undefined) select = select.where('project', '=', query.project);
      if (query.types !== undefined) select = select.where('type', 'in', query.types);
      const rows = await select
        .orderBy('seq', query.order === 'newest' ? 'desc' : 'asc')
        .limit(limit)
        .execute();
      return rows.map(toEvent);
    },

    async cursor(handler) {
      const row = await db
        .selectFrom('handler_cursors')
        .select('seq')
        .where('handler', '=', handler)
        .executeTakeFirst();
      return row?.seq ?? 0;
    },

    async advance(handler, seq) {
      // A handler that was slow reports after a faster one: the cursor never moves back.
      const only = { key: ['handler'], set: ['seq'], ifGreater: ['seq'] };
      await engine.upsert(db.insertInto('handler_cursors').values({ handler, seq }), only).execute();
    },
  };
}
