import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { addresses, numberOf } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { AlertDetail, LoopEvent } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useNow } from '../../live/live-mark.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Story, type StoryLine } from '../../parts/story.tsx';
import { Page } from '../page.tsx';
import { storyLines } from '../story-lines.tsx';
import { STORY_TYPES } from '../story-types.ts';
import { BigHistograms, DriftLegend, DriftTable } from './drift-columns.tsx';
import { ValueChart } from './value-chart.tsx';

const SHOWN = 12;

/** Everything that the alert caused, by the chain of causes; where none was recorded, what the project did next. */
function aftermath(events: readonly LoopEvent[], alertId: string, from: number): readonly LoopEvent[] {
  const oldestFirst = events.toReversed();
  const fired = oldestFirst.find((one) => one.type === 'alert.fired' && one.data['alertId'] === alertId);
  const ids = new Set(fired === undefined ? [] : [fired.id]);
  const chain = oldestFirst.filter((one) => {
    const mine = ids.has(one.id) || (one.cause !== undefined && ids.has(one.cause)) || one.data['alertId'] === alertId;
    if (mine) ids.add(one.id);
    return mine;
  });
  return chain.length > 2 ? chain : oldestFirst.filter((one) => one.at >= from);
}

function Aftermath({ detail }: { readonly detail: AlertDetail }) {
  const text = useText();
  const { t } = text;
  const { alert } = detail;
  const events = useQuery(queries.events(alert.project, 500, STORY_TYPES)).data?.events ?? [];
  const after = aftermath(events, alert.id, alert.createdAt);
  const closes: StoryLine = {
    key: 'closes',
    mark: 'expected',
    what: t('incident.closes'),
    why: t('incident.closes.why'),
    future: true,
  };
  const lines = [...storyLines(after, text).slice(0, SHOWN), ...(alert.status === 'firing' ? [closes] : [])];
  const people = after.filter((one) => one.actor !== 'system').length;
  return (
    <Section
      first
      title={t('incident.next')}
      right={<span className="dim">{t('incident.next.sub', { n: after.length, people })}</span>}
    >
      {after.length < 2 ? <p className="mut">{t('incident.next.none')}</p> : null}
      <Story narrow lines={lines} />
    </Section>
  );
}

function Touched({ project, detail }: { readonly project: string; readonly detail: AlertDetail }) {
  const { t, f } = useText();
  const { alert, monitor, evaluations } = detail;
  const run = alert.pipelineRunId === undefined ? undefined : numberOf(alert.pipelineRunId);
  const newest = evaluations.toSorted((a, b) => b.to - a.to)[0];
  return (
    <Section title={t('incident.touched')}>
      <Facts
        rows={[
          [
            t('incident.endpoint'),
            <Go key="e" to={addresses.endpoint(project, alert.endpoint)}>
              {alert.endpoint}
            </Go>,
          ],
          [
            t('monitors.name'),
            <Go key="m" to={addresses.monitor(project, monitor.name)}>
              {monitor.name}
            </Go>,
          ],
          [t('incident.condition'), <code key="c">{alert.condition}</code>],
          [t('incident.since'), f.full(alert.since)],
          ...(newest === undefined
            ? []
            : [
                [
                  t('incident.window'),
                  t('incident.window.n', { predictions: newest.predictions, outcomes: newest.outcomes }),
                ] as const,
              ]),
          [
            t('incident.retrain'),
            run === undefined ? (
              t('incident.noretrain')
            ) : (
              <Go key="r" to={addresses.pipelineRun(project, run)}>
                {t('pipeline.name', { n: run })}
              </Go>
            ),
          ],
        ]}
      />
    </Section>
  );
}

function Answer({ detail }: { readonly detail: AlertDetail }): ReactNode {
  const { t, f } = useText();
  const { alert, monitor } = detail;
  const since = f.when(alert.since);
  const moved = alert.moved.filter((one) => one.drifted).length;
  if (monitor.kind === 'drift' || alert.value === undefined) return t('incident.drift', { moved, since });
  const { value, low, high } = alert.value;
  const interval = low === undefined || high === undefined ? `(${t('no.interval')})` : f.interval(low, high);
  return `${t('incident.performance', { metric: monitor.metric ?? 'value', value: f.num(value), interval, since })} ${moved === 0 ? '' : t('incident.moved', { moved })}`;
}

function Detail({ project, detail }: { readonly project: string; readonly detail: AlertDetail }) {
  const { t, f, language } = useText();
  const now = useNow(10_000);
  const { alert, monitor, evaluations } = detail;
  const open = alert.status === 'firing';
  // The length of an incident is told on the clock of the data, where it began.
  const newest = Math.max(alert.since, ...evaluations.map((one) => one.to));
  const replayed = now - newest > 60 * 86_400_000;
  const time = f.duration((alert.until ?? (replayed ? newest : now)) - alert.since);
  const moved = alert.moved.filter((one) => one.drifted);
  const metric = monitor.kind === 'drift' ? t('monitor.share') : (monitor.metric ?? 'value');
  return (
    <>
      <PageHead
        title={t('incident.name', { n: alert.number })}
        answer={<Answer detail={detail} />}
        lede={
          <>
            {t(open ? 'incident.open' : 'incident.closed', { time, n: alert.evaluations })}{' '}
            {language === 'en' ? alert.text : null}
          </>
        }
      />
      <div className="cols m372">
        <div>
          <Section
            first
            title={t('incident.worse', { metric })}
            sub={t('monitor.overtime.sub', {
              every: f.duration(monitor.everyMs),
              window: f.duration(monitor.windowMs),
            })}
          >
            <ValueChart monitor={monitor} evaluations={evaluations} alerts={[alert]} />
          </Section>
          <Section title={t('incident.what')} sub={t('incident.what.sub', { n: moved.length })} right={<DriftLegend />}>
            {alert.moved.length === 0 ? <p className="mut">{t('incident.what.none')}</p> : null}
            <BigHistograms columns={alert.moved} count={2} />
            {alert.moved.length === 0 ? null : <DriftTable columns={alert.moved} narrow />}
          </Section>
        </div>
        <aside>
          <Aftermath detail={detail} />
          <Touched project={project} detail={detail} />
        </aside>
      </div>
    </>
  );
}

/** An incident: what moved, since when, and what the loop did about it. */
export function IncidentPage({ project, number }: { readonly project: string; readonly number: number }) {
  const { t } = useText();
  const detail = useQuery(queries.alert(`${project}-a${number}`));
  return (
    <Page query={detail} title={t('incident.name', { n: number })}>
      {(data) => <Detail project={project} detail={data} />}
    </Page>
  );
}
