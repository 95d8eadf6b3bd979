import { addresses } from '../../api/addresses.ts';
import type { ProjectCard, Stage } from '../../api/types.ts';
import { LoopRing, type RingStage } from '../../charts/loop-ring.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { CommandLine } from '../../parts/command-line.tsx';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { centreText, situationSentence } from './situation.tsx';
import { sixStages, stageFacts, stageMark } from './stage-facts.ts';

const ring = (stage: Stage): RingStage => ({
  state: stage.state,
  ...(stage.progress === undefined ? {} : { progress: stage.progress }),
  rolling: stage.stage === 'deploy',
});

/** The most urgent project: its ring with every stage in words, and the next step. */
export function HeroLoop({ card }: { readonly card: ProjectCard }) {
  const text = useText();
  const { t, f } = text;
  const stages = sixStages(card.stages);
  const said = stages.map((stage) => `${t(`stage.${stage.stage}`)} ${t(`stage.state.${stage.state}`)}`).join(', ');
  const next = card.next;
  return (
    <Section
      first
      title={<Go to={addresses.project(card.name)}>{card.name}</Go>}
      sub={[card.description, card.endpoint === undefined ? undefined : t('home.endpoint', { name: card.endpoint })]
        .filter(Boolean)
        .join(' · ')}
    >
      <div className="hero">
        <LoopRing
          stages={stages.map(ring)}
          centre={centreText(card)}
          {...(card.model === undefined ? {} : { under: card.model })}
          label={t('home.ring', { project: card.name, stages: said })}
        />
        {stages.map((stage, i) => {
          const [fact, note] = stageFacts(stage, text);
          return (
            <div className={`lab l${i}`} key={stage.stage}>
              <div className="st">
                <StatusMark kind={stageMark(stage)} size={13} />
                <b>
                  {stage.href === undefined ? (
                    t(`stage.${stage.stage}`)
                  ) : (
                    <Go to={stage.href}>{t(`stage.${stage.stage}`)}</Go>
                  )}
                </b>
                <span className="sr">{t(`stage.state.${stage.state}`)}</span>
              </div>
              <div>{fact}</div>
              <div className="dim">{note}</div>
            </div>
          );
        })}
      </div>
      {next === undefined ? null : (
        <div className="nx">
          <div>
            <div className="micro">
              {t(next.by === 'system' ? 'home.next.system' : 'home.next.person')}
              {next.at === undefined ? '' : ` · ${f.when(next.at)}`}
            </div>
            <p>{next.text}</p>
            {next.command === undefined ? null : <CommandLine command={next.command} />}
          </div>
          {next.href === undefined ? null : (
            <div className="acts">
              <Go className="btn" to={next.href}>
                {t('home.open')}
              </Go>
            </div>
          )}
        </div>
      )}
    </Section>
  );
}

/** The other projects, each with its small ring. */
export function OtherLoops({ cards }: { readonly cards: readonly ProjectCard[] }) {
  const text = useText();
  const { t } = text;
  return (
    <Section first title={t('home.noloop')}>
      {cards.length === 0 ? <p className="mut">{t('home.only')}</p> : null}
      <ul className="oth">
        {cards.map((card) => (
          <li key={card.name}>
            <LoopRing
              size={76}
              stages={sixStages(card.stages).map(ring)}
              centre={centreText(card).split(' ')[0] ?? ''}
              label={`${card.name} ${centreText(card)}`}
            />
            <div>
              <p>{situationSentence(card, text)}</p>
              {card.next === undefined ? null : (
                <span className="go">
                  {card.next.href === undefined ? (
                    <span className="dim">{card.next.text}</span>
                  ) : (
                    <Go to={card.next.href}>{card.next.text}</Go>
                  )}
                </span>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}
