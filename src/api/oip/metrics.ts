/**
 * GET /metrics in Prometheus text format 0.0.4. MetricLabels are out of known sets (endpoint, model version, release, route templates,
 * methods, statuses, error codes), nothing a caller can make up.
 */
import type { EndpointStats, Serving } from '../../modules/serving/index.ts';
import type { HistogramSample, MetricFamily, MetricLabels } from '../../ports/telemetry.ts';
import { DURATION_BOUNDS } from './call-durations.ts';
import type { CallDurations } from './call-durations.ts';
import type { HttpRoutes } from './http-server.ts';
import { prometheusText } from './prometheus-text.ts';

export interface MetricsDeps {
  readonly serving: Serving;
  readonly log: () => {
    readonly written: number;
    readonly dropped: number;
    readonly pending: number;
    readonly lost?: { readonly buffer: number; readonly disk: number };
  };
  readonly answered: () => ReadonlyMap<number, number>;
  readonly process: () => { readonly rssBytes: number; readonly cpuSeconds: number; readonly startedAt: number };
  /** Durations of calls, by route, method and status; absent: not measured. */
  readonly http?: CallDurations;
  readonly rpc?: CallDurations;
  /** Delay of the event loop, seconds; lines and spans that were not kept, by what was to hold them. */
  readonly observers?: () => {
    readonly loop: { readonly p50: number; readonly p99: number; readonly max: number };
    readonly accessLog?: { readonly written: number; readonly dropped: number };
    readonly telemetry?: { readonly sent: number; readonly dropped: number };
  };
}

/** Seconds; the internal histogram has 8 buckets a doubling, Prometheus needs fewer. */
const EDGES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const STATES = ['warm', 'cold', 'loading', 'quarantined', 'unloaded'] as const;

type Release = EndpointStats['releases'][number];

interface Labelled {
  readonly release: Release;
  readonly labels: MetricLabels;
}

function family(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  samples: readonly (readonly [labels: MetricLabels, value: number])[],
): MetricFamily {
  return { type, name, help, samples: samples.map(([labels, value]) => ({ labels, value })) };
}

function histogramFamily(name: string, help: string, samples: readonly HistogramSample[]): MetricFamily {
  return { type: 'histogram', name, help, samples };
}

/** The internal buckets put into those of Prometheus, to about 9 %. */
function coarse(release: Release): number[] {
  const { bounds, counts } = release.latency;
  const out: number[] = Array.from({ length: EDGES.length + 1 }, () => 0);
  counts.forEach((count, index) => {
    const seconds = (bounds[index] ?? Number.POSITIVE_INFINITY) / 1000;
    const edge = EDGES.findIndex((candidate) => seconds <= candidate * 1.0001);
    const at = edge === -1 ? EDGES.length : edge;
    out[at] = (out[at] ?? 0) + count;
  });
  return out;
}

function callFamilies(releases: readonly Labelled[]): MetricFamily[] {
  const counter = (name: string, help: string, value: (release: Release) => number): MetricFamily =>
    family(
      'counter',
      name,
      help,
      releases.map(({ release, labels }) => [labels, value(release)]),
    );
  return [
    counter('mw_inference_calls_total', 'Calls answered or failed by the service.', (r) => r.calls),
    counter('mw_inference_rows_total', 'Rows predicted.', (r) => r.rows),
    counter('mw_inference_errors_total', 'Calls the service failed.', (r) => r.errors),
    counter('mw_inference_rejected_total', 'Calls refused because the request was wrong.', (r) => r.rejected),
    family(
      'counter',
      'mw_inference_failures_total',
      'Calls without an answer, by error code.',
      releases.flatMap(({ release, labels }) =>
        Object.entries(release.failures ?? {}).map(([code, count]): [MetricLabels, number] => [
          { ...labels, code },
          count,
        ]),
      ),
    ),
    counter('mw_inference_not_finite_total', 'Answers with NaN or infinity.', (r) => r.nonFinite),
    family(
      'gauge',
      'mw_inference_in_flight',
      'Calls being answered.',
      releases.map(({ release, labels }) => [labels, release.inFlight]),
    ),
    histogramFamily(
      'mw_inference_duration_seconds',
      'From admission to the answer.',
      releases.map(({ release, labels }) => ({
        labels,
        bounds: EDGES,
        counts: coarse(release),
        sum: release.sumMs / 1000,
      })),
    ),
  ];
}

