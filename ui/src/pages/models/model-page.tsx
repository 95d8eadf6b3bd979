import { ScrollX } from '../../parts/scroll-x.tsx';
import { useQuery } from '@tanstack/react-query';
import { addresses, numberOf } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { ModelVersionSummary } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { VersionDots } from '../../charts/version-dots.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { useRowKeys } from '../../keys/use-row-keys.ts';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { betterIs } from '../runs/metric-sense.ts';
import { Page } from '../page.tsx';
import { VersionName } from '../version-name.tsx';
import { roleOfVersion, Verdict } from './verdict.tsx';

/** The metric that most versions have, one whose name says what is better if there is one. */
export function familyMetric(versions: readonly ModelVersionSummary[]): string | undefined {
  const names = [...new Set(versions.flatMap((one) => Object.keys(one.metrics)))].filter(
    (name) => !/^(gain|champion)\./.test(name),
  );
  const count = (name: string): number => versions.filter((one) => one.metrics[name] !== undefined).length;
  const sense = (name: string): number => (betterIs(name) === undefined ? 0 : 1);
  return names.toSorted((a, b) => sense(b) - sense(a) || count(b) - count(a))[0];
}

export function Family({
  versions,
  metric,
  first = false,
}: {
  readonly first?: boolean;
  readonly versions: readonly ModelVersionSummary[];
  readonly metric: string;
}) {
  const { t, f } = useText();
  const dots = versions
    .filter((one) => one.metrics[metric] !== undefined)
    .slice(0, 5)
    .toReversed();
  if (dots.length === 0) return null;
  return (
    <Section first={first} title={t('model.family')} sub={t('model.family.sub', { metric })}>
      <Figure
        firstWidth={360}
        table={{
          head: [t('model.version'), metric, t('version.interval')],
          rows: dots.map((one) => [
            `v${one.number}`,
            one.metrics[metric]?.value ?? '',
            one.metrics[metric]?.low === undefined
              ? ''
              : f.interval(one.metrics[metric].low, one.metrics[metric].high ?? 0),
          ]),
        }}
      >
        {(width) => (
          <VersionDots
            width={width}
            format={(v, decimals) => f.num(v, decimals)}
            label={dots.map((one) => `v${one.number} ${metric} ${f.num(one.metrics[metric]?.value ?? 0)}`).join(', ')}
            dots={dots.map((one) => ({
              name: `v${one.number}`,
              when: f.when(one.createdAt),
              value: one.metrics[metric]?.value ?? 0,
              ...(one.metrics[metric]?.low === undefined || one.metrics[metric].high === undefined
                ? {}
                : { low: one.metrics[metric].low, high: one.metrics[metric].high }),
              color: `var(--${roleOfVersion(one)})`,
            }))}
          />
        )}
      </Figure>
    </Section>
  );
}

export function ModelPage({ project, name }: { readonly project: string; readonly name: string }) {
  const { t, tx, f } = useText();
  const query = useQuery(queries.model(name));
  const current = useRowKeys((query.data?.versions ?? []).map((one) => addresses.version(project, name, one.number)));
  return (
    <Page query={query} title={name}>
      {({ model, versions }) => {
        const champion = model.aliases['champion'];
        const metric = familyMetric(versions);
        const run = (one: ModelVersionSummary): number | undefined =>
          one.pipelineRunId === undefined ? undefined : numberOf(one.pipelineRunId);
        return (
          <>
            <PageHead
              title={name}
              answer={
                champion === undefined
                  ? t('model.answer.none', { name, n: model.versions })
                  : tx('model.answer', {
                      name: <b>{name}</b>,
                      n: model.versions,
                      v: <VersionName number={champion} tone="now" />,
                    })
              }
              lede={model.description}
            />
            <div className="cols m372">
              <Section first title={t('model.versions')} sub={versions.length}>
                {versions.length === 0 ? (
                  <Empty title={t('models.none')} text={t('models.none.text')} command="mw run" />
                ) : (
                  <ScrollX>
                    <table>
                      <thead>
                        <tr>
                          <th scope="col">{t('model.version')}</th>
                          <th scope="col">{t('models.verdict')}</th>
                          <th scope="col" className="num">
                            {t('model.gates')}
                          </th>
                          {metric === undefined ? null : (
                            <th scope="col" className="num">
                              {metric}
                            </th>
                          )}
                          <th scope="col" className="hide-s">
                            {t('model.aliases')}
                          </th>
                          <th scope="col" className="num hide-s">
                            {t('model.live')}
                          </th>
                          <th scope="col" className="hide-s">
                            {t('pipelines.run')}
                          </th>
                          <th scope="col" className="num">
                            {t('model.made')}
                          </th>
                        </tr>
                      </thead>
                      <tbody>
                        {versions.map((one, i) => {
                          const estimate = metric === undefined ? undefined : one.metrics[metric];
                          const number = run(one);
                          return (
                            <tr key={one.number} className={i === current ? 'cur' : undefined}>
                              <td>
                                <b className={`c-${roleOfVersion(one)}`}>
                                  <Go to={addresses.version(project, name, one.number)}>v{one.number}</Go>
                                </b>
                              </td>
                              <td>
                                <Verdict version={one} />
                              </td>
                              <td className="num">
                                {one.gatesPassed}/{one.gatesTotal}
                              </td>
                              {metric === undefined ? null : (
                                <td className="num">
                                  {estimate === undefined ? (
                                    <span className="dim">{t('unknown')}</span>
                                  ) : (
                                    <b>{f.num(estimate.value)}</b>
                                  )}
                                  {estimate?.low === undefined || estimate.high === undefined ? null : (
                                    <span className="ci">{f.interval(estimate.low, estimate.high)}</span>
                                  )}
                                </td>
                              )}
                              <td className="hide-s nw">
                                {one.aliases.map((alias) => (
                                  <span key={alias} className="tag">
                                    {alias}
                                  </span>
                                ))}
                              </td>
                              <td className="num hide-s">
                                {one.percent === 0 ? <span className="dim">—</span> : `${one.percent}%`}
                              </td>
                              <td className="hide-s">
                                {number === undefined ? (
                                  ''
                                ) : (
                                  <Go to={addresses.pipelineRun(project, number)}>
                                    {t('pipeline.name', { n: number })}
                                  </Go>
                                )}
                              </td>
                              <td className="num meta">{f.when(one.createdAt)}</td>
                            </tr>
                          );
                        })}
                      </tbody>
                    </table>
                  </ScrollX>
                )}
              </Section>
              {metric === undefined ? null : <Family first versions={versions} metric={metric} />}
            </div>
          </>
        );
      }}
    </Page>
  );
}
