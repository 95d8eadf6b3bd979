import { expect, test } from 'vitest';
import type { Serving } from '../../modules/serving/index.ts';
import { NO_RUNTIME_STATS } from '../../ports/model-runtime.ts';
import { createCallDurations } from './call-durations.ts';
import { createRouteReader } from './http-route.ts';
import { metricFamilies } from './metrics.ts';
import type { MetricsDeps } from './metrics.ts';
import { prometheusText } from './prometheus-text.ts';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** As strict as `promtool check metrics` about what a scraper would refuse. */
function parse(text: string): Map<string, { type: string; samples: Sample[] }> {
  expect(text.endsWith('\n')).toBe(true);
  const families = new Map<string, { type: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const meta = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (meta !== null) {
      const [, kind, name = '', rest = ''] = meta;
      if (kind === 'HELP') expect(families.has(name)).toBe(false);
      else {
        expect(['counter', 'gauge', 'histogram']).toContain(rest);
        families.set(name, { type: rest, samples: [] });
      }
      current = name;
      continue;
    }
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|-?[\d.]+(?:e[+-]?\d+)?)$/.exec(line);
    expect(found, line).not.toBeNull();
    const [, name = '', labelText = '', value = ''] = found ?? [];
    expect(name === current || name.replace(/_(?:bucket|sum|count)$/, '') === current, line).toBe(true);
    const labels: Record<string, string> = {};
    let rest = labelText;
    while (rest !== '') {
      const label = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/.exec(rest);
      expect(label, line).not.toBeNull();
      labels[label?.[1] ?? ''] = label?.[2] ?? '';
      rest = rest.slice(label?.[0].length ?? rest.length);
    }
    const series = `${name}${Object.entries(labels)
      .map(String)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .join()}`;
    expect(seen.has(series), `twice: ${series}`).toBe(false);
    seen.add(series);
    families
      .get(current)
      ?.samples.push({ labels: { ...labels, __name__: name }, value: Number(value.replace(/Inf$/, 'Infinity')) });
  }
  for (const [name, { type, samples }] of families) {
    if (type === 'counter') expect(name).toMatch(/_total$/);
    if (type !== 'histogram') continue;
    const bySeries = Map.groupBy(samples, ({ labels: { le: _le, __name__: _name, ...others } }) =>
      JSON.stringify(others),
    );
    for (const group of bySeries.values()) {
      const buckets = group.filter(({ labels }) => labels['__name__'] === `${name}_bucket`);
      expect(buckets.at(-1)?.labels['le']).toBe('+Inf');
      expect(buckets.map(({ value }) => value)).toEqual(buckets.map(({ value }) => value).sort((a, b) => a - b));
      const count = group.find(({ labels }) => labels['__name__'] === `${name}_count`);
      expect(count?.value).toBe(buckets.at(-1)?.value);
    }
  }
  return families;
}

const release = (version: number, releaseId: string) => ({
  releaseId,
  version,
  calls: 10,
  rows: 12,
  errors: 1,
  rejected: 2,
  failures: { 'MW-TENSOR': 2, 'MW-MODEL-OUTPUT': 1 },
  latency: { bounds: [0.4, 0.9, 4], counts: [5, 3, 1, 1] },
  inFlight: 1,
  state: 'warm' as const,
  coldStarts: 1,
  runtime: {
    ...NO_RUNTIME_STATS,
    waiting: 3,
    queueMs: 500,
    computeMs: 1500,
    batches: 4,
    batchedRows: 12,
    batchSizes: { bounds: [1, 2, 4], counts: [1, 1, 2] },
    shed: 7,
    replicas: 2,
  },
  nonFinite: 0,
  sumMs: 12,
  lastAt: 0,
});

function deps(more: Partial<MetricsDeps> = {}): MetricsDeps {
  const shadow = {
    releaseId: 'e-r9',
    calls: 5,
    rows: 6,
    differing: 1,
    meanAbsDiff: 0,
    maxAbsDiff: 0,
    errors: 0,
    dropped: 2,
  };
  const serving = {
    stats: () => [{ endpoint: 'e', releases: [release(1, 'e-r1'), release(2, 'e-r2'), release(1, 'e-r3')], shadow }],
  };
  return {
    serving: serving as unknown as Serving,
    log: () => ({ written: 5, dropped: 3, pending: 1, lost: { buffer: 1, disk: 2 } }),
    answered: () => new Map([[2, 8]]),
    process: () => ({ rssBytes: 1, cpuSeconds: 2, startedAt: 3000 }),
    ...more,
  };
}

