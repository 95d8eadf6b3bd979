/** Starts the control plane: home, stores, HTTP, data plane, loops; and stops it in the reverse order. */
import { rm } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { createHttp } from '../api/http/server.ts';
import { createHandlers } from '../api/http/routes/index.ts';
import { MillwrightError } from '../domain/errors.ts';
import { createDelivery } from '../modules/delivery/index.ts';
import { createIdentity, createTokens } from '../modules/identity/index.ts';
import type { Config } from '../platform/config.ts';
import { isLoopbackHost } from '../platform/config.ts';
import { writeFileDurable } from '../platform/durable-file.ts';
import { lockHome, prepareHome } from '../platform/home.ts';
import { createLifecycle, stopOnSignals } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import type { Notifier } from '../ports/notifier.ts';
import { createAudit } from './audit.ts';
import { compose, openPlane } from './compose.ts';
import { createDispatcher } from './dispatcher.ts';
import { listenOn } from './listen.ts';
import { deploymentView, pipelineView, promoteView } from './loop-view.ts';
import { startLoop } from './loops.ts';
import { planeView } from './plane-view.ts';
import { plugin } from './plugins.ts';
import { type LoopDeps } from './reactions/deps.ts';
import { judgeModel } from './reactions/judge-model.ts';
import { queueWebhooks, sendWebhooks } from './reactions/mlflow-webhooks.ts';
import { notifyOutside } from './reactions/notify.ts';
import { moveChampion, packageModel, releaseModel } from './reactions/release-model.ts';
import { retrainOnAlert } from './reactions/retrain-on-alert.ts';
import { createSamples } from './samples.ts';
import { createTriggers } from './triggers.ts';
import { extendWith, webAppPage } from './transports.ts';
import { version } from './version.ts';

export interface ServerRecord {
  readonly pid: number;
  readonly url: string;
  readonly rest: string;
  readonly grpc: string;
  readonly startedAt: number;
}

export interface ServerOptions {
  /** Folders with a millwright.yaml. */
  readonly folders: readonly string[];
  readonly webhook?: string;
  /** Stop on SIGTERM and SIGINT. */
  readonly signals: boolean;
}

export interface RunningServer {
  readonly record: ServerRecord;
  readonly projects: readonly string[];
  readonly readyMs: number;
  /** `plane`: end the data plane too. */
  stop(options?: { readonly plane?: boolean }): Promise<void>;
}

const FOLDERS = ['tmp', 'tmp/blobs', 'envs', 'attempts', 'plane', 'predictions', 'outcomes', 'images'];

export async function startServer(config: Config, options: ServerOptions): Promise<RunningServer> {
  const started = performance.now();
  if (config.requireToken && (config.token ?? '').length < 16) {
    throw new MillwrightError(
      'MW-TOKEN-REQUIRED',
      isLoopbackHost(config.host)
        ? 'a token is required'
        : `${config.host} can be reached from other machines, so a token of at least 16 characters is needed`,
      {
        where: '--host',
        next: 'MILLWRIGHT_TOKEN=$(openssl rand -hex 32) mw server --host …',
      },
    );
  }
  const log = createLogger({ level: config.logLevel });
  const life = createLifecycle({ deadlineMs: 15_000, log });
  try {
    return await start(config, options, log, life, started);
  } catch (error) {
    await life.stop('the start failed', { quiet: true });
    throw error;
  }
}

