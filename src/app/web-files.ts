/** The web app's files. A plugin for this cost a tenth of the start of the server; the files are few, small and ours. */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** Names that cannot leave the folder: no empty, hidden or dotted-up parts, on any system. */
const SAFE = /^(?:\w[\w.-]*\/)*\w[\w.-]*$/;

/** Files with a hash in their name (`assets/`) never change; the others are asked for again each time. */
export function registerWebFiles(app: FastifyInstance, root: string): void {
  // In a clone that was not built there is nothing to serve.
  if (!existsSync(join(root, 'index.html'))) return;
  app.get('/*', async (request, reply) => {
    const { '*': name = '' } = request.params as { readonly '*'?: string };
    const type = TYPES[extname(name)];
    const found =
      SAFE.test(name) && !name.includes('..') && type !== undefined
        ? await stat(join(root, name)).catch(() => undefined)
        : undefined;
    if (type === undefined || found?.isFile() !== true) return reply.callNotFound();
    const etag = `"${found.size.toString(36)}-${Math.floor(found.mtimeMs).toString(36)}"`;
    void reply
      .type(type)
      .header('etag', etag)
      .header(
        'cache-control',
        name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'public, max-age=0',
      );
    if (request.headers['if-none-match'] === etag) return reply.status(304).send();
    return reply.send(await readFile(join(root, name)));
  });
}
