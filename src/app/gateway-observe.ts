/** What looks at the gateway's calls after they are answered: metrics by route, access log, OpenTelemetry. Nothing here is waited for. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createCallDurations } from '../api/oip/call-durations.ts';
import type { SeenRpc } from '../api/oip/grpc-observe.ts';
import { createRouteReader } from '../api/oip/http-route.ts';
import type { SeenCall } from '../api/oip/http-server.ts';
import type { MetricsDeps } from '../api/oip/metrics.ts';
import type { TelemetrySettings } from '../platform/telemetry-settings.ts';
import type { MetricFamily, Telemetry } from '../ports/telemetry.ts';
import { createAccessLog } from './gateway-observe-access.ts';
import type { AccessLog } from './gateway-observe-access.ts';

export interface ObserverOptions {
  /** A file, or `-`. */
  readonly accessLog?: string;
  /** Percent. */
  readonly accessLogSample?: number;
  readonly telemetry?: TelemetrySettings;
  readonly version: string;
  /** What OpenTelemetry is sent; asked for only then. */
  readonly families: () => readonly MetricFamily[];
  readonly log: (message: string) => void;
}

export interface Observers {
  readonly observe: (seen: SeenCall) => void;
  readonly observeRpc: (seen: SeenRpc) => void;
  /** For GET /metrics. */
  readonly metrics: Required<Pick<MetricsDeps, 'http' | 'rpc' | 'observers'>>;
  /** Writes and sends what waits. */
  close(): Promise<void>;
}

const LOOK_MS = 20;
/** Said of addresses that may be made up of known words: no series of their own, or callers could fill the table. */
const BEFORE_A_ROUTE = new Set([401, 403, 404, 405]);
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE']);
/** grpc.status of calls that the service failed: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const RPC_FAILURES = new Set([2, 4, 12, 13, 14, 15]);

const one = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function bytesOf(body: string | Buffer): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length;
}

/** The exporter's packages are loaded only when there is somebody to send to. */
async function openTelemetry(options: ObserverOptions): Promise<Telemetry | undefined> {
  if (options.telemetry === undefined) return undefined;
  const { createOtlpTelemetry } = await import('../adapters/telemetry-otlp/telemetry.ts');
  return createOtlpTelemetry({
    settings: options.telemetry,
    version: options.version,
    families: options.families,
    onChange: (message) => options.log(`OpenTelemetry: ${message}`),
  });
}

