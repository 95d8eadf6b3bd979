/** Our metrics as OpenTelemetry's: names with dots, units as units, counts since the start of the process. */
import { ValueType } from '@opentelemetry/api';
import type { Attributes, HrTime } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import type { MetricFamily, MetricLabels } from '../../ports/telemetry.ts';

const UNITS = [
  ['_seconds', 's'],
  ['_bytes', 'By'],
] as const;

/** `http_server_request_duration_seconds` is `http.server.request.duration` in `s`. */
export function otelName(prometheus: string): { readonly name: string; readonly unit: string } {
  const bare = prometheus.replace(/_total$/, '');
  const unit = UNITS.find(([suffix]) => bare.endsWith(suffix));
  const name = (unit === undefined ? bare : bare.slice(0, -unit[0].length)).replaceAll('_', '.');
  return { name, unit: unit?.[1] ?? '1' };
}

/** Labels of OpenTelemetry's conventions get their dots back; ours are ours. */
function attributesOf(labels: MetricLabels): Attributes {
  const conventional = /^(?:http|rpc|url|network)_|^error_type$/;
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => {
      if (!conventional.test(name)) return [`mw.${name}`, value];
      const dotted = name === 'http_response_status_code' ? 'http.response.status_code' : name.replaceAll('_', '.');
      const status = /status\.?_?code$/.test(dotted);
      return [dotted === 'rpc.grpc.status.code' ? 'rpc.grpc.status_code' : dotted, status ? Number(value) : value];
    }),
  );
}

function sumOf(counts: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < counts.length; index += 1) total += counts[index] ?? 0;
  return total;
}

export function metricData(family: MetricFamily, startTime: HrTime, endTime: HrTime): MetricData {
  const descriptor = { ...otelName(family.name), description: family.help, valueType: ValueType.DOUBLE };
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  if (family.type === 'histogram') {
    return {
      descriptor,
      aggregationTemporality,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: family.samples.map(({ labels, bounds, counts, sum }) => ({
        startTime,
        endTime,
        attributes: attributesOf(labels),
        value: {
          buckets: {
            boundaries: [...bounds],
            counts: Array.from({ length: bounds.length + 1 }, (_, index) => counts[index] ?? 0),
          },
          sum,
          count: sumOf(counts),
        },
      })),
    };
  }
  const dataPoints = family.samples.map(({ labels, value }) => ({
    startTime,
    endTime,
    attributes: attributesOf(labels),
    value,
  }));
  return family.type === 'gauge'
    ? { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints }
    : { descriptor, aggregationTemporality, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}
