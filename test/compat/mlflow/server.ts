/** A real server of ours on an ephemeral port, with SQLite and file artifacts in a temporary folder. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { openFileArtifacts } from '../../../src/adapters/artifacts-fs/index.ts';
import { createMlflowSender } from '../../../src/adapters/notifier-webhook/index.ts';
import { openMetadata } from '../../../src/adapters/metadata-sql/index.ts';
import { registerMlflow } from '../../../src/api/mlflow/routes.ts';
import { createRegistry } from '../../../src/modules/registry/index.ts';
import { createTracking } from '../../../src/modules/tracking/index.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createSigner } from '../../../src/platform/signing.ts';
import { createIds } from '../../../src/platform/ids.ts';
import type { Log } from '../../../src/ports/context.ts';

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly status: number;
}

/** `now`: the clock of the signatures. */
export async function startServer({ now = () => Date.now() }: { readonly now?: () => number } = {}) {
  const home = await mkdtemp(join(tmpdir(), 'mw-mlflow-'));
  const store = await openMetadata(`sqlite://${join(home, 'test.db')}`);
  const artifacts = await openFileArtifacts({ root: join(home, 'blobs'), temporary: join(home, 'tmp') });
  const clock = systemClock;
  const ids = createIds(clock);
  const requests: Request[] = [];
  const faults: unknown[] = [];
  const none = (): void => {};
  const log: Log = { debug: none, info: none, warn: none, error: (fields) => void faults.push(fields) };
  const app = Fastify({
    routerOptions: { maxParamLength: 1000, ignoreTrailingSlash: true },
    forceCloseConnections: true,
  });
  app.addHook('onResponse', async (request, reply) => {
    requests.push({ method: request.method, url: request.url, status: reply.statusCode });
  });
  const tracking = createTracking({ store, artifacts, clock, ids });
  // The addresses of tests are names that nobody looks up: everything is public, and 127.0.0.1 is judged as it is.
  const webhooks = createMlflowSender({ allowPrivate: false, clock });
  const registry = createRegistry({ store, clock, ids, webhooks });
  await registerMlflow(app, {
    tracking,
    registry,
    signer: createSigner(new Uint8Array(randomBytes(32)), now),
    authorize: () => ({ principal: { name: 'tester', role: 'admin' }, log, signal: new AbortController().signal }),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    app,
    store,
    tracking,
    registry,
    requests,
    faults,
    async close() {
      await app.close();
      await store.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
