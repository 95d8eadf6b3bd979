/**
 * The data plane: a process of its own that serves its last routes with or without a control plane. Started detached by the
 * data-plane adapter; on standard error it says in one JSON line that it is ready, or why it is not (and exits 1).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { createOnnxRuntime } from '../adapters/runtime-onnx/onnx-runtime.ts';
import { createParquetLog } from '../adapters/prediction-log-parquet/parquet-log.ts';
import { createGrpcServer, listenGrpc } from '../api/oip/grpc.ts';
import { BODY_LIMIT, createHttpServer, listenHttp } from '../api/oip/http-server.ts';
import { createMetricsRoutes } from '../api/oip/metrics.ts';
import { createOipRoutes } from '../api/oip/rest.ts';
import { createScoringRoutes } from '../api/scoring/scoring.ts';
import { errorBody, MillwrightError } from '../domain/errors.ts';
import { createPredictionLog, createServing } from '../modules/serving/index.ts';
import { systemClock } from '../platform/clock.ts';
import { createIds } from '../platform/ids.ts';
import { startTimeOf } from '../platform/process-identity.ts';
import { openControl } from './gateway-control.ts';
import { createCappedLog } from './gateway-log.ts';
import { gatewaySettings } from './gateway-settings.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import {
  lastPorts,
  prepareSocketFolder,
  readRoutes,
  readTokenHashes,
  verifyDigest,
  writePlaneRecord,
  writeRoutes,
  writeTokenHashes,
} from './plane-files.ts';

const DRAIN_MS = 10_000;

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const found: unknown = JSON.parse(text);
  return typeof found === 'object' && found !== null && 'version' in found ? String(found.version) : '0';
}

/** After this a fault is worth another try; before it the same would happen again. */
let up = false;

/** On the asked port; when that is 0, on the one of the last time, where callers know it, unless somebody else has it now. */
async function listenAgain(listen: (port: number) => Promise<number>, asked: number, last: number): Promise<number> {
  if (asked !== 0 || last === 0) return listen(asked);
  try {
    return await listen(last);
  } catch (error) {
    if (!(error instanceof MillwrightError && error.code === 'MW-PORT-TAKEN')) throw error;
    return listen(0);
  }
}

