/**
 * Delivers the outbox: every event to every handler that wants it, in order, at least once, by a durable cursor per handler.
 * A handler must be idempotent by event id. Two failure modes: a crash after the effect and before the cursor moved repeats the
 * event (hence idempotence); a handler that always fails would block its queue for ever, so after `tries` it is logged and passed.
 */
import { MillwrightError } from '../domain/errors.ts';
import type { DomainEvent, EventType } from '../domain/events.ts';
import { pause } from '../platform/pause.ts';
import type { Log } from '../ports/context.ts';
import type { EventLog } from '../ports/metadata-store.ts';
import { appendOnce } from './append-once.ts';
import type { EventBell } from './event-bell.ts';

export interface Reaction {
  /** Names the durable cursor: renaming it replays everything. */
  readonly name: string;
  readonly types: readonly EventType[];
  handle(event: DomainEvent, signal: AbortSignal): Promise<void>;
}

export interface Dispatcher {
  start(): void;
  stop(): Promise<void>;
  subscribe(listener: (event: DomainEvent) => void): () => void;
  since(seq: number, limit: number): Promise<readonly DomainEvent[]>;
  /** Resolves when every handler has seen every event that exists now. For tests and orderly ends. */
  settled(): Promise<void>;
}

/** The bell wakes the loops. Only one of them looks by itself, for what another process wrote: asking often cost 3 % of a core. */
const LOOK_MS = 1000;
const NEVER_MS = 60_000;
const TRIES = 8;
const AGAIN_MS = 1000;

/** What another try cannot mend: wrong input stays wrong. Conflicts and everything of the machine may pass. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof MillwrightError &&
    error.kind.status < 500 &&
    error.kind.status !== 409 &&
    error.code !== 'MW-OVERLOADED'
  );
}

export function createDispatcher(
  events: EventLog,
  bell: EventBell,
  reactions: readonly Reaction[],
  log: Log,
): Dispatcher {
  const listeners = new Set<(event: DomainEvent) => void>();
  const abort = new AbortController();
  const { signal } = abort;
  const loops: Promise<void>[] = [];
  const positions = new Map<string, number>();

  /** The story must say where the loop stands still; the log alone would hide it from the person who waits. */
  async function giveUp(reaction: Reaction, event: DomainEvent, error: unknown): Promise<void> {
    log.error({ err: error, reaction: reaction.name, event: event.id, type: event.type }, 'reaction given up');
    const runId = 'runId' in event.data && typeof event.data.runId === 'string' ? { runId: event.data.runId } : {};
    await appendOnce(events, {
      id: `${event.id}-${reaction.name}`,
      type: 'reaction.gave_up',
      at: Date.now(),
      project: event.project,
      actor: 'system',
      cause: event.id,
      data: {
        reaction: reaction.name,
        event: event.type,
        code: error instanceof MillwrightError ? error.code : 'MW-INTERNAL',
        message: error instanceof Error ? error.message : String(error),
        ...runId,
      },
    });
  }

  async function deliver(reaction: Reaction, event: DomainEvent): Promise<void> {
    for (let attempt = 1; attempt <= TRIES && !signal.aborted; attempt += 1) {
      try {
        await reaction.handle(event, signal);
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        log.warn(
          { err: error, reaction: reaction.name, event: event.id, type: event.type, attempt },
          'reaction failed',
        );
        if (isFinal(error) || attempt === TRIES) return giveUp(reaction, event, error);
        await pause(Math.min(100 * 2 ** attempt, 10_000), signal);
      }
    }
    throw new Error('stopped');
  }

  async function drain(reaction: Reaction): Promise<void> {
    let at = await events.cursor(reaction.name);
    positions.set(reaction.name, at);
    while (!signal.aborted) {
      const seen = bell.count;
      const batch = await events.find({ after: at, types: reaction.types, order: 'oldest', limit: 100 });
      for (const event of batch) {
        if (signal.aborted) return;
        await deliver(reaction, event);
        at = event.seq;
        await events.advance(reaction.name, at);
        positions.set(reaction.name, at);
      }
      if (batch.length === 0) await bell.rung(seen, NEVER_MS, signal);
    }
  }

  let published: number | undefined;

  async function publish(): Promise<void> {
    const [newest] = published === undefined ? await events.find({ order: 'newest', limit: 1 }) : [];
    let at = published ?? newest?.seq ?? 0;
    published = at;
    let heard = bell.count;
    while (!signal.aborted) {
      const seen = bell.count;
      const batch = await events.find({ after: at, order: 'oldest', limit: 500 });
      for (const event of batch) {
        at = event.seq;
        published = at;
        for (const listener of listeners) listener(event);
      }
      // Found without the bell: another process wrote it, and the others sleep.
      if (batch.length > 0 && heard === seen) bell.ring();
      heard = bell.count;
      if (batch.length === 0) await bell.rung(seen, LOOK_MS, signal);
    }
  }

  /** A loop that cannot read its events (a database that restarts) begins again at its cursor: without it the project would stand still. */
  async function lasting(name: string, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) return;
        log.error({ err: error, reaction: name }, 'dispatcher loop failed; it begins again');
        await pause(AGAIN_MS, signal);
      }
    }
  }

  return {
    start() {
      loops.push(
        lasting('stream', publish),
        ...reactions.map((reaction) => lasting(reaction.name, () => drain(reaction))),
      );
    },
    async stop() {
      abort.abort();
      await Promise.all(loops);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    since: (seq, limit) => events.find({ after: seq, order: 'oldest', limit }),
    async settled() {
      for (;;) {
        const late = await Promise.all(
          reactions.map((reaction) =>
            events.find({ after: positions.get(reaction.name) ?? 0, types: reaction.types, limit: 1 }),
          ),
        );
        if (late.every((some) => some.length === 0) || signal.aborted) return;
        await pause(20, signal);
      }
    },
  };
}
