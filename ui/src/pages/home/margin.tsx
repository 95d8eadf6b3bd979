import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { Home } from '../../api/types.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';

/** What only a person can decide. */
export function Waits({ waiting }: { readonly waiting: Home['waiting'] }) {
  const { t } = useText();
  return (
    <Section title={t('home.waiting')} sub={waiting.length === 0 ? undefined : waiting.length}>
      {waiting.length === 0 ? <p className="mut">{t('home.waiting.none')}</p> : null}
      <ul className="wait">
        {waiting.map((one) => (
          <li key={`${one.project} ${one.text}`}>
            <span className="g">
              <StatusMark kind="warning" />
            </span>
            <div>
              {one.text}
              <div className="meta">{one.detail}</div>
            </div>
            <Go className="btn sm" to={one.href} label={`${t('home.open')}: ${one.text}`}>
              {t('home.open')}
            </Go>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The week in figures, each with what stands behind it; then the machine that does the work. */
export function Week({ home }: { readonly home: Home }) {
  const { t, f } = useText();
  const { week } = home;
  const machine = useQuery(queries.resources()).data?.samples ?? [];
  const last = machine.at(-1);
  return (
    <>
      <Section title={t('home.week')}>
        <div className="wk">
          <div>
            <span className="mut">{t('home.week.predictions')}</span>
            <span className="v">{f.int(week.predictions)}</span>
            <span className="meta">
              {week.p99Ms === undefined ? '' : `p99 ${f.num(week.p99Ms, 1)} ms · `}
              {t('home.week.errors', { errors: week.errors })}
            </span>
          </div>
          <div>
            <span className="mut">{t('home.week.retrains')}</span>
            <span className="v">{f.int(week.retrains)}</span>
            <span className="meta">{t('home.week.decided', { promoted: week.promoted, refused: week.refused })}</span>
          </div>
          <div>
            <span className="mut">{t('home.week.incidents')}</span>
            <span className="v">{f.int(week.incidents)}</span>
            <span className="meta" />
          </div>
          <div>
            <span className="mut">{t('home.week.runs')}</span>
            <span className="v">{f.int(home.runs)}</span>
            <span className="meta">{t('home.week.total')}</span>
          </div>
        </div>
      </Section>
      {last === undefined ? null : (
        <Section title={t('home.machine')}>
          <div className="live2">
            <span className="mut">{t('home.cpu')}</span>
            <Sparkline
              values={machine.map((one) => one.cpu)}
              range={[0, 1]}
              label={`${t('home.cpu')} ${f.pct(last.cpu)}`}
            />
            <span>
              <b>{f.pct(last.cpu)}</b>
            </span>
            <span className="mut">{t('home.memory')}</span>
            <Sparkline
              values={machine.map((one) => one.memoryBytes / one.memoryTotalBytes)}
              range={[0, 1]}
              label={`${t('home.memory')} ${f.bytes(last.memoryBytes)}`}
            />
            <span>
              <b>{f.bytes(last.memoryBytes)}</b>{' '}
              <span className="meta">
                {t('home.server', { bytes: f.bytes(last.serverRssBytes) })}
                {last.planeRssBytes === undefined
                  ? ''
                  : ` · ${t('home.plane', { bytes: f.bytes(last.planeRssBytes) })}`}
              </span>
            </span>
          </div>
        </Section>
      )}
    </>
  );
}
