import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { Home } from '../../api/types.ts';
import { LoopRing } from '../../charts/loop-ring.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { CommandLine } from '../../parts/command-line.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { sixStages } from './stage-facts.ts';
import { Week } from './margin.tsx';

/** Home before the first project: what will be here, and the commands that begin it. */
export function FirstSteps({ home }: { readonly home: Home }) {
  const { t } = useText();
  const url = useQuery(queries.server()).data?.url ?? location.origin;
  return (
    <>
      <PageHead title={t('nav.home')} answer={t('home.none.answer')} lede={t('home.none.lede')} />
      <div className="cols m400">
        <Section first title={t('home.none.first')}>
          <div className="hero bare">
            <LoopRing stages={sixStages([])} centre="—" label={t('home.none.answer')} />
          </div>
        </Section>
        <div>
          <Section first title={t('home.none.write')} sub={t('home.none.write.text')}>
            <CommandLine command="mw init && mw run" />
          </Section>
          <Section title={t('home.none.log')} sub={t('home.none.log.text')}>
            <CommandLine command={`MLFLOW_TRACKING_URI=${url} python train.py`} />
          </Section>
          <Section title={t('home.none.demo')} sub={t('home.none.demo.text')}>
            <CommandLine command="mw demo" />
          </Section>
          {home.runs === 0 ? null : <Week home={home} />}
        </div>
      </div>
    </>
  );
}
