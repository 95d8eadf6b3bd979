import type { Alert, Evaluation, Monitor } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { LineChart, type Series } from '../../charts/line-chart.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { alertLimits, mainValue } from './limits.ts';

export interface ValueChartProps {
  readonly monitor: Monitor;
  readonly evaluations: readonly Evaluation[];
  readonly alerts: readonly Alert[];
  readonly height?: number;
}

const APART = 3;

/** The monitored value over time (of the data) with its interval, its limits, and where incidents began. */
export function ValueChart({ monitor, evaluations, alerts, height = 222 }: ValueChartProps) {
  const { t, f } = useText();
  const ordered = evaluations.toSorted((a, b) => a.to - b.to);
  if (ordered.length < 2) return <p className="mut">{t('monitor.overtime.none', { n: ordered.length })}</p>;
  const drift = monitor.kind === 'drift';
  const name = drift ? t('monitor.share') : (monitor.metric ?? 'value');
  const show = (v: number, decimals?: number): string => (drift ? f.pct(v) : f.num(v, decimals));
  const point = (at: number, one: { value: number; low?: number; high?: number } | undefined) => ({
    x: at,
    y: one?.value ?? null,
    ...(one?.low === undefined || one.high === undefined ? {} : { low: one.low, high: one.high }),
  });
  // Two or three versions stay apart. With more, lines would hide each other: the pooled value, which the alert reads, is drawn.
  const versions = [...new Set(ordered.flatMap((one) => Object.keys(one.byVersion)))].toSorted(
    (a, b) => Number(a) - Number(b),
  );
  const byVersion = versions.map(
    (version): Series => ({
      name: `v${version}`,
      color: version === versions.at(-1) ? 'var(--now)' : 'var(--ref)',
      thin: version !== versions.at(-1),
      points: ordered.map((one) =>
        point(one.to, one.byVersion[version]?.[monitor.metric ?? 'value'] ?? one.byVersion[version]?.['value']),
      ),
    }),
  );
  const known = byVersion.filter((one) => one.points.filter((p) => p.y !== null).length > 1);
  const all: Series = {
    name: t('monitor.all'),
    color: 'var(--now)',
    points: ordered.map((one) => point(one.to, mainValue(monitor, one))),
  };
  const series = known.length > 1 && versions.length <= APART ? known : [all];
  const last = mainValue(monitor, ordered.at(-1) ?? ({ values: {} } as Evaluation));
  return (
    <Figure
      firstWidth={768}
      table={{
        head: [t('endpoint.time'), name, t('version.interval'), 'n'],
        rows: ordered.map((one) => {
          const value = mainValue(monitor, one);
          return [
            f.day(one.to),
            value?.value ?? t('unknown'),
            value?.low === undefined || value.high === undefined ? t('no.interval') : f.interval(value.low, value.high),
            value?.n ?? one.predictions,
          ];
        }),
      }}
    >
      {(width) => (
        <LineChart
          width={width}
          height={height}
          xKind="time"
          fromZero={drift}
          label={`${name}: ${last === undefined ? t('unknown') : show(last.value)}`}
          series={series}
          limits={alertLimits(monitor.condition).map((value) => ({ value, text: show(value) }))}
          events={alerts.map((one) => ({ at: one.since, text: `${t('incident.alert')} ${one.number}` }))}
          format={show}
        />
      )}
    </Figure>
  );
}
