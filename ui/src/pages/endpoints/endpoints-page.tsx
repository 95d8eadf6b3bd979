import { ScrollX } from '../../parts/scroll-x.tsx';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Endpoint } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { useRowKeys } from '../../keys/use-row-keys.ts';
import { Page } from '../page.tsx';
import { FindPrediction } from './find-prediction.tsx';
import { ReleaseState } from './release-words.tsx';
import { ROLE } from './roles.ts';
import '../../design/records.css';
import '../../design/serving.css';

const calls = (one: Endpoint, key: 'calls' | 'errors'): number =>
  one.releases.reduce((sum, release) => sum + release[key], 0);

/** The worst of what its releases are in; a healthy one says that it answers. */
function EndpointState({ endpoint }: { readonly endpoint: Endpoint }) {
  const { t } = useText();
  if (!endpoint.plane.up) return <Status kind="failed" word={t('endpoints.down')} />;
  const called = endpoint.releases.filter((one) => one.percent > 0 || one.role === 'shadow');
  const odd = (['quarantined', 'unloaded', 'loading', 'cold'] as const)
    .map((state) => called.find((one) => one.state === state))
    .find((one) => one !== undefined);
  if (odd !== undefined) {
    return (
      <>
        <ReleaseState release={odd} />
        {called.length > 1 ? <span className="ci">v{odd.version}</span> : null}
      </>
    );
  }
  return endpoint.rollout?.status === 'running' ? (
    <Status kind={endpoint.rollout.overdue === true ? 'warning' : 'rolling'} word={t('endpoints.canary')} />
  ) : (
    <Status kind="passed" word={t('live.on')} />
  );
}

function List({
  project,
  endpoints,
  projects,
  asked,
}: {
  readonly project: string;
  readonly endpoints: readonly Endpoint[];
  /** Names of the projects that are known here. */
  readonly projects: readonly string[];
  readonly asked: string;
}) {
  const { t, f } = useText();
  const { history } = useRouter();
  const current = useRowKeys(endpoints.map((one) => addresses.endpoint(project, one.name)));
  const total = (key: 'calls' | 'errors'): number => endpoints.reduce((sum, one) => sum + calls(one, key), 0);
  return (
    <>
      <PageHead
        title={t('nav.endpoints')}
        answer={
          endpoints.length === 0
            ? t('endpoints.none')
            : t('endpoints.answer', { n: endpoints.length, calls: total('calls'), errors: total('errors') })
        }
      />
      <Section
        first
        title={t('nav.endpoints')}
        sub={endpoints.length}
        right={
          <FindPrediction
            key={asked}
            asked={asked}
            onAsk={(id) => history.push(`${addresses.endpoints(project)}?id=${encodeURIComponent(id)}`)}
          />
        }
      >
        {endpoints.length === 0 ? (
          <Empty title={t('endpoints.none')} text={t('endpoints.none.text')} command="mw deploy" />
        ) : (
          <ScrollX>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('endpoints.name')}</th>
                  <th scope="col">{t('endpoints.serves')}</th>
                  <th scope="col">{t('endpoints.state')}</th>
                  <th scope="col" className="hide-s">
                    {t('endpoints.runtime')}
                  </th>
                  <th scope="col" className="num">
                    {t('endpoints.calls')}
                  </th>
                  <th scope="col" className="num">
                    {t('endpoints.failed')}
                  </th>
                  <th scope="col" className="hide-s">
                    {t('endpoints.address')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {endpoints.map((one, i) => (
                  <tr key={one.name} className={i === current ? 'cur' : undefined}>
                    <td>
                      <b>
                        <Go to={addresses.endpoint(project, one.name)}>{one.name}</Go>
                      </b>
                      {projects.includes(one.project) ? null : <span className="tag">{t('endpoints.alone')}</span>}
                    </td>
                    <td className="nw">
                      {one.releases
                        .filter((release) => release.percent > 0)
                        .map((release) => (
                          <span key={release.releaseId} className={`c-${ROLE[release.role]}`}>
                            v{release.version} {release.percent}%{' '}
                          </span>
                        ))}
                    </td>
                    <td className="nw">
                      <EndpointState endpoint={one} />
                    </td>
                    <td className="nw hide-s">
                      {[...new Set(one.releases.map((release) => t(`release.runtime.${release.runtime}`)))].join(', ')}
                    </td>
                    <td className="num">{f.int(calls(one, 'calls'))}</td>
                    <td className="num">{f.int(calls(one, 'errors'))}</td>
                    <td className="hide-s mono meta">{one.restUrl}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        )}
      </Section>
    </>
  );
}

/** `asked`: the id of a prediction that is looked for. */
export function EndpointsPage({ project, asked }: { readonly project: string; readonly asked: string }) {
  const { t } = useText();
  const endpoints = useQuery(queries.endpoints());
  const projects = useQuery(queries.home()).data?.projects.map((one) => one.name);
  return (
    <Page query={endpoints} title={t('nav.endpoints')}>
      {(data) => (
        <List
          project={project}
          projects={projects ?? data.endpoints.map((one) => one.project)}
          // One that belongs to no project is in every list: it would be in none else.
          endpoints={data.endpoints.filter(
            (one) => project === '-' || one.project === project || projects?.includes(one.project) === false,
          )}
          asked={asked}
        />
      )}
    </Page>
  );
}
