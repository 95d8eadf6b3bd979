import { useQuery } from '@tanstack/react-query';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Endpoint, ShadowComparison } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { ScoreHistogram } from '../../charts/score-histogram.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { VersionName } from '../version-name.tsx';
import { glimpse } from './recent.tsx';

function Numbers({ endpoint, shadow }: { readonly endpoint: Endpoint; readonly shadow: ShadowComparison }) {
  const { t, f } = useText();
  const live = endpoint.releases.find((one) => one.version === shadow.liveVersion);
  const ms = (one: { p50?: number | undefined; p95?: number | undefined; p99?: number | undefined }): string =>
    `${[one.p50, one.p95, one.p99].map((value) => (value === undefined ? '?' : f.num(value, 1))).join(' · ')} ms`;
  const count = (value: number | undefined): string => (value === undefined ? t('unknown') : f.int(value));
  return (
    <Facts
      rows={[
        [t('shadow.compared'), <b key="n">{f.int(shadow.rows)}</b>],
        [t('shadow.share'), `${f.pct(shadow.differing / Math.max(1, shadow.rows))} · ${f.int(shadow.differing)}`],
        [t('shadow.mean'), `${f.num(shadow.meanAbsDiff)} ${t('shadow.absolute')}`],
        [t('shadow.max'), `${f.num(shadow.maxAbsDiff)} ${t('shadow.absolute')}`],
        ...(shadow.scoreShift === undefined
          ? []
          : [
              [
                t('shadow.shift'),
                <span key="s">
                  {f.num(shadow.scoreShift)} <span className="ci">{t('shadow.shift.note')}</span>
                </span>,
              ] as const,
            ]),
        ...(shadow.latency === undefined
          ? []
          : [
              [
                t('shadow.latency'),
                <span key="l" className="lat">
                  <span>
                    <span className="c-next">v{shadow.version}</span> {ms(shadow.latency)}
                  </span>
                  {live === undefined ? null : (
                    <span>
                      <span className="c-now">v{live.version}</span>{' '}
                      {ms({ p50: live.p50Ms, p95: live.p95Ms, p99: live.p99Ms })}
                    </span>
                  )}
                </span>,
              ] as const,
            ]),
        [
          t('shadow.failed'),
          <span key="e" className={(shadow.errors ?? 0) > 0 ? 'c-fail' : undefined}>
            {count(shadow.errors)}
          </span>,
        ],
        [
          t('shadow.dropped'),
          <span key="d">
            {count(shadow.dropped)}
            {(shadow.dropped ?? 0) > 0 ? <span className="ci">{t('shadow.dropped.note')}</span> : null}
          </span>,
        ],
      ]}
    />
  );
}

function Scores({ shadow }: { readonly shadow: ShadowComparison }) {
  const { t, f } = useText();
  const { histogram } = shadow;
  if (histogram === undefined) return null;
  const names = [`v${shadow.liveVersion ?? '?'} ${t('shadow.live')}`, `v${shadow.version} ${t('shadow.shadow')}`];
  return (
    <Figure
      caption={
        <>
          <b>{t('shadow.histogram')}</b> {t('shadow.histogram.sub', { rows: shadow.rows })}
        </>
      }
      right={
        <span className="legend">
          <span>
            <i className="now" />
            {names[0]}
          </span>
          <span>
            <i className="next" />
            {names[1]}
          </span>
        </span>
      }
      firstWidth={560}
      table={{
        head: [t('endpoint.score'), ...names],
        rows: histogram.live.map((count, i) => [
          `${f.num(histogram.edges[i] ?? 0)} – ${f.num(histogram.edges[i + 1] ?? 0)}`,
          count,
          histogram.shadow[i] ?? 0,
        ]),
      }}
    >
      {(width) => (
        <ScoreHistogram
          width={width}
          edges={histogram.edges}
          live={histogram.live}
          shadow={histogram.shadow}
          label={`${t('shadow.histogram')} ${names.join(', ')}; ${t('shadow.compared')}: ${shadow.rows}`}
          format={(value, decimals) => f.num(value, decimals)}
        />
      )}
    </Figure>
  );
}

function Top({
  project,
  endpoint,
  shadow,
}: {
  readonly project: string;
  readonly endpoint: Endpoint;
  readonly shadow: ShadowComparison;
}) {
  const { t, f } = useText();
  if (shadow.top.length === 0) return null;
  return (
    <>
      <h3 className="gap">{t('shadow.top')}</h3>
      <ScrollX>
        <table className="tight">
          <thead>
            <tr>
              <th scope="col">{t('endpoint.id')}</th>
              <th scope="col" className="hide-s">
                {t('prediction.inputs')}
              </th>
              <th scope="col" className="num">
                {t('shadow.live')} v{shadow.liveVersion ?? '?'}
              </th>
              <th scope="col" className="num">
                {t('shadow.shadow')} v{shadow.version}
              </th>
              <th scope="col" className="num">
                {t('endpoint.difference')}
              </th>
              <th scope="col">
                <span className="sr">{t('shadow.try')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shadow.top.map((row) => (
              <tr key={row.id}>
                <td>
                  <Go className="mono" to={addresses.prediction(project, endpoint.name, row.id)} title={row.id}>
                    …{row.id.slice(-9)}
                  </Go>
                </td>
                <td className="hide-s mut nw">{glimpse(row.inputs)}</td>
                <td className="num">{f.num(row.live, 3)}</td>
                <td className="num">{f.num(row.shadow, 3)}</td>
                <td className="num">
                  <b>{f.signed(row.difference, 3)}</b>
                </td>
                <td className="num">
                  <Go to={addresses.playground(project, endpoint.name, row.id)}>{t('shadow.try')}</Go>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </>
  );
}

/** A version on copies of the calls beside the answers that were given. Nothing where no shadow ever ran. */
export function ShadowPanel({ project, endpoint }: { readonly project: string; readonly endpoint: Endpoint }) {
  const { t, tx, f } = useText();
  const shadow = useQuery(queries.shadow(endpoint.name)).data?.shadow;
  if (shadow === undefined) return null;
  const names = {
    next: <VersionName number={shadow.version} tone="next" />,
    now: <VersionName number={shadow.liveVersion ?? 0} tone="now" />,
  };
  return (
    <Section
      first
      title={t('shadow.title')}
      sub={tx('shadow.sub', names)}
      right={
        shadow.active ? (
          <Status kind="rolling" word={t('shadow.active', { percent: shadow.percent })} />
        ) : (
          <Status
            kind="done"
            word={t('shadow.ended', { when: shadow.endedAt === undefined ? '?' : f.when(shadow.endedAt) })}
          />
        )
      }
    >
      {shadow.rows === 0 ? (
        <>
          <Empty title={t('shadow.empty')} text={tx('shadow.empty.text', names)} />
          {(shadow.errors ?? 0) + (shadow.dropped ?? 0) > 0 ? <Numbers endpoint={endpoint} shadow={shadow} /> : null}
        </>
      ) : (
        <>
          <p className="abverdict">
            {shadow.differing === 0
              ? t('shadow.same', { rows: shadow.rows })
              : t('shadow.differs', {
                  rows: shadow.rows,
                  differing: shadow.differing,
                  share: f.pct(shadow.differing / shadow.rows),
                })}
          </p>
          <div className="cols half">
            <div>
              <Numbers endpoint={endpoint} shadow={shadow} />
            </div>
            <div>
              <Scores shadow={shadow} />
            </div>
          </div>
          <Top project={project} endpoint={endpoint} shadow={shadow} />
        </>
      )}
    </Section>
  );
}
