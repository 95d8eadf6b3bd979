import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Page } from '../page.tsx';
import { VersionName } from '../version-name.tsx';

/** One logged prediction: what it saw, what it said, what became of it. */
export function PredictionPage({ endpoint, id }: { readonly endpoint: string; readonly id: string }) {
  const { t, tx, f } = useText();
  const found = useQuery(queries.prediction(endpoint, id));
  return (
    <Page query={found} title={id}>
      {({ prediction }) => (
        <>
          <PageHead
            title={id}
            answer={tx('prediction.answer', {
              v: <VersionName number={prediction.version} tone="now" />,
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
