/** GET /metrics in Prometheus text format 0.0.4. Labels: endpoint and model version, nothing a caller can make up. */
import type { Serving } from '../../modules/serving/index.ts';
import type { HttpRoutes } from './http-server.ts';

export interface MetricsDeps {
  readonly serving: Serving;
  readonly log: () => { readonly written: number; readonly dropped: number; readonly pending: number };
  readonly answered: () => ReadonlyMap<number, number>;
  readonly process: () => { readonly rssBytes: number; readonly cpuSeconds: number; readonly startedAt: number };
}

/** Seconds; the internal histogram has 8 buckets a doubling, Prometheus needs fewer. */
const EDGES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Release = ReturnType<Serving['stats']>[number]['releases'][number];

function histogram(labels: string, release: Release): string[] {
  const { bounds, counts } = release.latency;
  const lines = EDGES.map((edge) => {
    const below = counts.reduce(
      (sum, count, index) => ((bounds[index] ?? Number.POSITIVE_INFINITY) <= edge * 1000 * 1.0001 ? sum + count : sum),
      0,
    );
    return `mw_inference_duration_seconds_bucket{${labels},le="${edge}"} ${below}`;
  });
  const total = counts.reduce((sum, count) => sum + count, 0);
  return [
    ...lines,
    `mw_inference_duration_seconds_bucket{${labels},le="+Inf"} ${total}`,
    `mw_inference_duration_seconds_sum{${labels}} ${release.sumMs / 1000}`,
    `mw_inference_duration_seconds_count{${labels}} ${total}`,
  ];
}

function metricsText(deps: MetricsDeps): string {
  const releases = deps.serving.stats().flatMap((entry) =>
    entry.releases.map((release) => ({
      release,
      labels: `endpoint="${entry.endpoint}",version="${release.version}"`,
    })),
  );
  const family = (name: string, type: string, help: string, lines: readonly string[]): string[] => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...lines,
  ];
  const each = (name: string, value: (release: Release) => number): string[] =>
    releases.map(({ release, labels }) => `${name}{${labels}} ${value(release)}`);
  const log = deps.log();
  const used = deps.process();
  return [
    ...family(
      'mw_inference_calls_total',
      'counter',
      'Calls answered or failed by the service.',
      each('mw_inference_calls_total', (r) => r.calls),
    ),
    ...family(
      'mw_inference_rows_total',
      'counter',
      'Rows predicted.',
      each('mw_inference_rows_total', (r) => r.rows),
    ),
    ...family(
      'mw_inference_errors_total',
      'counter',
      'Calls the service failed.',
      each('mw_inference_errors_total', (r) => r.errors),
    ),
    ...family(
      'mw_inference_rejected_total',
      'counter',
      'Calls refused because the request was wrong.',
      each('mw_inference_rejected_total', (r) => r.rejected),
    ),
    ...family(
      'mw_inference_not_finite_total',
      'counter',
      'Answers with NaN or infinity.',
      each('mw_inference_not_finite_total', (r) => r.nonFinite),
    ),
    ...family(
      'mw_inference_in_flight',
      'gauge',
      'Calls being answered.',
      each('mw_inference_in_flight', (r) => r.inFlight),
    ),
    ...family(
      'mw_inference_duration_seconds',
      'histogram',
      'From admission to the answer.',
      releases.flatMap(({ release, labels }) => histogram(labels, release)),
    ),
    ...family(
      'mw_http_answers_total',
      'counter',
      'HTTP answers by status class.',
      [...deps.answered()].map(([group, count]) => `mw_http_answers_total{class="${group}xx"} ${count}`),
    ),
    ...family('mw_prediction_log_rows_total', 'counter', 'Rows of the prediction log.', [
      `mw_prediction_log_rows_total{state="written"} ${log.written}`,
      `mw_prediction_log_rows_total{state="dropped"} ${log.dropped}`,
    ]),
    ...family('mw_prediction_log_pending_rows', 'gauge', 'Rows that wait to be written.', [
      `mw_prediction_log_pending_rows ${log.pending}`,
    ]),
    ...family('process_cpu_seconds_total', 'counter', 'CPU time.', [`process_cpu_seconds_total ${used.cpuSeconds}`]),
    ...family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [
      `process_resident_memory_bytes ${used.rssBytes}`,
    ]),
    ...family('process_start_time_seconds', 'gauge', 'Start.', [`process_start_time_seconds ${used.startedAt / 1000}`]),
    '',
  ].join('\n');
}

export function createMetricsRoutes(deps: MetricsDeps, failed: HttpRoutes['failed']): HttpRoutes {
  return {
    owns: (path) => path.length === 1 && path[0] === 'metrics',
    handle: (call) =>
      call.method === 'GET'
        ? { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: metricsText(deps) }
        : undefined,
    failed,
  };
}