test('what is said is valid Prometheus text, complete, and no series comes twice', () => {
  const http = createCallDurations();
  const labels = {
    http_request_method: 'POST',
    http_route: '/v2/models/{model}/infer',
    http_response_status_code: '200',
  };
  for (const seconds of [0.0004, 0.003, 99]) http.add('k', () => labels, seconds);
  const observers = () => ({ loop: { p50: 0.01, p99: 0.02, max: Number.NaN }, accessLog: { written: 1, dropped: 0 } });
  const families = parse(prometheusText(metricFamilies(deps({ http, observers }))));
  const value = (name: string, wanted: Readonly<Record<string, string>> = {}): number | undefined =>
    families
      .get(name.replace(/_(?:bucket|count|sum)$/, ''))
      ?.samples.find(({ labels: have }) =>
        Object.entries({ __name__: name, ...wanted }).every(([key, text]) => have[key] === text),
      )?.value;
  expect(value('mw_inference_calls_total', { endpoint: 'e', version: '2' })).toBe(10);
  expect(value('mw_inference_calls_total', { version: '1', release: 'e-r3' })).toBe(10);
  expect(value('mw_inference_failures_total', { version: '2', code: 'MW-TENSOR' })).toBe(2);
  expect(value('mw_inference_duration_seconds_bucket', { version: '2', le: '0.001' })).toBe(8);
  expect(value('mw_inference_duration_seconds_count', { version: '2' })).toBe(10);
  expect(value('mw_batch_rows_bucket', { version: '2', le: '4' })).toBe(4);
  expect(value('mw_queue_waiting', { version: '2' })).toBe(3);
  expect(value('mw_queue_seconds_total', { version: '2' })).toBe(0.5);
  expect(value('mw_shed_total', { version: '2' })).toBe(7);
  expect(value('mw_model_state', { version: '2', state: 'warm' })).toBe(1);
  expect(value('mw_model_state', { version: '2', state: 'cold' })).toBe(0);
  expect(value('mw_shadow_dropped_total', { endpoint: 'e', release: 'e-r9' })).toBe(2);
  expect(value('mw_prediction_log_lost_rows_total', { reason: 'disk' })).toBe(2);
  expect(value('http_server_request_duration_seconds_count', { http_route: '/v2/models/{model}/infer' })).toBe(3);
  expect(value('http_server_request_duration_seconds_bucket', { le: '0.0005' })).toBe(1);
  expect(value('nodejs_eventloop_delay_max_seconds')).toBeNaN();
  // Not measured: not said.
  expect(families.has('rpc_server_duration_seconds')).toBe(false);
  expect(families.has('mw_telemetry_spans_total')).toBe(false);
});

test('labels of hostile text stay inside their quotes', () => {
  const text = prometheusText([
    { type: 'gauge', name: 'x', help: 'X.', samples: [{ labels: { a: 'q"\\\n} 1\ny 2' }, value: Infinity }] },
  ]);
  expect(parse(text).get('x')?.samples).toEqual([
    { labels: { __name__: 'x', a: String.raw`q\"\\\n} 1\ny 2` }, value: Infinity },
  ]);
});

test.each([
  ['/v2/models/flights/infer', '/v2/models/{model}/infer', 'flights', undefined],
  ['/v2/models/fl%20x/versions/3/infer?x=1', '/v2/models/{model}/versions/{version}/infer', 'fl x', '3'],
  ['/v1/models/flights:predict', '/v1/models/{model}:predict', 'flights', undefined],
  ['/v1/models/flights:steal', undefined, undefined, undefined],
  ['/v2/models/stats', '/v2/models/stats', undefined, undefined],
  ['/v2/models/flights/stats', '/v2/models/{model}/stats', 'flights', undefined],
  ['/endpoints/flights/invocations', '/endpoints/{model}/invocations', 'flights', undefined],
  ['/invocations', '/invocations', undefined, undefined],
  ['/', '/', undefined, undefined],
  ['/wp-admin/x.php', undefined, undefined, undefined],
  [`/v2/${'models/'.repeat(20)}`, undefined, undefined, undefined],
])('the route of %s is a template', (url, route, endpoint, version) => {
  const read = createRouteReader();
  for (let again = 0; again < 2; again += 1) {
    expect(read(url)).toEqual({
      route,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(version === undefined ? {} : { version }),
    });
  }
});

test('callers cannot make series: made-up addresses are one route, and series are limited', () => {
  const read = createRouteReader();
  const routes = new Set<string | undefined>();
  for (let index = 0; index < 10_000; index += 1) {
    routes.add(read(`/v2/models/m${index}/infer`).route);
    routes.add(read(`/x${index}/y`).route);
  }
  expect(routes).toEqual(new Set(['/v2/models/{model}/infer', undefined]));
  const durations = createCallDurations();
  for (let index = 0; index < 9000; index += 1) durations.add(String(index), () => ({}), 1);
  expect([...durations.series()]).toHaveLength(2000);
});
