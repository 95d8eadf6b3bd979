import { ScrollX } from '../../parts/scroll-x.tsx';
import { useQuery } from '@tanstack/react-query';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Monitor } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useRowKeys } from '../../keys/use-row-keys.ts';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loaded } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { Page } from '../page.tsx';
import { IncidentTable } from './incident-table.tsx';
import { mainValue } from './limits.ts';

function MonitorState({ monitor }: { readonly monitor: Monitor }) {
  const { t } = useText();
  const breached = monitor.latest?.breached;
  if (monitor.alert?.status === 'firing')
    return <Status kind="warning" word={t('incident.name', { n: monitor.alert.number })} />;
  if (monitor.latest === undefined) return <Status kind="expected" word={t('monitors.never')} />;
  if (monitor.condition === undefined) return <Status kind="done" word={t('monitors.nolimit')} />;
  if (breached === null || breached === undefined) return <Status kind="unknown" word={t('monitors.unknown')} />;
  return <Status kind={breached ? 'warning' : 'passed'} word={t(breached ? 'monitors.beyond' : 'monitors.within')} />;
}

function MonitorTable({ monitors }: { readonly monitors: readonly Monitor[] }) {
  const { t, f } = useText();
  const current = useRowKeys(monitors.map((one) => addresses.monitor(one.project, one.name)));
  return (
    <ScrollX>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('monitors.name')}</th>
            <th scope="col" className="hide-s">
              {t('monitors.kind')}
            </th>
            <th scope="col" className="num">
              {t('monitors.value')}
            </th>
            <th scope="col" className="hide-s">
              {t('monitors.limit')}
            </th>
            <th scope="col" className="hide-s">
              {t('monitors.window')}
            </th>
            <th scope="col">{t('monitors.state')}</th>
          </tr>
        </thead>
        <tbody>
          {monitors.map((one, i) => {
            const value = one.latest === undefined ? undefined : mainValue(one, one.latest);
            return (
              <tr key={one.id} className={i === current ? 'cur' : undefined}>
                <td>
                  <b>
                    <Go to={addresses.monitor(one.project, one.name)}>{one.name}</Go>
                  </b>
                </td>
                <td className="hide-s mut">
                  {t(`monitors.kind.${one.kind}`)} {one.metric}
                </td>
                <td className="num">
                  {value === undefined ? (
                    <span className="dim">{t('unknown')}</span>
                  ) : (
                    <b>{one.kind === 'drift' ? f.pct(value.value) : f.num(value.value)}</b>
                  )}
                  {value?.low === undefined || value.high === undefined ? null : (
                    <span className="ci hide-s">{f.interval(value.low, value.high)}</span>
                  )}
                </td>
                <td className="mono meta hide-s">{one.condition ?? t('none')}</td>
                <td className="meta hide-s nw">
                  {f.duration(one.windowMs)}, {t('monitors.every', { time: f.duration(one.everyMs) })}
                </td>
                <td>
                  {one.alert?.status === 'firing' ? (
                    <Go to={addresses.incident(one.project, one.alert.number)}>
                      <MonitorState monitor={one} />
                    </Go>
                  ) : (
                    <MonitorState monitor={one} />
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollX>
  );
}

export function MonitorsPage({ project }: { readonly project: string }) {
  const { t } = useText();
  const monitors = useQuery(queries.monitors(project));
  const alerts = useQuery(queries.alerts(project));
  const open = alerts.data?.alerts.filter((one) => one.status === 'firing').length ?? 0;
  return (
    <Page query={monitors} title={t('nav.monitors')}>
      {(data) => (
        <>
          <PageHead
            title={t('nav.monitors')}
            answer={
              data.monitors.length === 0
                ? t('monitors.none')
                : t(open === 0 ? 'monitors.answer' : 'monitors.answer.open', {
                    n: open,
                    monitors: data.monitors.length,
                    project: project === '-' ? t('nav.all') : project,
                  })
            }
            lede={alerts.data?.alerts.find((one) => one.status === 'firing')?.text}
          />
          <Section first title={t('nav.monitors')} sub={data.monitors.length}>
            {data.monitors.length === 0 ? (
              <Empty title={t('monitors.none')} text={t('monitors.none.text')} command="mw run" />
            ) : (
              <MonitorTable monitors={data.monitors} />
            )}
          </Section>
          <Section title={t('monitors.incidents')} sub={alerts.data?.alerts.length}>
            <Loaded query={alerts} what={t('monitors.incidents')}>
              {(found) => <IncidentTable alerts={found.alerts} />}
            </Loaded>
          </Section>
        </>
      )}
    </Page>
  );
}
