/**
 * Spans and metrics to an OpenTelemetry collector by OTLP/HTTP with protobuf. Off the hot path: a call is one decision and, when it
 * is sampled, one object in a bounded queue; a collector that is dead or slow costs that queue and nothing else.
 */
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { HrTime } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { createBoundedQueue } from '../../platform/bounded-queue.ts';
import type { TelemetrySettings } from '../../platform/telemetry-settings.ts';
import type { MetricFamily, SeenSpan, Telemetry } from '../../ports/telemetry.ts';
import { metricData } from './metric-data.ts';
import { createSampling } from './sampling.ts';
import type { SpanIds } from './sampling.ts';

const QUEUE_SPANS = 8192;
const BATCH_SPANS = 1024;
const SPANS_MS = 1_000;
const CLOSE_MS = 3_000;

export interface TelemetryOptions {
  readonly settings: TelemetrySettings;
  /** Of this program. */
  readonly version: string;
  readonly families: () => readonly MetricFamily[];
  /** Told once when sending begins to fail, and once when it works again. */
  readonly onChange: (message: string) => void;
}

/** ms since 1970 as seconds and nanoseconds. */
function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

export function createOtlpTelemetry({ settings, version, families, onChange }: TelemetryOptions): Telemetry {
  const resource = resourceFromAttributes({
    ...settings.resource,
    'service.name': settings.serviceName,
    'service.version': version,
    'process.pid': process.pid,
  });
  const scope = { name: 'millwright', version };
  const common = { headers: { ...settings.headers }, timeoutMillis: settings.timeoutMs };
  const spanExporter =
    settings.traces === undefined ? undefined : new OTLPTraceExporter({ ...common, url: settings.traces });
  const metricExporter: PushMetricExporter | undefined =
    settings.metrics === undefined ? undefined : new OTLPMetricExporter({ ...common, url: settings.metrics });
  const sample = createSampling(settings.sampler);
  const queue = createBoundedQueue<ReadableSpan>({ maxItems: QUEUE_SPANS });
  const startTime = timeOf(Date.now());
  let sent = 0;
  let failed = 0;
  let sending: Promise<void> | undefined;
  const broken = { spans: false, metrics: false };

  function report(kind: 'spans' | 'metrics', error: Error | undefined): void {
    if (broken[kind] === (error !== undefined)) return;
    broken[kind] = error !== undefined;
    onChange(error === undefined ? `${kind} are sent again` : `${kind} cannot be sent: ${error.message}`);
  }

  /** Resolves with the error, or nothing; never rejects. */
  function exported(
    kind: 'spans' | 'metrics',
    start: (done: (result: { readonly code: number; readonly error?: Error }) => void) => void,
  ): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (result: { readonly code: number; readonly error?: Error }): void => {
        report(kind, result.code === 0 ? undefined : (result.error ?? new Error('refused')));
        resolve(result.code === 0);
      };
      try {
        start(done);
      } catch (error) {
        done({ code: 1, error: error instanceof Error ? error : new Error(String(error)) });
      }
    });
  }

  async function sendSpans(): Promise<void> {
    if (spanExporter === undefined) return;
    while (queue.size > 0) {
      const spans = queue.take(BATCH_SPANS);
      if (await exported('spans', (done) => spanExporter.export(spans, done))) sent += spans.length;
      else {
        failed += spans.length;
        // The next try is the clock's: a dead collector must not be asked in a loop.
        return;
      }
    }
  }

  /** One at a time: while a batch is on its way the queue fills, and then drops. */
  function flush(): Promise<void> {
    sending ??= sendSpans().finally(() => {
      sending = undefined;
    });
    return sending;
  }

  async function sendMetrics(): Promise<void> {
    if (metricExporter === undefined) return;
    const endTime = timeOf(Date.now());
    const metrics = families()
      .filter(({ samples }) => samples.length > 0)
      .map((family) => metricData(family, startTime, endTime));
    const all: ResourceMetrics = { resource, scopeMetrics: [{ scope, metrics }] };
    await exported('metrics', (done) => metricExporter.export(all, done));
  }

  function spanOf(seen: SeenSpan, ids: SpanIds): ReadableSpan {
    const { name, attributes } = seen.describe();
    const context = { traceId: ids.traceId, spanId: ids.spanId, traceFlags: TraceFlags.SAMPLED };
    return {
      name,
      kind: SpanKind.SERVER,
      spanContext: () => context,
      ...(ids.parentId === undefined
        ? {}
        : {
            parentSpanContext: {
              traceId: ids.traceId,
              spanId: ids.parentId,
              traceFlags: TraceFlags.SAMPLED,
              isRemote: true,
            },
          }),
      startTime: timeOf(performance.timeOrigin + seen.startedAt),
      endTime: timeOf(performance.timeOrigin + seen.endedAt),
      duration: timeOf(seen.endedAt - seen.startedAt),
      status: { code: seen.failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes,
      links: [],
      events: [],
      ended: true,
      resource,
      instrumentationScope: scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }

  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    for (const timer of timers) clearInterval(timer);
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    const last = (async () => {
      await sending;
      await Promise.all([flush(), sendMetrics()]);
      await Promise.all([spanExporter?.shutdown(), metricExporter?.shutdown()]);
    })().catch(() => undefined);
    await Promise.race([last, limit]);
    clearTimeout(timer);
  }

  const timers = [setInterval(() => void flush(), SPANS_MS)];
  if (metricExporter !== undefined) timers.push(setInterval(() => void sendMetrics(), settings.metricsIntervalMs));
  for (const timer of timers) timer.unref();

  return {
    call(seen) {
      if (spanExporter === undefined) return;
      const ids = sample(seen.traceparent);
      if (ids === undefined) return;
      // A full queue is counted there; making the span would be for nothing.
      if (queue.size >= QUEUE_SPANS) {
        failed += 1;
        return;
      }
      queue.push(spanOf(seen, ids));
      if (queue.size === BATCH_SPANS) void flush();
    },
    get counts() {
      return { sent, dropped: failed + queue.dropped };
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}
