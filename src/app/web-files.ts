/** The web app's files, by Fastify's own file sender. It is loaded at the first request: registering the plugin costs a tenth of the start. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const YEAR = '365d';

/** Files with a hash in their name (`assets/`) never change; the others are asked for again each time. */
export function registerWebFiles(app: FastifyInstance, root: string): void {
  // In a clone that was not built there is nothing to serve.
  if (!existsSync(join(root, 'index.html'))) return;
  app.get('/*', async (request, reply) => {
    const { default: send } = await import('@fastify/send');
    const [path = '/'] = request.url.split('?', 1);
    const hashed = path.startsWith('/assets/');
    const { statusCode, headers, stream } = await send(request.raw, path, {
      root,
      index: false,
      dotfiles: 'deny',
      maxAge: hashed ? YEAR : 0,
      immutable: hashed,
    });
    // Folders, dot files and what is not there are addresses of the app, which the not-found handler knows.
    if (statusCode >= 400) return reply.callNotFound();
    return reply.status(statusCode).headers(headers).send(stream);
  });
}
