/** The other doors of the control plane: MLflow's API, Prometheus, the web app's files. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Auth, authorize } from '../api/http/bind.ts';
import { registerMetrics } from '../api/metrics/routes.ts';
import { registerMlflow } from '../api/mlflow/routes.ts';
import { registerPlane } from '../api/plane/routes.ts';
import { registerVersionFile } from '../api/plane/version-file.ts';
import { registerWandb } from '../api/wandb/routes.ts';
import type { Log } from '../ports/context.ts';
import type { ApiDeps } from '../api/http/deps.ts';
import type { Composition } from './compose.ts';
import { createPartKeeper, readFrom } from './plane-door-files.ts';
import { uiFolder } from './paths.ts';
import { registerWebFiles } from './web-files.ts';

export async function extendWith(
  app: FastifyInstance,
  deps: { readonly auth: Auth; readonly parts: Composition; readonly plane: ApiDeps['plane']; readonly log: Log },
): Promise<void> {
  const { auth, parts, plane } = deps;
  await registerMlflow(app, {
    tracking: parts.tracking,
    registry: parts.registry,
    signer: parts.signer,
    ...(auth.audit === undefined ? {} : { audit: auth.audit }),
    authorize: (request, permission) => authorize(auth, request, permission),
  });
  await registerWandb(app, {
    wandb: parts.wandb,
    signer: parts.signer,
    authorize: (request, permission) => authorize(auth, request, permission),
  });
  await registerPlane(app, {
    fleet: parts.plane,
    authorize: (request, permission) => authorize(auth, request, permission),
    readFrom,
    keepPart: createPartKeeper(join(parts.home, 'predictions')),
  });
  registerVersionFile(app, {
    store: parts.store,
    artifacts: parts.artifacts,
    authorize: (request, permission) => authorize(auth, request, permission),
  });
  registerMetrics(app, {
    authorize: async (request) => void (await authorize(auth, request, 'read')),
    store: parts.store,
    plane,
  });
  registerWebFiles(app, uiFolder());
}

/** The app's one page, read anew so that a rebuilt app needs no restart; undefined in a clone that was not built. */
export async function webAppPage(): Promise<string | undefined> {
  const path = join(uiFolder(), 'index.html');
  return existsSync(path) ? readFile(path, 'utf8') : undefined;
}