async function serve(settings: GatewaySettings): Promise<void> {
  const { home } = settings;
  const log = createCappedLog();
  const startedAt = systemClock.now();
  await mkdir(join(home, 'plane'), { recursive: true, mode: 0o700 });
  await prepareSocketFolder(settings.socket);

  const ids = createIds(systemClock);
  const runtime = createOnnxRuntime(settings.workers === undefined ? {} : { workers: settings.workers });
  const predictions = createPredictionLog(createParquetLog(join(home, 'predictions')), ids);
  const serving = createServing({
    runtime,
    log: predictions,
    clock: systemClock,
    ids,
    persist: (routes) => writeRoutes(home, routes),
    verify: verifyDigest,
    onError: (message) => log.error({}, message),
  });

  let ready = false;
  let tokens: ReadonlySet<string> = new Set(settings.requireToken ? await readTokenHashes(home) : []);
  const tokenCheck = (authorization: string | undefined): boolean => {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    return token !== undefined && tokens.has(createHash('sha256').update(token).digest('hex'));
  };
  const guard = settings.requireToken ? { tokenCheck } : {};
  const shared = { serving, version: packageVersion(), ready: () => ready };
  const oip = createOipRoutes(shared);
  const used = (): { rssBytes: number; cpuSeconds: number; startedAt: number } => {
    const cpu = process.cpuUsage();
    return { rssBytes: process.memoryUsage.rss(), cpuSeconds: (cpu.user + cpu.system) / 1e6, startedAt };
  };
  const metrics = createMetricsRoutes(
    { serving, log: () => predictions.counts, answered: () => http.answered, process: used },
    oip.failed,
  );
  const http = createHttpServer([oip, createScoringRoutes(serving, () => ready), metrics], {
    hosts: settings.allowedHosts,
    bodyLimit: BODY_LIMIT,
    ...guard,
  });
  const grpc = createGrpcServer({ ...shared, ...guard });

  let ending = false;
  const end = async (reason: string): Promise<void> => {
    if (ending) return;
    ending = true;
    ready = false;
    log.info({ reason }, 'draining');
    const gone = new Promise<void>((resolve) => {
      grpc.tryShutdown(() => resolve());
      setTimeout(() => {
        grpc.forceShutdown();
        resolve();
      }, DRAIN_MS).unref();
    });
    await Promise.all([http.drain(DRAIN_MS), gone]);
    await predictions.close().catch((error: unknown) => log.error({ error }, 'the prediction log was not written'));
    await runtime.close();
    log.info({}, 'stopped');
    // An exit waits for all threads, also for one that is in the engine for ever. Everything is written by now.
    if (runtime.stuck() > 0) {
      process.removeAllListeners('SIGTERM');
      process.kill(process.pid, 'SIGTERM');
    }
    process.exit(0);
  };

  // First the door: a second gateway of this home must not open ports or load anything.
  let addresses = { rest: '', grpc: '' };
  const control = await openControl(settings.socket, {
    serving,
    flush: () => predictions.flush(),
    drain: () => void end('asked by the control plane'),
    async setTokens(hashes) {
      await writeTokenHashes(home, hashes);
      tokens = new Set(hashes);
    },
    status: () => ({
      pid: process.pid,
      startedAt,
      ...addresses,
      routes: serving.endpoints().map(({ endpoint, epoch }) => ({ endpoint, epoch })),
      stats: serving.stats(),
      log: predictions.counts,
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: used().cpuSeconds,
    }),
  });
  control.unref();

  const last = await lastPorts(home);
  for (const { endpoint, error } of await serving.restore(await readRoutes(home))) {
    log.error({ endpoint, error }, 'the last route cannot be served');
  }
  const restPort = await listenAgain(
    (port) => listenHttp(http.server, settings.host, port),
    settings.restPort,
    last.rest,
  );
  const grpcPort = await listenAgain((port) => listenGrpc(grpc, settings.host, port), settings.grpcPort, last.grpc);
  up = true;
  // "Every address" is no address to call, and no name that the Host check lets through.
  const name = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host === '::' ? '[::1]' : settings.host;
  addresses = { rest: `http://${name}:${restPort}`, grpc: `${name}:${grpcPort}` };
  ready = true;
  const processStart = (await startTimeOf(process.pid)) ?? '';
  await writePlaneRecord(home, {
    pid: process.pid,
    processStart,
    startedAt,
    ...addresses,
    socket: settings.socket,
    key: settings.key,
    ...(settings.kept ? { keeper: { pid: process.ppid, start: (await startTimeOf(process.ppid)) ?? '' } } : {}),
  });
  log.info({ pid: process.pid, ...addresses, ms: Math.round(performance.now()) }, 'ready');
  // It would be written at the end only, and a gateway may be killed.
  flushCompileCache();

  process.on('SIGTERM', () => void end('SIGTERM'));
  process.on('SIGINT', () => void end('SIGINT'));
}

// The terminal that started the server may be closed; the service goes on.
process.on('SIGHUP', () => undefined);

function fail(error: unknown): void {
  const coded =
    error instanceof MillwrightError
      ? error
      : new MillwrightError('MW-INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
  // See keeper.ts for what the codes mean there.
  const code = up ? 70 : coded.code === 'MW-HOME-IN-USE' ? 3 : 1;
  process.stderr.write(`${JSON.stringify(errorBody(coded))}\n`, () => process.exit(code));
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

try {
  await serve(gatewaySettings(process.argv.slice(2)));
} catch (error) {
  fail(error);
}
