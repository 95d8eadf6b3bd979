import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { Endpoint, EndpointDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Page } from '../page.tsx';
import { VersionName } from '../version-name.tsx';
import { AbPanel } from './ab-panel.tsx';
import { EndpointCharts } from './charts.tsx';
import { Comparison, Guards } from './comparison.tsx';
import { EndpointFacts } from './endpoint-facts.tsx';
import { RecentPredictions } from './recent.tsx';
import { ReleasesTable } from './releases-table.tsx';
import { RollBack } from './roll-back.tsx';
import { RolloutHistory, RolloutTrack } from './rollout-track.tsx';
import { candidate, champion } from './roles.ts';
import { ShadowPanel } from './shadow-panel.tsx';
import { Trouble } from './trouble.tsx';
import { TryIt } from './try-it.tsx';
import '../../design/records.css';
import '../../design/serving.css';

function Answer({ endpoint }: { readonly endpoint: Endpoint }) {
  const { t, tx, f } = useText();
  const now = champion(endpoint);
  const next = candidate(endpoint);
  const { mirror, rollout } = endpoint;
  const running = rollout?.status === 'running';
  if (running && rollout.ab !== undefined && next !== undefined && now !== undefined) {
    return tx('endpoint.testing', {
      next: <VersionName number={next.version} tone="next" />,
      now: <VersionName number={now.version} tone="now" />,
      outcome: <code>{rollout.ab.outcome}</code>,
      percent: rollout.ab.split,
    });
  }
  if (running && mirror !== undefined && now !== undefined) {
    return tx('endpoint.shadowing', {
      next: <VersionName number={mirror.version} tone="next" />,
      now: <VersionName number={now.version} tone="now" />,
      mirror: mirror.percent,
    });
  }
  if (next !== undefined && endpoint.rollout?.status === 'running') {
    return (
      <>
        {tx('endpoint.rolling', {
          next: <VersionName number={next.version} tone="next" />,
          percent: next.percent,
          progress: f.pct(endpoint.rollout.progress),
        })}{' '}
        {now === undefined
          ? null
          : tx('endpoint.rolling.beside', { now: <VersionName number={now.version} tone="now" /> })}
      </>
    );
  }
  const one = now ?? next;
  if (one === undefined) return t('endpoint.bare', { name: endpoint.name });
  const name = <VersionName number={one.version} tone="now" />;
  if (one.state === 'quarantined') return tx('endpoint.refusing', { now: name });
  if (one.state === 'cold') return tx('endpoint.asleep', { now: name, calls: one.calls });
  if (one.calls === 0) return tx('endpoint.quiet', { now: name });
  return tx('endpoint.steady', {
    now: name,
    calls: one.calls,
    errors: f.int(one.errors),
    p99: one.p99Ms === undefined ? t('unknown') : `${f.num(one.p99Ms, 1)} ms`,
  });
}

function Lede({ endpoint }: { readonly endpoint: Endpoint }) {
  const { t } = useText();
  if (!endpoint.plane.up) return <span className="c-fail">{t('endpoint.down')}</span>;
  const rollout = endpoint.rollout;
  const guards = [...new Set(rollout?.guards.map((one) => one.text) ?? [])];
  return (
    <>
      {rollout?.status === 'running' ? `${t('endpoint.cause', { cause: rollout.cause })} ` : ''}
      {rollout?.status === 'running' && guards.length > 0
        ? `${t('endpoint.guarded', { guards: guards.join(', ') })} `
        : ''}
      {endpoint.previousVersion === undefined ? '' : t('endpoint.warm', { version: endpoint.previousVersion })}
    </>
  );
}

function Detail({
  project,
  detail,
  window,
}: {
  readonly project: string;
  readonly detail: EndpointDetail;
  readonly window: string;
}) {
  const { t } = useText();
  const { endpoint } = detail;
  if (endpoint.releases.length === 0) {
    return (
      <>
        <PageHead title={endpoint.name} answer={t('endpoint.bare', { name: endpoint.name })} />
        <Section first title={endpoint.name}>
          <Empty title={t('endpoints.none')} text={t('endpoints.none.text')} command={`mw deploy ${endpoint.model}`} />
        </Section>
      </>
    );
  }
  return (
    <>
      <PageHead
        title={endpoint.name}
        answer={<Answer endpoint={endpoint} />}
        lede={<Lede endpoint={endpoint} />}
        actions={<RollBack endpoint={endpoint} />}
      />
      <Trouble endpoint={endpoint} />
      <RolloutTrack endpoint={endpoint} />
      <AbPanel endpoint={endpoint} />
      <ShadowPanel project={project} endpoint={endpoint} />
      <div className="cols m516">
        <div>
          <Comparison endpoint={endpoint} />
          <ReleasesTable endpoint={endpoint} />
          <Guards endpoint={endpoint} />
          <RecentPredictions project={project} endpoint={endpoint} />
        </div>
        <div>
          <EndpointCharts endpoint={endpoint} window={window} />
          <EndpointFacts project={project} endpoint={endpoint} />
        </div>
      </div>
      <TryIt project={project} detail={detail} />
      <RolloutHistory rollouts={detail.rollouts} />
    </>
  );
}

/** An endpoint: who answers, whether the candidate holds, and one real request. */
export function EndpointPage({
  project,
  name,
  window,
}: {
  readonly project: string;
  readonly name: string;
  readonly window: string;
}) {
  const detail = useQuery(queries.endpoint(name));
  return (
    <Page query={detail} title={name}>
      {(data) => <Detail project={project} detail={data} window={window} />}
    </Page>
  );
}