export async function createObservers(options: ObserverOptions): Promise<Observers> {
  const routeOf = createRouteReader();
  const served = new Set<string>();
  const http = createCallDurations();
  const rpc = createCallDurations();
  const delay = monitorEventLoopDelay({ resolution: LOOK_MS });
  delay.enable();
  const accessLog: AccessLog | undefined =
    options.accessLog === undefined
      ? undefined
      : createAccessLog({
          to: options.accessLog,
          ...(options.accessLogSample === undefined ? {} : { sample: options.accessLogSample }),
          onError: options.log,
        });
  const telemetry = await openTelemetry(options);

  /** Of calls to a model, the version that answered. */
  function observe({ request, answer, startedAt, endedAt }: SeenCall): void {
    const { route: said = 'other', ...asked } = routeOf(request.url ?? '/');
    const route = served.has(said) || !BEFORE_A_ROUTE.has(answer.status) ? said : 'other';
    if (route !== 'other') served.add(route);
    const method = METHODS.has(request.method ?? '') ? (request.method ?? '') : '_OTHER';
    const { status } = answer;
    http.add(
      `${method} ${route} ${status}`,
      () => ({
        http_request_method: method,
        http_route: route,
        http_response_status_code: String(status),
      }),
      (endedAt - startedAt) / 1000,
    );
    if (accessLog === undefined && telemetry === undefined) return;
    const predictionId = one(answer.headers?.['mw-prediction-id']);
    const version = one(answer.headers?.['mw-model-version']) ?? asked.version;
    accessLog?.add({
      time: performance.timeOrigin + startedAt,
      protocol: 'http',
      method,
      route,
      status,
      ms: endedAt - startedAt,
      bytes: bytesOf(answer.body),
      address: request.socket.remoteAddress ?? '',
      authorization: request.headers.authorization,
      endpoint: asked.endpoint,
      version,
      predictionId,
    });
    telemetry?.call({
      traceparent: one(request.headers['traceparent']),
      tracestate: one(request.headers['tracestate']),
      startedAt,
      endedAt,
      failed: status >= 500,
      describe: () => ({
        name: `${method} ${route}`,
        attributes: {
          'http.request.method': method,
          'http.route': route,
          'url.scheme': 'http',
          'url.path': (request.url ?? '/').split('?')[0]?.slice(0, 256) ?? '/',
          'http.response.status_code': status,
          'network.protocol.version': request.httpVersion,
          'client.address': request.socket.remoteAddress ?? '',
          ...(status >= 500 ? { 'error.type': String(status) } : {}),
          ...model(asked.endpoint, version, predictionId),
        },
      }),
    });
  }

  function observeRpc(seen: SeenRpc): void {
    const { service, method, code, startedAt, endedAt } = seen;
    rpc.add(
      `${service}/${method} ${code}`,
      () => ({ rpc_system: 'grpc', rpc_service: service, rpc_method: method, rpc_grpc_status_code: String(code) }),
      (endedAt - startedAt) / 1000,
    );
    if (accessLog === undefined && telemetry === undefined) return;
    const { endpoint, version, predictionId } = seen.answered();
    accessLog?.add({
      time: performance.timeOrigin + startedAt,
      protocol: 'grpc',
      method,
      route: `/${service}/${method}`,
      status: code,
      ms: endedAt - startedAt,
      address: seen.peer.replace(/:\d+$/, ''),
      authorization: one(seen.metadata?.get('authorization')[0]),
      endpoint,
      version,
      predictionId,
    });
    telemetry?.call({
      traceparent: one(seen.metadata?.get('traceparent')[0]),
      tracestate: one(seen.metadata?.get('tracestate')[0]),
      startedAt,
      endedAt,
      failed: RPC_FAILURES.has(code),
      describe: () => ({
        name: `${service}/${method}`,
        attributes: {
          'rpc.system': 'grpc',
          'rpc.service': service,
          'rpc.method': method,
          'rpc.grpc.status_code': code,
          ...model(endpoint, version, predictionId),
        },
      }),
    });
  }

  /** Since it was asked the last time: of a whole life it would say nothing about now. */
  function loopDelay(): { p50: number; p99: number; max: number } {
    // What is recorded is the time from one look to the next.
    const seconds = (nanoseconds: number): number =>
      Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - LOOK_MS / 1000) : 0;
    const found = { p50: seconds(delay.percentile(50)), p99: seconds(delay.percentile(99)), max: seconds(delay.max) };
    delay.reset();
    return found;
  }

  return {
    observe,
    observeRpc,
    metrics: {
      http,
      rpc,
      observers: () => ({
        loop: loopDelay(),
        ...(accessLog === undefined ? {} : { accessLog: accessLog.counts }),
        ...(telemetry === undefined ? {} : { telemetry: telemetry.counts }),
      }),
    },
    async close() {
      delay.disable();
      await Promise.all([accessLog?.close(), telemetry?.close()]);
    },
  };
}

function model(
  endpoint: string | undefined,
  version: string | undefined,
  predictionId: string | undefined,
): Record<string, string> {
  return {
    ...(endpoint === undefined ? {} : { 'mw.endpoint': endpoint.slice(0, 128) }),
    ...(version === undefined ? {} : { 'mw.model.version': version.slice(0, 32) }),
    ...(predictionId === undefined ? {} : { 'mw.prediction.id': predictionId }),
  };
}
