import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { Home, ProjectCard } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loaded } from '../../parts/states.tsx';
import { Story } from '../../parts/story.tsx';
import { Page } from '../page.tsx';
import { storyLines } from '../story-lines.tsx';
import { STORY_TYPES } from '../story-types.ts';
import { FirstSteps } from './first-steps.tsx';
import { HeroLoop, OtherLoops } from './loops.tsx';
import { situationSentence } from './situation.tsx';
import { Waits, Week } from './margin.tsx';

const SHOWN = 6;

function HomeStory({ project }: { readonly project: string }) {
  const text = useText();
  const { t } = text;
  const events = useQuery(queries.events(project, 60, STORY_TYPES));
  const lines = storyLines(events.data?.events ?? [], text);
  return (
    <Section
      title={t('home.story')}
      sub={
        lines.length === 0 ? undefined : t('home.story.sub', { shown: Math.min(SHOWN, lines.length), n: lines.length })
      }
    >
      <Loaded query={events} what={t('home.story')}>
        {() =>
          lines.length === 0 ? (
            <Empty title={t('home.story.none')} text={t('home.story.none.text')} command="mw run" />
          ) : (
            <Story lines={lines.slice(0, SHOWN)} />
          )
        }
      </Loaded>
    </Section>
  );
}

function Projects({
  home,
  hero,
  focused,
}: {
  readonly home: Home;
  readonly hero: ProjectCard;
  readonly focused: boolean;
}) {
  const text = useText();
  const { t, tx } = text;
  const others = home.projects.filter((one) => one !== hero);
  // The answer says the situation already; what it leaves out is the reason.
  const reason = hero.situation.reason ?? (hero.situation.kind === 'alert' ? hero.situation.text : undefined);
  return (
    <>
      <PageHead
        title={focused ? hero.name : t('nav.home')}
        answer={
          <>
            {situationSentence(hero, text)}{' '}
            {home.waiting.length === 0 ? t('home.waits.none') : t('home.waits', { n: home.waiting.length })}
          </>
        }
        lede={
          <>
            {reason} {others.length === 0 ? null : tx('home.others', { n: others.length })}
          </>
        }
      />
      <div className="cols m400">
        <HeroLoop card={hero} />
        <OtherLoops cards={others} />
      </div>
      <div className="cols m400">
        <HomeStory project={focused ? hero.name : '-'} />
        <div>
          <Waits waiting={home.waiting} />
          <Week home={home} />
        </div>
      </div>
    </>
  );
}

/** Home: every project's loop, what happened and why, what waits for you. With a project, its loop comes first. */
export function HomePage({ project }: { readonly project?: string }) {
  const { t } = useText();
  const home = useQuery(queries.home());
  return (
    <Page query={home} title={t('nav.home')}>
      {(data) => {
        const hero = data.projects.find((one) => one.name === project) ?? data.projects[0];
        return hero === undefined ? (
          <FirstSteps home={data} />
        ) : (
          <Projects home={data} hero={hero} focused={project !== undefined && hero.name === project} />
        );
      }}
    </Page>
  );
}
