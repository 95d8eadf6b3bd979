import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { addresses, numberOf } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { ModelVersionDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Story } from '../../parts/story.tsx';
import '../../design/records.css';
import { Page } from '../page.tsx';
import { storyLines } from '../story-lines.tsx';
import { STORY_TYPES } from '../story-types.ts';
import { VersionName } from '../version-name.tsx';
import { Family, familyMetric } from './family.tsx';
import { roleOfVersion } from './verdict.tsx';
import { VersionActions } from './version-actions.tsx';
import { VersionAliases } from './version-aliases.tsx';
import { VersionCard } from './version-card.tsx';
import { VersionDrift } from './version-drift.tsx';
import { EnvironmentFacts, ImageLayers, Lineage, Signature } from './version-facts.tsx';
import { Better, Gates } from './version-judged.tsx';
import { VersionLineage } from './version-lineage.tsx';
import { VersionProof } from './version-proof.tsx';

function useAnswer({ version }: ModelVersionDetail): ReactNode {
  const { t, tx } = useText();
  const v = <VersionName number={version.number} tone={roleOfVersion(version)} />;
  const share = version.percent === 0 ? '' : t('version.share', { percent: version.percent });
  if (version.verdict === 'refused') return tx('version.refused', { v });
  if (version.aliases.includes('champion')) return tx('version.champion', { v, model: version.model, share });
  if (version.verdict === 'unjudged') return tx('version.unjudged', { v });
  return tx('version.accepted', { v, passed: version.gatesPassed, total: version.gatesTotal, share });
}

function VersionStory({
  project,
  model,
  number,
}: {
  readonly project: string;
  readonly model: string;
  readonly number: number;
}) {
  const text = useText();
  const { t } = text;
  const events = useQuery(queries.events(project, 500, STORY_TYPES)).data?.events ?? [];
  const mine = events.filter((event) => {
    const { data } = event;
    if (data['version'] === number && (data['model'] === undefined || data['model'] === model)) return true;
    return data['model'] === model && (data['to'] === number || data['from'] === number);
  });
  const lines = storyLines(mine, text).slice(0, 6);
  return (
    <Section first title={t('version.story')}>
      {lines.length === 0 ? <p className="mut">{t('version.story.none')}</p> : <Story narrow lines={lines} />}
    </Section>
  );
}

function Detail({ project, detail }: { readonly project: string; readonly detail: ModelVersionDetail }) {
  const { t, tx, f } = useText();
  const { version } = detail;
  const answer = useAnswer(detail);
  const versions = useQuery(queries.model(version.model)).data?.versions ?? [];
  const metric = familyMetric(versions);
  const run = version.pipelineRunId === undefined ? undefined : numberOf(version.pipelineRunId);
  return (
    <>
      <PageHead
        title={`v${version.number} · ${version.model}`}
        answer={answer}
        lede={
          <>
            {run === undefined
              ? t('version.lede.client', { when: f.when(version.createdAt), source: detail.source })
              : tx('version.lede', {
                  when: f.when(version.createdAt),
                  run: <Go to={addresses.pipelineRun(project, run)}>{t('pipeline.name', { n: run })}</Go>,
                })}{' '}
            {version.reason}
          </>
        }
        actions={<VersionActions project={project} detail={detail} />}
      />
      <Lineage project={project} detail={detail} />
      <div className="cols m372">
        <div>
          <Better detail={detail} />
          <Gates detail={detail} />
          <VersionDrift project={project} detail={detail} />
          <VersionCard detail={detail} />
          <Section title={t('version.parity')}>
            <p className="mut">
              {detail.parity === undefined
                ? t('version.parity.none')
                : t('version.parity.text', { diff: f.num(detail.parity.maxAbsDiff), rows: detail.parity.rows })}
            </p>
          </Section>
          <EnvironmentFacts detail={detail} />
        </div>
        <aside>
          <VersionStory project={project} model={version.model} number={version.number} />
          <VersionAliases detail={detail} />
          <VersionProof detail={detail} />
          {metric === undefined ? null : <Family versions={versions} metric={metric} />}
          <Signature detail={detail} />
          <ImageLayers project={project} detail={detail} />
        </aside>
      </div>
      <VersionLineage model={version.model} number={version.number} />
    </>
  );
}

/** A version: what it is made of, how it was judged, what became of it. */
export function VersionPage({
  project,
  model,
  number,
}: {
  readonly project: string;
  readonly model: string;
  readonly number: number;
}) {
  const detail = useQuery(queries.version(model, number));
  return (
    <Page query={detail} title={`${model} v${number}`}>
      {(data) => <Detail project={project} detail={data} />}
    </Page>
  );
}