function runtimeFamilies(releases: readonly Labelled[]): MetricFamily[] {
  const each = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    value: (release: Release) => number | undefined,
  ): MetricFamily =>
    family(
      type,
      name,
      help,
      releases.flatMap(({ release, labels }) => {
        const found = value(release);
        return found === undefined ? [] : [[labels, found] as const];
      }),
    );
  return [
    each('gauge', 'mw_queue_waiting', 'Calls that wait for a worker.', (r) => r.runtime.waiting),
    each('counter', 'mw_queue_seconds_total', 'Time calls waited for a worker.', (r) => r.runtime.queueMs / 1000),
    each('counter', 'mw_compute_seconds_total', 'Time the model ran, by batches.', (r) => r.runtime.computeMs / 1000),
    histogramFamily(
      'mw_batch_rows',
      'Rows of a batch.',
      releases.map(({ release: { runtime }, labels }) => ({
        labels,
        bounds: runtime.batchSizes.bounds,
        counts: runtime.batchSizes.counts,
        sum: runtime.batchedRows,
      })),
    ),
    each(
      'counter',
      'mw_shed_total',
      'Calls refused because they could not be answered in time.',
      (r) => r.runtime.shed,
    ),
    each('gauge', 'mw_model_replicas', 'Workers that hold the model.', (r) => r.runtime.replicas),
    each('counter', 'mw_model_restarts_total', 'Workers that died and were replaced.', (r) => r.runtime.restarts),
    each('counter', 'mw_model_cold_starts_total', 'Loads because a call came.', (r) => r.coldStarts),
    each('gauge', 'mw_model_resident_memory_bytes', 'Memory of the processes of the model.', (r) => r.runtime.rssBytes),
    family(
      'gauge',
      'mw_model_state',
      '1 for the state the model is in.',
      releases.flatMap(({ release, labels }) =>
        STATES.map((state): [MetricLabels, number] => [{ ...labels, state }, release.state === state ? 1 : 0]),
      ),
    ),
  ];
}

function shadowFamilies(stats: readonly EndpointStats[]): MetricFamily[] {
  const all = stats.flatMap(({ endpoint, shadow }) =>
    shadow === undefined ? [] : [{ shadow, labels: { endpoint, release: shadow.releaseId } }],
  );
  const each = (name: string, help: string, value: (shadow: (typeof all)[number]['shadow']) => number): MetricFamily =>
    family(
      'counter',
      name,
      help,
      all.map(({ shadow, labels }) => [labels, value(shadow)]),
    );
  return [
    each('mw_shadow_calls_total', 'Calls answered by the live release and by its shadow.', (s) => s.calls),
    each('mw_shadow_rows_total', 'Rows answered by both.', (s) => s.rows),
    each('mw_shadow_differing_rows_total', 'Rows whose scores differ.', (s) => s.differing),
    each('mw_shadow_errors_total', 'Copies the shadow failed.', (s) => s.errors),
    each('mw_shadow_dropped_total', 'Copies not made because the shadow could not keep up.', (s) => s.dropped),
  ];
}

function durations(name: string, help: string, calls: CallDurations | undefined): MetricFamily {
  return histogramFamily(
    name,
    help,
    [...(calls?.series() ?? [])].map(({ labels, counts, sumSeconds }) => ({
      labels,
      bounds: DURATION_BOUNDS,
      counts,
      sum: sumSeconds,
    })),
  );
}

