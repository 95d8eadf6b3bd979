/** The data plane inside a process: runtimes, routes, protocols and prediction log, joined; it listens nowhere yet. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Server } from 'node:net';
import { createParquetLog } from '../adapters/prediction-log-parquet/parquet-log.ts';
import { containerContract } from '../api/containers/contract.ts';
import { createGrpcServer } from '../api/oip/grpc.ts';
import { createGrpcObserver } from '../api/oip/grpc-observe.ts';
import { BODY_LIMIT, createHttpServer } from '../api/oip/http-server.ts';
import { metricFamilies } from '../api/oip/metrics.ts';
import { createPredictionLog, createServing } from '../modules/serving/index.ts';
import type { Serving } from '../modules/serving/index.ts';
import { systemClock } from '../platform/clock.ts';
import { containerEnvironment, telemetryFromEnvironment } from '../platform/config.ts';
import { createIds } from '../platform/ids.ts';
import type { Logger } from '../platform/logger.ts';
import type { PlaneStatus } from '../ports/data-plane.ts';
import { createObservers } from './gateway-observe.ts';
import { createGrpcDoor } from './gateway-ports.ts';
import type { PortName } from './gateway-ports.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { createRuntimes } from './gateway-runtimes.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import { suspectsOf } from './gateway-suspects.ts';
import { readGolden, readTokenHashes, verifyDigest, writeRoutes, writeTokenHashes } from './plane-files.ts';
import { version } from './version.ts';

const DRAIN_MS = 10_000;

/** 0 where the system does not tell: an image may be run without /proc. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

export interface GatewayPlane {
  readonly serving: Serving;
  /** The listening sockets, to be opened or taken over by the caller. */
  readonly sockets: Readonly<Record<PortName, Server>>;
  /** True once it may be sent calls. */
  ready: boolean;
  status(addresses: { readonly rest: string; readonly grpc: string }): PlaneStatus;
  readTokens(): Promise<void>;
  setTokens(hashes: readonly string[]): Promise<void>;
  flush(): Promise<void>;
  /**
   * Stops accepting, answers what is in flight, writes the prediction log, unloads. `lingerMs`: connections that wait for their
   * client's next call are kept that long, so that the call is answered (and told `Connection: close`) instead of cut off.
   */
  close(lingerMs: number): Promise<void>;
  /** Threads that are in an engine for ever: an exit of the process would wait for them. */
  stuck(): number;
}

export async function createGatewayPlane(settings: GatewaySettings, log: Logger): Promise<GatewayPlane> {
  const { home } = settings;
  const startedAt = systemClock.now();
  const ids = createIds(systemClock);
  const runtime = createRuntimes({ workers: settings.workers, isolate: settings.afterFault || settings.isolate });
  const suspects = await suspectsOf(home, { afterFault: settings.afterFault, key: settings.key }, log);
  const predictions = createPredictionLog(createParquetLog(join(home, 'predictions')), ids);
  const serving = createServing({
    runtime: suspects.watched(runtime),
    log: predictions,
    clock: systemClock,
    ids,
    persist: (routes) => writeRoutes(home, routes),
    verify: verifyDigest,
    readText: readGolden,
    ...(settings.warmModels === undefined ? {} : { budget: { models: settings.warmModels } }),
    onError: (message) => log.error({}, message),
  });

  let ready = false;
  let tokens: ReadonlySet<string> = new Set();
  const tokenCheck = (authorization: string | undefined): boolean => {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    return token !== undefined && tokens.has(createHash('sha256').update(token).digest('hex'));
  };
  const guard = settings.requireToken ? { tokenCheck } : {};
  const shared = { serving, version, ready: () => ready };
  const used = (): { rssBytes: number; cpuSeconds: number; startedAt: number } => {
    const cpu = process.cpuUsage();
    return { rssBytes: residentBytes(), cpuSeconds: (cpu.user + cpu.system) / 1e6, startedAt };
  };
  const measured = { log: () => predictions.counts, answered: () => http.answered, process: used };
  const telemetry = telemetryFromEnvironment();
  const observers = await createObservers({
    ...(settings.accessLog === undefined ? {} : { accessLog: settings.accessLog }),
    accessLogSample: settings.accessLogSample,
    ...(telemetry === undefined ? {} : { telemetry }),
    version,
    families: () => metricFamilies({ serving, ...measured, ...observers.metrics }),
    log: (message) => log.error({}, message),
  });
  const metrics = { ...measured, ...observers.metrics };
  const container = settings.container ? containerContract(containerEnvironment()) : undefined;
  const http = createHttpServer(
    gatewayRoutes({ ...shared, metrics, ...(container === undefined ? {} : { container }) }),
    {
      hosts: settings.allowedHosts,
      bodyLimit: BODY_LIMIT,
      observe: observers.observe,
      ...guard,
    },
  );
  const grpc = createGrpcDoor(
    createGrpcServer({ ...shared, ...guard, interceptors: [createGrpcObserver(observers.observeRpc)] }),
  );

  return {
    serving,
    sockets: { rest: http.server, grpc: grpc.server },
    get ready() {
      return ready;
    },
    set ready(value) {
      ready = value;
    },
    status: (addresses) => ({
      pid: process.pid,
      startedAt,
      ...addresses,
      routes: serving.endpoints().map(({ endpoint, epoch }) => ({ endpoint, epoch })),
      stats: serving.stats(),
      log: predictions.counts,
      rssBytes: used().rssBytes,
      cpuSeconds: used().cpuSeconds,
    }),
    async readTokens() {
      if (settings.requireToken) tokens = new Set(await readTokenHashes(home));
    },
    async setTokens(hashes) {
      await writeTokenHashes(home, hashes);
      tokens = new Set(hashes);
    },
    flush: () => predictions.flush(),
    async close(lingerMs) {
      ready = false;
      await Promise.all([http.drain(DRAIN_MS, lingerMs), grpc.drain(DRAIN_MS)]);
      await predictions.close().catch((error: unknown) => log.error({ error }, 'the prediction log was not written'));
      await observers.close();
      await runtime.close();
    },
    stuck: () => runtime.stuck(),
  };
}
