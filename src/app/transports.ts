/** The other doors of the control plane: MLflow's API, Prometheus, the web app's files. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Auth, authorize } from '../api/http/bind.ts';
import { registerMetrics } from '../api/metrics/routes.ts';
import { registerMlflow } from '../api/mlflow/routes.ts';
import { errorBody, MillwrightError } from '../domain/errors.ts';
import type { Log } from '../ports/context.ts';
import type { ApiDeps } from '../api/http/deps.ts';
import type { Composition } from './compose.ts';
import { uiFolder } from './paths.ts';
import { version } from './version.ts';

export async function extendWith(
  app: FastifyInstance,
  deps: { readonly auth: Auth; readonly parts: Composition; readonly plane: ApiDeps['plane']; readonly log: Log },
): Promise<void> {
  const { auth, parts, plane } = deps;
  await registerMlflow(app, {
    tracking: parts.tracking,
    registry: parts.registry,
    version,
    authorize: (request, permission) => authorize(auth, request, permission),
  });
  registerMetrics(app, {
    authorize: async (request) => void (await authorize(auth, request, 'read')),
    store: parts.store,
    plane,
  });
  await webApp(app);
}

/** Files with a hash in their name never change; every other address of the app is its one page. */
async function webApp(app: FastifyInstance): Promise<void> {
  const root = uiFolder();
  if (!existsSync(join(root, 'index.html'))) return;
  const { default: fastifyStatic } = await import('@fastify/static');
  await app.register(fastifyStatic, {
    root,
    wildcard: false,
    index: false,
    immutable: true,
    maxAge: '365d',
  });
  const page = await readFile(join(root, 'index.html'), 'utf8');
  app.setNotFoundHandler((request, reply) => {
    const wantsPage =
      request.method === 'GET' &&
      !/^\/(?:api|ajax-api|v1|v2|assets)\//.test(request.url) &&
      (request.headers.accept ?? '').includes('text/html');
    if (wantsPage) return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(page);
    return reply.status(404).send(
      errorBody(
        new MillwrightError('MW-ROUTE', `no such address: ${request.method} ${request.url.slice(0, 200)}`, {
          next: 'see docs/contracts/openapi.json',
        }),
      ),
    );
  });
}
