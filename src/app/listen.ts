/** Listens, or says who has the port. */
import type { FastifyInstance } from 'fastify';
import { MillwrightError } from '../domain/errors.ts';

/** The base URL, e.g. `http://127.0.0.1:5000`. Throws MW-PORT-TAKEN. */
export async function listenOn(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new MillwrightError(
        'MW-PORT-TAKEN',
        code === 'EACCES'
          ? `port ${port} needs rights this user does not have`
          : `port ${port} is taken by another program`,
        {
          where: '--port',
          next: `mw server --port ${port + 1}`,
          cause,
        },
      );
    }
    throw cause;
  }
  const address = app.server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host}:${actual}`;
}
