/** Prometheus' text format 0.0.4. https://prometheus.io/docs/instrumenting/exposition_formats/ */
import type { HistogramSample, MetricFamily, MetricLabels } from '../../ports/telemetry.ts';

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function labelText(labels: MetricLabels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

function histogramLines(name: string, { labels, bounds, counts, sum }: HistogramSample): string[] {
  let below = 0;
  const buckets = bounds.map((bound, index) => {
    below += counts[index] ?? 0;
    return `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${below}`;
  });
  for (let index = bounds.length; index < counts.length; index += 1) below += counts[index] ?? 0;
  return [
    ...buckets,
    `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${below}`,
    `${name}_sum${labelText(labels)} ${numberText(sum)}`,
    `${name}_count${labelText(labels)} ${below}`,
  ];
}

/** Families without a sample are left out. */
export function prometheusText(families: readonly MetricFamily[]): string {
  const lines: string[] = [];
  for (const family of families) {
    if (family.samples.length === 0) continue;
    const { name, help, type } = family;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    if (family.type === 'histogram') for (const sample of family.samples) lines.push(...histogramLines(name, sample));
    else for (const { labels, value } of family.samples) lines.push(`${name}${labelText(labels)} ${numberText(value)}`);
  }
  return `${lines.join('\n')}\n`;
}
