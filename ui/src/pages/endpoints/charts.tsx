import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { queries } from '../../api/queries.ts';
import type { Endpoint, EndpointSeries } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { LineChart, type Series } from '../../charts/line-chart.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Section } from '../../parts/section.tsx';
import { Empty, Loaded } from '../../parts/states.tsx';
import { roleOf } from './roles.ts';
import { WINDOWS, windowMs } from './windows.ts';

const versionsOf = (series: EndpointSeries): readonly number[] =>
  [...new Set(series.points.flatMap((p) => p.byVersion.map((one) => one.version)))].toSorted((a, b) => a - b);

function latencySeries(series: EndpointSeries, endpoint: Endpoint): readonly Series[] {
  const line = (
    version: number,
    key: 'p50Ms' | 'p95Ms' | 'p99Ms',
    name: string,
    color: string,
    thin: boolean,
  ): Series => ({
    name,
    color,
    thin,
    points: series.points.map((p) => ({
      x: p.at,
      y: p.byVersion.find((one) => one.version === version)?.[key] ?? null,
    })),
  });
  const versions = versionsOf(series).filter((version) => roleOf(endpoint, version) !== 'ref');
  const shown = versions.length === 0 ? versionsOf(series).slice(-1) : versions;
  const first = shown.find((version) => roleOf(endpoint, version) === 'now') ?? shown[0];
  return [
    ...shown.map((version) => line(version, 'p99Ms', `p99 v${version}`, `var(--${roleOf(endpoint, version)})`, false)),
    ...(first === undefined
      ? []
      : [line(first, 'p95Ms', 'p95', 'var(--ref)', true), line(first, 'p50Ms', 'p50', 'var(--ref)', true)]),
  ].filter((one) => one.points.some((p) => p.y !== null));
}

function callSeries(series: EndpointSeries, endpoint: Endpoint): readonly Series[] {
  const seconds = series.stepMs / 1000;
  return versionsOf(series).map((version) => ({
    name: `v${version}`,
    color: `var(--${roleOf(endpoint, version)})`,
    filled: true,
    points: series.points.map((p) => ({
      x: p.at,
      y: (p.byVersion.find((one) => one.version === version)?.calls ?? 0) / seconds,
    })),
  }));
}

function Charts({
  series,
  endpoint,
  window,
}: {
  readonly series: EndpointSeries;
  readonly endpoint: Endpoint;
  readonly window: string;
}) {
  const { t, f } = useText();
  const errors = series.points.reduce((sum, p) => sum + p.byVersion.reduce((a, one) => a + one.errors, 0), 0);
  const calls = series.points.reduce((sum, p) => sum + p.byVersion.reduce((a, one) => a + one.calls, 0), 0);
  const events = series.events.map((one) => ({ at: one.at, text: one.text }));
  if (calls === 0) return <Empty title={t('endpoint.nocalls')} text={t('endpoint.nocalls.text')} />;
  const versions = versionsOf(series);
  const rows = series.points.flatMap((p) =>
    p.byVersion.map((one) => [
      f.full(p.at),
      `v${one.version}`,
      one.calls,
      one.errors,
      one.p50Ms ?? '',
      one.p95Ms ?? '',
      one.p99Ms ?? '',
    ]),
  );
  const table = {
    head: [t('endpoint.time'), t('endpoint.version'), t('endpoints.calls'), t('endpoints.failed'), 'p50', 'p95', 'p99'],
    rows,
  };
  const last = endpoint.releases
    .filter((one) => one.p99Ms !== undefined)
    .map((one) => `v${one.version} p99 ${f.num(one.p99Ms ?? 0, 1)} ms`);
  return (
    <>
      <Figure table={table} caption={t('endpoint.latency.sub', { step: f.duration(series.stepMs) })} firstWidth={516}>
        {(width) => (
          <LineChart
            width={width}
            height={196}
            xKind="time"
            fromZero
            unit="ms"
            label={`${t('endpoint.latency')}, ${window}: ${last.join(', ')}`}
            series={latencySeries(series, endpoint)}
            events={events}
            format={(v) => f.num(v, v < 10 && !Number.isInteger(v) ? 1 : 0)}
          />
        )}
      </Figure>
      <Figure
        table={table}
        caption={<b>{t('endpoint.calls')}</b>}
        right={<span className="dim">{t('endpoint.calls.sub', { errors })}</span>}
        firstWidth={516}
      >
        {(width) => (
          <LineChart
            width={width}
            height={132}
            xKind="time"
            fromZero
            unit="/s"
            label={`${t('endpoint.calls')}: ${versions.map((v) => `v${v}`).join(', ')}; ${calls}`}
            series={callSeries(series, endpoint)}
            format={(v) => f.num(v, Number.isInteger(v) ? 0 : 1)}
          />
        )}
      </Figure>
    </>
  );
}

/** Latency and calls over the window that the address names; `[` `]` step through the windows. */
export function EndpointCharts({ endpoint, window }: { readonly endpoint: Endpoint; readonly window: string }) {
  const { t } = useText();
  const router = useRouter();
  const series = useQuery(queries.series(endpoint.name, windowMs(window)));
  const pick = (next: string): void => router.history.push(`${router.history.location.pathname}?window=${next}`);
  const step = (by: number): void => {
    const at = Math.max(0, WINDOWS.indexOf(window)) + by;
    const next = WINDOWS[at];
    if (next !== undefined) pick(next);
  };
  useKeys([
    { keys: '+', label: `${t('endpoint.window')} −`, run: () => step(-1) },
    { keys: '-', label: `${t('endpoint.window')} +`, run: () => step(1) },
  ]);
  return (
    <Section
      first
      title={t('endpoint.latency')}
      right={
        <span className="tabs" role="group" aria-label={t('endpoint.window')}>
          {WINDOWS.map((one) => (
            <button key={one} type="button" aria-pressed={one === window} onClick={() => pick(one)}>
              {one}
            </button>
          ))}
        </span>
      }
    >
      <Loaded query={series} what={t('endpoint.latency')}>
        {(data) => <Charts series={data} endpoint={endpoint} window={window} />}
      </Loaded>
    </Section>
  );
}