async function start(
  config: Config,
  options: ServerOptions,
  log: ReturnType<typeof createLogger>,
  life: ReturnType<typeof createLifecycle>,
  started: number,
): Promise<RunningServer> {
  const { home } = config;
  await prepareHome(home, FOLDERS);
  const lock = await lockHome(home);
  life.onStop('lock', () => lock.release());

  const opened = await openPlane(config, log);
  const starting = opened.plane.start();
  // Awaited below; a failure of something else must not make it an unhandled one.
  starting.catch(() => undefined);
  let ready = false;
  life.onStop('plane watch', async () => {
    // A data plane of a start that failed would hold its ports with nobody to control it; one that was there before stays.
    const plane = ready ? undefined : await starting.catch(() => undefined);
    if (plane?.found === false) await opened.plane.stop();
    else opened.plane.close();
  });

  let url = '';
  const parts = await compose(config, log, opened, () => url);
  const {
    clock,
    ids,
    store,
    bell,
    artifacts,
    analytics,
    executor,
    plane,
    projects,
    tracking,
    registry,
    packaging,
    deployments,
    monitoring,
    pipelines,
  } = parts;
  life.onStop('store', () => store.close());
  life.onStop('analytics', () => analytics.close());
  life.onStop('sql', () => parts.sql.close());
  life.onStop('executor', () => executor.close());

  const attached = [];
  for (const folder of options.folders) attached.push((await projects.attach(parts.openWorkspace(folder))).name);

  const deps: LoopDeps = {
    store,
    artifacts,
    analytics,
    projects,
    pipelines,
    registry,
    packaging,
    deployments,
    servables: parts.servables,
    clock,
    ids,
    log,
    scratch: join(home, 'tmp'),
  };
  const notifier: Notifier | undefined =
    options.webhook === undefined
      ? undefined
      : (await plugin('notifier', 'webhook')).createWebhookNotifier({
          url: options.webhook,
          allowPrivate: config.allowPrivateEgress,
        });
  const dispatcher = createDispatcher(
    store.events,
    bell,
    [
      retrainOnAlert(deps),
      judgeModel(deps),
      packageModel(deps),
      releaseModel(deps),
      moveChampion(deps),
      queueWebhooks(store),
      ...(notifier === undefined ? [] : [notifyOutside(notifier, () => url)]),
    ],
    log,
  );
  const view = planeView(plane, config);
  const samples = createSamples({ status: () => view.status(), clock, home });
  const identity = createIdentity({
    store,
    ...(config.token !== undefined && config.requireToken ? { adminToken: config.token } : {}),
  });
  const startedAt = clock.now();
  const auth = {
    principal: (request: { readonly headers: { readonly authorization?: string | undefined } }) =>
      identity.principal(request.headers.authorization),
    log,
    audit: createAudit({ store, clock, ids }),
  };
  let tokensDue = config.requireToken;
  const handTokensOver = async (): Promise<void> => {
    if (!config.requireToken) return;
    tokensDue = true;
    await plane.setTokens(await identity.hashes('predict'));
    tokensDue = false;
  };
  const handlers = createHandlers({
    store,
    artifacts,
    analytics,
    clock,
    tracking,
    delivery: createDelivery({ store, clock }),
    projects: { specs: async () => (await projects.list()).map((project) => project.spec) },
    pipelines: pipelineView(deps),
    deployments: deploymentView(deps),
    promote: promoteView(deps),
    registry,
    lineage: parts.lineage,
    proofs: parts.proofs,
    addOutcomes: async (ctx, endpoint, outcomes) => {
      await monitoring.addOutcomes(ctx, endpoint, outcomes);
    },
    tokens: createTokens({ store, clock, ids, changed: handTokensOver }),
    retention: parts.retention,
    sql: parts.sql,
    plane: view,
    samples,
    info: () => ({ version, pid: process.pid, startedAt, url, home, authRequired: identity.required }),
  });
  const app = await createHttp({
    hosts: config.allowedHosts.map((name) => name.toLowerCase()),
    auth,
    handlers,
    stream: dispatcher,
    page: webAppPage,
    extend: (server) => extendWith(server, { auth, parts, plane: view, log }),
  });
  life.onStop('http', () => app.close());
  url = await listenOn(app, config.host, config.port);

  const found = await starting;
  await handTokensOver();
  const record: ServerRecord = { pid: process.pid, url, ...view.remember(found.status), startedAt };
  await deployments.reconcile();
  await parts.proofs.recover();
  life.onStop('proofs', () => parts.proofs.stop());
  dispatcher.start();
  life.onStop('dispatcher', () => dispatcher.stop());
  const engine = pipelines.run().catch((error: unknown) => log.error({ err: error }, 'the pipeline engine ended'));
  life.onStop('pipelines', async () => {
    await pipelines.stop();
    await engine;
  });
  const triggers = createTriggers(deps);
  const loops = [
    startLoop('rollouts', 200, log, () => deployments.tick()),
    startLoop('monitors', 300, log, async () => {
      for (const { spec } of await projects.list()) await monitoring.tick(spec);
    }),
    // A token that was revoked while the data plane was away must not open it when it is back.
    startLoop('tokens', 1000, log, async () => {
      if (tokensDue) await handTokensOver();
    }),
    startLoop('webhooks', 500, log, sendWebhooks({ store, sender: parts.webhookSender, clock, log })),
    startLoop('triggers', 1000, log, (signal) => triggers.tick(signal)),
  ];
  for (const loop of loops) life.onStop('loop', () => loop.stop());
  samples.start();
  life.onStop('samples', () => samples.stop());
  const recordPath = join(home, 'server.json');
  await writeFileDurable(recordPath, `${JSON.stringify(record)}\n`);
  ready = true;
  // It would be written at an orderly end only.
  flushCompileCache();
  life.onStop('record', () => rm(recordPath, { force: true }));
  if (options.signals)
    stopOnSignals(life, { on: (signal, listener) => process.on(signal, listener), exit: (code) => process.exit(code) });
  return {
    record,
    projects: attached,
    readyMs: Math.round(performance.now() - started),
    async stop({ plane: andPlane = false } = {}) {
      if (andPlane) await plane.stop();
      await life.stop('asked to');
    },
  };
}
