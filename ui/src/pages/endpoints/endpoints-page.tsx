import { ScrollX } from '../../parts/scroll-x.tsx';
import { useQuery } from '@tanstack/react-query';
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
import { ROLE } from './roles.ts';

const calls = (one: Endpoint, key: 'calls' | 'errors'): number =>
  one.releases.reduce((sum, release) => sum + release[key], 0);

function List({ project, endpoints }: { readonly project: string; readonly endpoints: readonly Endpoint[] }) {
  const { t, f } = useText();
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
      <Section first title={t('nav.endpoints')} sub={endpoints.length}>
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
                    <td>
                      {!one.plane.up ? (
                        <Status kind="failed" />
                      ) : one.rollout?.status === 'running' ? (
                        <Status kind="rolling" />
                      ) : (
                        <Status kind="passed" word={t('live.on')} />
                      )}
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

export function EndpointsPage({ project }: { readonly project: string }) {
  const { t } = useText();
  const endpoints = useQuery(queries.endpoints());
  return (
    <Page query={endpoints} title={t('nav.endpoints')}>
      {(data) => (
        <List
          project={project}
          endpoints={data.endpoints.filter((one) => project === '-' || one.project === project)}
        />
      )}
    </Page>
  );
}
