import type { Endpoint, Release } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Section } from '../../parts/section.tsx';
import { VersionName } from '../version-name.tsx';
import { ReleaseState } from './release-words.tsx';
import { ROLE } from './roles.ts';

function Line({ release }: { readonly release: Release }) {
  const { t, f } = useText();
  const known = (value: number | undefined, decimals: number): string =>
    value === undefined ? '–' : f.num(value, decimals);
  const refused = release.rejected + (release.shed ?? 0);
  const extra = [
    ...(release.coldStarts === undefined || release.coldStarts === 0
      ? []
      : [t('release.coldstarts', { n: release.coldStarts })]),
    ...(release.restarts === undefined || release.restarts === 0
      ? []
      : [t('release.restarts', { n: release.restarts })]),
  ].join(', ');
  return (
    <tr>
      <td className="nw">
        <VersionName number={release.version} tone={ROLE[release.role]} />{' '}
        <span className="meta">{t(`endpoint.role.${release.role}`)}</span>
      </td>
      <td className="nw">
        <ReleaseState release={release} />
        {extra === '' ? null : <div className="micro">{extra}</div>}
      </td>
      <td className="nw">{t(`release.runtime.${release.runtime}`)}</td>
      <td className="num">{known(release.replicas, 0)}</td>
      <td className="num">{known(release.waiting, 0)}</td>
      <td className="num">{known(release.batchRows, 1)}</td>
      <td className="num">{known(release.queueMs, 1)}</td>
      <td className="num">{known(release.computeMs, 1)}</td>
      <td
        className={refused > 0 ? 'num c-warn' : 'num'}
        title={t('release.refused.of', { rejected: release.rejected, shed: release.shed ?? 0 })}
      >
        {f.int(refused)}
      </td>
    </tr>
  );
}

/** State, runtime, queue and batches of each release: what the data plane does with them now. */
export function ReleasesTable({ endpoint }: { readonly endpoint: Endpoint }) {
  const { t } = useText();
  const heads = ['replicas', 'waiting', 'batch', 'waited', 'computed', 'refused'] as const;
  return (
    <Section title={t('release.runs')} sub={t('release.runs.sub')}>
      <ScrollX>
        <table className="tight">
          <thead>
            <tr>
              <th scope="col">{t('endpoint.version')}</th>
              <th scope="col">{t('endpoints.state')}</th>
              <th scope="col">{t('release.runtime')}</th>
              {heads.map((head) => (
                <th key={head} scope="col" className="num">
                  {t(`release.${head}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {endpoint.releases.map((one) => (
              <Line key={one.releaseId} release={one} />
            ))}
          </tbody>
        </table>
      </ScrollX>
    </Section>
  );
}
