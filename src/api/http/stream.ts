/** Server-sent events: the outbox, live. A client resumes with Last-Event-ID; a slow one is cut and comes back by itself. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { DomainEvent } from '../../domain/events.ts';
import { type Auth, authorize } from './bind.ts';

export interface Stream {
  /** Calls back for every new event until the returned function is called. */
  subscribe(listener: (event: DomainEvent) => void): () => void;
  /** Events after `seq`, oldest first, at most `limit`. */
  since(seq: number, limit: number): Promise<readonly DomainEvent[]>;
}

const MAX_CLIENTS = 64;
const MAX_BEHIND = 1 << 20;
/** Events read at once for a client that comes back: far less than MAX_BEHIND. */
const PAGE = 500;

/** Resolves when the client has read what was sent, or is gone. */
function drained(out: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      out.off('drain', done);
      out.off('close', done);
      resolve();
    };
    out.once('drain', done);
    out.once('close', done);
  });
}

export function registerStream(app: FastifyInstance, auth: Auth, stream: Stream): void {
  let clients = 0;
  app.get('/api/v1/stream', async (request, reply) => {
    await authorize(auth, request, 'read');
    if (clients >= MAX_CLIENTS) return reply.status(429).header('retry-after', '5').send();
    clients += 1;
    reply.hijack();
    const out = reply.raw;
    out.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    let sent = Number(request.headers['last-event-id'] ?? 0) || 0;
    const send = (event: DomainEvent): void => {
      if (event.seq <= sent) return;
      sent = event.seq;
      // A reader that does not read would fill memory: cut it, EventSource comes back with Last-Event-ID.
      if (out.writableLength > MAX_BEHIND) out.destroy();
      else out.write(`id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    };
    const waiting: DomainEvent[] = [];
    let replaying = sent > 0;
    const stop = stream.subscribe((event) => (replaying ? waiting.push(event) : send(event)));
    const beat = setInterval(() => out.write(': beat\n\n'), 10_000);
    out.write('retry: 1000\n: hello\n\n');
    request.raw.once('close', () => {
      clients -= 1;
      clearInterval(beat);
      stop();
    });
    // Page by page to the end of the log: a client that was away for long gets all of it, or comes back for the rest.
    while (replaying && !out.destroyed) {
      const page = await stream.since(sent, PAGE);
      for (const event of page) send(event);
      if (page.length < PAGE) replaying = false;
      else if (out.writableNeedDrain) await drained(out);
    }
    replaying = false;
    for (const event of waiting) send(event);
  });
}
