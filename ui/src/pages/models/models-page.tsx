import { ScrollX } from '../../parts/scroll-x.tsx';
import { useQuery } from '@tanstack/react-query';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useRowKeys } from '../../keys/use-row-keys.ts';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Page } from '../page.tsx';
import { Verdict } from './verdict.tsx';

export function ModelsPage({ project }: { readonly project: string }) {
  const { t, f } = useText();
  const query = useQuery(queries.models());
  const current = useRowKeys((query.data?.models ?? []).map((one) => addresses.model(project, one.name)));
  return (
    <Page query={query} title={t('nav.models')}>
      {({ models }) => {
        const first = models[0];
        return (
          <>
            <PageHead
              title={t('nav.models')}
              answer={
                first === undefined
                  ? t('models.none')
                  : first.latest === undefined
                    ? t('models.answer.n', { n: models.length })
                    : t('models.answer', { n: models.length, name: first.name, version: first.latest.number })
              }
            />
            <Section first title={t('nav.models')} sub={models.length}>
              {models.length === 0 ? (
                <Empty title={t('models.none')} text={t('models.none.text')} command="mw run" />
              ) : (
                <ScrollX>
                  <table>
                    <thead>
                      <tr>
                        <th scope="col">{t('models.name')}</th>
                        <th scope="col">{t('models.champion')}</th>
                        <th scope="col">{t('models.latest')}</th>
                        <th scope="col">{t('models.verdict')}</th>
                        <th scope="col" className="num hide-s">
                          {t('models.versions')}
                        </th>
                        <th scope="col" className="num hide-s">
                          {t('model.made')}
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {models.map((one, i) => (
                        <tr key={one.name} className={i === current ? 'cur' : undefined}>
                          <td>
                            <b>
                              <Go to={addresses.model(project, one.name)}>{one.name}</Go>
                            </b>
                          </td>
                          <td className="c-now">
                            {one.aliases['champion'] === undefined ? (
                              <span className="dim">{t('none')}</span>
                            ) : (
                              `v${one.aliases['champion']}`
                            )}
                          </td>
                          <td>
                            {one.latest === undefined ? (
                              ''
                            ) : (
                              <Go to={addresses.version(project, one.name, one.latest.number)}>v{one.latest.number}</Go>
                            )}
                          </td>
                          <td>{one.latest === undefined ? '' : <Verdict version={one.latest} />}</td>
                          <td className="num hide-s">{f.int(one.versions)}</td>
                          <td className="num meta hide-s">{f.when(one.createdAt)}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </ScrollX>
              )}
            </Section>
          </>
        );
      }}
    </Page>
  );
}
