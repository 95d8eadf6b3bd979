import { ScrollX } from '../../parts/scroll-x.tsx';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { DatasetVersion } from '../../api/types.ts';
import { ProfileBars } from '../../charts/profile-bars.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { Page } from '../page.tsx';

function Profile({ version }: { readonly version: DatasetVersion }) {
  const { t, f } = useText();
  return (
    <Section
      title={t('data.profile', { name: version.name })}
      sub={t('data.profile.sub', { n: version.columns.length, rows: version.rows })}
    >
      <ScrollX>
        <table className="feat">
          <thead>
            <tr>
              <th scope="col">{t('data.column')}</th>
              <th scope="col">{t('data.type')}</th>
              <th scope="col" className="hide-s">
                {t('data.shape')}
              </th>
              <th scope="col" className="num">
                {t('data.missing')}
              </th>
              <th scope="col" className="num hide-s">
                {t('data.distinct')}
              </th>
              <th scope="col" className="hide-s">
                {t('data.range')}
              </th>
              <th scope="col" className="num hide-s">
                {t('data.mean')}
              </th>
            </tr>
          </thead>
          <tbody>
            {version.columns.map((one) => (
              <tr key={one.name}>
                <td className="mono nw">{one.name}</td>
                <td className="mut">{one.type}</td>
                <td className="hide-s">
                  <ProfileBars column={one} />
                </td>
                <td className="num">{f.pct(version.rows === 0 ? 0 : one.missing / version.rows)}</td>
                <td className="num hide-s">{f.int(one.distinct)}</td>
                <td className="hide-s nw">
                  {one.min === undefined || one.max === undefined
                    ? (one.top ?? [])
                        .slice(0, 3)
                        .map((top) => top.value)
                        .join(', ')
                    : `${f.num(one.min)} – ${f.num(one.max)}`}
                </td>
                <td className="num hide-s">
                  {one.mean === undefined ? (
                    <span className="dim">—</span>
                  ) : (
                    `${f.num(one.mean)} ± ${one.sd === undefined ? t('unknown') : f.num(one.sd)}`
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </Section>
  );
}

function Chosen({ version }: { readonly version: DatasetVersion }) {
  const { t, f } = useText();
  return (
    <>
      <div className="cols half">
        <Section
          title={t('data.check')}
          sub={
            version.checks.length === 0
              ? t('data.nochecks')
              : t('data.checked', {
                  passed: version.checks.filter((one) => one.passed).length,
                  total: version.checks.length,
                })
          }
        >
          <table>
            <tbody>
              {version.checks.map((one) => (
                <tr key={one.text}>
                  <td className="mono">{one.text}</td>
                  <td className="mut">{one.observed}</td>
                  <td>
                    <Status kind={one.passed ? 'passed' : 'failed'} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Section>
        <Section title={t('data.files')} sub={version.files.length}>
          <Facts
            rows={version.files
              .slice(0, 12)
              .map((one) => [
                <code key={one.path}>{one.path}</code>,
                `${f.bytes(one.bytes)}  ${one.digest.replace('sha256:', '').slice(0, 12)}`,
              ])}
          />
        </Section>
      </div>
      <Profile version={version} />
    </>
  );
}

function List({
  project,
  versions,
  chosen,
}: {
  readonly project: string;
  readonly versions: readonly DatasetVersion[];
  readonly chosen: string | undefined;
}) {
  const { t, f } = useText();
  const router = useRouter();
  const shown = versions.find((one) => one.id === chosen) ?? versions[0];
  if (shown === undefined) {
    return (
      <>
        <PageHead title={t('nav.data')} answer={t('data.none')} />
        <Section first title={t('nav.data')}>
          <Empty title={t('data.none')} text={t('data.none.text')} command="mw run" />
        </Section>
      </>
    );
  }
  return (
    <>
      <PageHead
        title={t('nav.data')}
        answer={t('data.answer', {
          name: shown.name,
          rows: shown.rows,
          n: versions.filter((one) => one.name === shown.name).length,
          when: f.when(shown.createdAt),
        })}
      />
      <Section first title={t('data.versions')} sub={versions.length}>
        <ScrollX>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('data.name')}</th>
                <th scope="col">{t('data.version')}</th>
                <th scope="col" className="num">
                  {t('data.rows')}
                </th>
                <th scope="col" className="num hide-s">
                  {t('data.bytes')}
                </th>
                <th scope="col">{t('data.checks')}</th>
                <th scope="col" className="num">
                  {t('data.made')}
                </th>
              </tr>
            </thead>
            <tbody>
              {versions.slice(0, 50).map((one) => {
                const passed = one.checks.filter((check) => check.passed).length;
                return (
                  <tr key={one.id} className={one === shown ? 'cur' : undefined}>
                    <td>
                      <b>{one.name}</b>
                    </td>
                    <td>
                      <button
                        type="button"
                        className="link mono"
                        aria-pressed={one === shown}
                        onClick={() =>
                          router.history.replace(`${addresses.data(project)}?version=${encodeURIComponent(one.id)}`)
                        }
                      >
                        {one.digest.replace('sha256:', '').slice(0, 12)}
                      </button>
                    </td>
                    <td className="num">{f.int(one.rows)}</td>
                    <td className="num hide-s">{f.bytes(one.bytes)}</td>
                    <td>
                      {one.checks.length === 0 ? (
                        <span className="dim">{t('data.nochecks')}</span>
                      ) : (
                        <Status
                          kind={passed === one.checks.length ? 'passed' : 'failed'}
                          word={t('data.checked', { passed, total: one.checks.length })}
                        />
                      )}
                    </td>
                    <td className="num meta">{f.when(one.createdAt)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </ScrollX>
      </Section>
      <Chosen version={shown} />
    </>
  );
}

/** Dataset versions by content, with their checks and the profile of every column. */
export function DataPage({ project, version }: { readonly project: string; readonly version: string | undefined }) {
  const { t } = useText();
  const query = useQuery(queries.datasets(project));
  return (
    <Page query={query} title={t('nav.data')}>
      {(data) => <List project={project} versions={data.datasets} chosen={version} />}
    </Page>
  );
}
