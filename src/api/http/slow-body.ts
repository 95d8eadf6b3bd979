/**
 * Ends requests whose body does not come. A limit on the whole request would cut a large artifact on a slow line, so what is
 * watched is the rate: in every window the client must send some, as Apache's mod_reqtimeout does with MinRate.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export const BODY_WINDOW_MS = 15_000;
const BYTES_PER_SECOND = 1024;

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function cut(request: FastifyRequest, reply: FastifyReply): void {
  const { socket } = request.raw;
  if (reply.raw.headersSent) socket.destroy();
  else socket.write('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n', () => socket.destroy());
}

/** `windowMs`: a client that sends less than 1 KiB a second over two such times in a row is cut. */
export function cutSlowBodies(app: FastifyInstance, windowMs: number): void {
  const least = (windowMs / 1000) * BYTES_PER_SECOND;
  app.addHook('onRequest', async (request, reply) => {
    if (!hasBody(request)) return;
    const { raw } = request;
    let before = raw.socket.bytesRead;
    let slow = 0;
    const timer = setInterval(() => {
      const now = raw.socket.bytesRead;
      // What lies here unread is waiting for us, not for the client. Two in a row, because what was just taken may be followed by more.
      slow = now - before < least && raw.readableLength === 0 ? slow + 1 : 0;
      before = now;
      if (raw.complete) clearInterval(timer);
      else if (slow === 2) cut(request, reply);
    }, windowMs);
    timer.unref();
    raw.once('close', () => clearInterval(timer));
  });
}
