import { useQuery } from '@tanstack/react-query';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { MonitorDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Page } from '../page.tsx';
import { BigHistograms, DriftLegend, DriftTable } from './drift-columns.tsx';
import { IncidentTable } from './incident-table.tsx';
import { mainValue } from './limits.ts';
import { ValueChart } from './value-chart.tsx';

function useAnswer({ monitor, columns }: MonitorDetail): string {
  const { t, f } = useText();
  const { latest } = monitor;
  const window = f.duration(monitor.windowMs);
  const value = latest === undefined ? undefined : mainValue(monitor, latest);
  if (latest === undefined || value === undefined) return t('monitor.never', { name: monitor.name, window });
  const to = f.day(latest.to);
  const verdict =
    monitor.condition === undefined
      ? ''
      : t(latest.breached === null ? 'monitor.cannot' : latest.breached ? 'monitor.breach' : 'monitor.fine');
  const first =
    monitor.kind === 'drift'
      ? t('monitor.drift', {
          drifted: columns.filter((one) => one.drifted).length,
          columns: columns.length,
          window,
          to,
        })
      : t('monitor.performance', {
          metric: monitor.metric ?? 'value',
          value: f.num(value.value),
          interval:
            value.low === undefined || value.high === undefined
              ? `(${t('no.interval')})`
              : f.interval(value.low, value.high),
          window,
          to,
        });
  return `${first} ${verdict}`.trim();
}

function Detail({ detail }: { readonly detail: MonitorDetail }) {
  const { t, f } = useText();
  const answer = useAnswer(detail);
  const { monitor, evaluations, columns, alerts } = detail;
  const { latest } = monitor;
  const open = alerts.find((one) => one.status === 'firing');
  const name = monitor.kind === 'drift' ? t('monitor.share') : (monitor.metric ?? 'value');
  return (
    <>
      <PageHead
        title={monitor.name}
        answer={
          <>
            {answer}{' '}
            {open === undefined ? null : (
              <Go to={addresses.incident(open.project, open.number)}>{t('incident.name', { n: open.number })}</Go>
            )}
          </>
        }
        lede={
          latest === undefined
            ? t('monitors.none.text')
            : t(monitor.condition === undefined ? 'monitor.lede.nolimit' : 'monitor.lede', {
                predictions: latest.predictions,
                outcomes: latest.outcomes,
                condition: monitor.condition ?? '',
              })
        }
      />
      <Section
        first
        title={t('monitor.overtime', { metric: name })}
        sub={t('monitor.overtime.sub', { every: f.duration(monitor.everyMs), window: f.duration(monitor.windowMs) })}
      >
        <ValueChart monitor={monitor} evaluations={evaluations} alerts={alerts} />
      </Section>
      {monitor.kind === 'performance' && columns.length === 0 ? null : (
        <Section title={t('monitor.columns')} sub={t('monitor.columns.sub')} right={<DriftLegend />}>
          <BigHistograms columns={columns} count={2} />
          <DriftTable columns={columns} />
        </Section>
      )}
      <Section title={t('monitors.incidents')} sub={alerts.length}>
        <IncidentTable alerts={alerts} />
      </Section>
    </>
  );
}

/** A monitor: its value over the time of the data, drift by column, its incidents. */
export function MonitorPage({ project, name }: { readonly project: string; readonly name: string }) {
  const detail = useQuery(queries.monitor(project, name));
  return (
    <Page query={detail} title={name}>
      {(data) => <Detail detail={data} />}
    </Page>
  );
}
