import { useQuery } from '@tanstack/react-query';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Status } from '../../parts/status.tsx';
import { Page } from '../page.tsx';
import { VersionName } from '../version-name.tsx';
import { ROLE } from './roles.ts';

/** One logged prediction: what it saw, what it said, what became of it. */
export function PredictionPage({
  project,
  endpoint,
  id,
}: {
  readonly project: string;
  readonly endpoint: string;
  readonly id: string;
}) {
  const { t, tx, f } = useText();
  const found = useQuery(queries.prediction(endpoint, id));
  const detail = useQuery({ ...queries.endpoint(endpoint), refetchInterval: false, retry: false }).data;
  const releaseOf = (version: number) => detail?.endpoint.releases.find((one) => one.version === version);
  return (
    <Page query={found} title={id}>
      {({ prediction }) => (
        <>
          <PageHead
            title={id}
            answer={tx('prediction.answer', {
              v: (
                <VersionName
                  number={prediction.version}
                  tone={ROLE[releaseOf(prediction.version)?.role ?? 'previous']}
                />
              ),
              score: prediction.score === null ? t('unknown') : f.num(prediction.score, 3),
              ms: `${f.num(prediction.latencyMs, 1)} ms`,
            })}
            lede={
              prediction.outcome === undefined
                ? t('prediction.open')
                : t('prediction.came', {
                    outcome: f.num(prediction.outcome),
                    when: prediction.outcomeTime === undefined ? '?' : f.full(prediction.outcomeTime),
                  })
            }
            actions={
              <Go className="btn" to={addresses.playground(project, endpoint, prediction.id)}>
                {t('prediction.try')}
              </Go>
            }
          />
          <div className="cols half">
            <Section first title={t('prediction.inputs')} sub={Object.keys(prediction.inputs).length}>
              <Facts
                rows={Object.entries(prediction.inputs).map(([name, value]) => [
                  <code key={name}>{name}</code>,
                  value === null ? <span className="dim">{t('prediction.missing')}</span> : String(value),
                ])}
              />
            </Section>
            <Section first title={t('prediction.facts')}>
              <Facts
                rows={[
                  [t('endpoint.id'), <code key="i">{prediction.id}</code>],
                  [
                    t('prediction.role'),
                    [
                      `v${prediction.version}`,
                      ...[releaseOf(prediction.version)?.role].flatMap((role) =>
                        role === undefined ? [] : [t(`endpoint.role.${role}`)],
                      ),
                    ].join(' · '),
                  ],
                  [t('prediction.latency'), `${f.num(prediction.latencyMs, 1)} ms`],
                  [t('endpoint.score'), prediction.score === null ? t('unknown') : f.num(prediction.score)],
                  [
                    t('prediction.outcome'),
                    prediction.outcome === undefined ? (
                      <Status key="o" kind="expected" word={t('endpoint.outcome.none')} />
                    ) : (
                      <Status key="o" kind="done" word={f.num(prediction.outcome)} />
                    ),
                  ],
                  [t('endpoint.time'), f.full(prediction.time)],
                  [t('prediction.received'), f.full(prediction.receivedAt)],
                ]}
              />
            </Section>
          </div>
        </>
      )}
    </Page>
  );
}
