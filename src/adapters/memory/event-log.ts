/** The outbox in memory. */
import { MillwrightError } from '../../domain/errors.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { fromJsonText, toJsonText } from '../../platform/json-text.ts';
import type { EventLog } from '../../ports/metadata-store.ts';
import type { Write } from './documents.ts';
import type { Space } from './shelf.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

interface Entry {
  readonly seq: number;
  readonly type: string;
  readonly project: string;
  readonly text: string;
}

export function memoryEventLog(space: Space, write: Write): EventLog {
  return {
    append(event) {
      return write((target) => {
        const shelf = target.shelf<Entry>('events');
        if (shelf.get(event.id) !== undefined) {
          throw new MillwrightError('MW-EXISTS', `there is already an event "${event.id}"`, { where: event.id });
        }
        const last = target.shelf<number>('sequence');
        const seq = (last.get('events') ?? 0) + 1;
        last.set('events', seq);
        const text = toJsonText({ ...event, seq });
        shelf.set(event.id, { seq, type: event.type, project: event.project, text });
        return fromJsonText(text) as DomainEvent;
      });
    },

    async find({ after, before, project, types, limit = DEFAULT_LIMIT, order }) {
      if (!Number.isInteger(limit) || limit < 0 || limit > MAX_LIMIT) {
        throw new MillwrightError('MW-INVALID', `a page has 0 to ${MAX_LIMIT} events, not ${limit}`, {
          where: 'limit',
        });
      }
      const wanted = types as readonly string[] | undefined;
      const sign = order === 'newest' ? -1 : 1;
      return [...space.shelf<Entry>('events').values()]
        .filter(
          (entry) =>
            (after === undefined || entry.seq > after) &&
            (before === undefined || entry.seq < before) &&
            (project === undefined || entry.project === project) &&
            (wanted === undefined || wanted.includes(entry.type)),
        )
        .sort((a, b) => sign * (a.seq - b.seq))
        .slice(0, limit)
        .map((entry) => fromJsonText(entry.text) as DomainEvent);
    },

    cursor: async (handler) => space.shelf<number>('cursors').get(handler) ?? 0,

    advance(handler, seq) {
      return write((target) => {
        const shelf = target.shelf<number>('cursors');
        shelf.set(handler, Math.max(shelf.get(handler) ?? 0, seq));
      });
    },
  };
}