function logFamilies(deps: MetricsDeps): MetricFamily[] {
  const log = deps.log();
  const { loop, accessLog, telemetry } = deps.observers?.() ?? {};
  return [
    family('counter', 'mw_prediction_log_rows_total', 'Rows of the prediction log.', [
      [{ state: 'written' }, log.written],
      [{ state: 'dropped' }, log.dropped],
    ]),
    family(
      'counter',
      'mw_prediction_log_lost_rows_total',
      'Rows of the prediction log that were not kept, by reason.',
      [
        [{ reason: 'buffer' }, log.lost?.buffer ?? 0],
        [{ reason: 'disk' }, log.lost?.disk ?? 0],
      ],
    ),
    family('gauge', 'mw_prediction_log_pending_rows', 'Rows that wait to be written.', [[{}, log.pending]]),
    family(
      'counter',
      'mw_access_log_lines_total',
      'Lines of the access log.',
      accessLog === undefined
        ? []
        : [
            [{ state: 'written' }, accessLog.written],
            [{ state: 'dropped' }, accessLog.dropped],
          ],
    ),
    family(
      'counter',
      'mw_telemetry_spans_total',
      'Spans for the OpenTelemetry collector.',
      telemetry === undefined
        ? []
        : [
            [{ state: 'sent' }, telemetry.sent],
            [{ state: 'dropped' }, telemetry.dropped],
          ],
    ),
    family(
      'gauge',
      'nodejs_eventloop_delay_p50_seconds',
      'Delay of the event loop.',
      loop === undefined ? [] : [[{}, loop.p50]],
    ),
    family(
      'gauge',
      'nodejs_eventloop_delay_p99_seconds',
      'Delay of the event loop.',
      loop === undefined ? [] : [[{}, loop.p99]],
    ),
    family(
      'gauge',
      'nodejs_eventloop_delay_max_seconds',
      'Delay of the event loop.',
      loop === undefined ? [] : [[{}, loop.max]],
    ),
  ];
}

/** Everything that is measured, as it is now. */
export function metricFamilies(deps: MetricsDeps): readonly MetricFamily[] {
  const stats = deps.serving.stats();
  const releases = stats.flatMap(({ endpoint, releases: all }) =>
    all.map((release, index): Labelled => {
      // Two releases of one version (a new signature, say) must not be one series twice.
      const again = all.findIndex(({ version }) => version === release.version) < index;
      return {
        release,
        labels: { endpoint, version: release.version, ...(again ? { release: release.releaseId } : {}) },
      };
    }),
  );
  const used = deps.process();
  return [
    ...callFamilies(releases),
    ...runtimeFamilies(releases),
    ...shadowFamilies(stats),
    family(
      'counter',
      'mw_http_answers_total',
      'HTTP answers by status class.',
      [...deps.answered()].map(([group, count]) => [{ class: `${group}xx` }, count]),
    ),
    durations('http_server_request_duration_seconds', 'HTTP calls, by route, method and status.', deps.http),
    durations('rpc_server_duration_seconds', 'gRPC calls, by method and status.', deps.rpc),
    ...logFamilies(deps),
    family('counter', 'process_cpu_seconds_total', 'CPU time.', [[{}, used.cpuSeconds]]),
    family('gauge', 'process_resident_memory_bytes', 'Resident memory.', [[{}, used.rssBytes]]),
    family('gauge', 'process_start_time_seconds', 'Start.', [[{}, used.startedAt / 1000]]),
  ];
}

export function createMetricsRoutes(deps: MetricsDeps, failed: HttpRoutes['failed']): HttpRoutes {
  return {
    owns: (path) => path.length === 1 && path[0] === 'metrics',
    handle: (call) =>
      call.method === 'GET'
        ? { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: prometheusText(metricFamilies(deps)) }
        : undefined,
    failed,
  };
}
