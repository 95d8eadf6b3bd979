import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { addresses } from '../api/addresses.ts';
import { queries } from '../api/queries.ts';
import type { Home } from '../api/types.ts';
import { useText } from '../i18n/use-text.tsx';
import { Go, useGo } from '../parts/go.tsx';
import { StatusMark } from '../parts/status-mark.tsx';
import { BrandMark, PlaceIcon, type PlaceName } from './brand.tsx';
import { nextTheme } from './theme.ts';

const RECORDS = ['traces', 'lineage', 'sql', 'storage'] as const;
type LoopPlace = Exclude<PlaceName, 'home' | 'find' | (typeof RECORDS)[number]>;
const LOOP: readonly LoopPlace[] = ['data', 'pipelines', 'runs', 'models', 'endpoints', 'monitors'];

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** A count or a glyph stands at the right only if it asks for eyes. */
function badge(place: PlaceName, home: Home | undefined, runs: string): ReactNode {
  if (home === undefined) return null;
  const running = sum(home.projects.map((one) => one.runningPipelines));
  const rolling = home.projects.filter((one) => one.situation.kind === 'rolling-out').length;
  const alerts = sum(home.projects.map((one) => one.openAlerts));
  if (place === 'pipelines' && running > 0)
    return [<StatusMark key="m" kind="running" size={11} />, <span key="n">{running}</span>];
  if (place === 'endpoints' && rolling > 0)
    return [<StatusMark key="m" kind="rolling" size={11} />, <span key="n">{rolling}</span>];
  if (place === 'monitors' && alerts > 0)
    return [<StatusMark key="m" kind="warning" size={11} />, <span key="n">{alerts}</span>];
  if (place === 'runs' && home.runs > 0) return <span>{runs}</span>;
  return null;
}

export interface RailProps {
  readonly project: string;
  readonly section: string;
  readonly onFind: () => void;
}

export function Rail({ project, section }: Omit<RailProps, 'onFind'>) {
  const { t, f, language, setLanguage } = useText();
  const go = useGo();
  const home = useQuery(queries.home()).data;
  const server = useQuery(queries.server()).data;
  const names = home?.projects.map((one) => one.name) ?? [];
  const item = (place: Exclude<PlaceName, 'find'>, to: string) => {
    const note = badge(place, home, f.int(home?.runs ?? 0));
    return (
      <Go key={place} to={to} className="item" current={section === place} title={t(`nav.${place}`)}>
        <PlaceIcon name={place} />
        <span className="lbl">{t(`nav.${place}`)}</span>
        {note === null ? null : <span className="n">{note}</span>}
      </Go>
    );
  };
  return (
    <nav className="rail" aria-label={t('nav.main')}>
      <Go to="/" className="mark" label={t('nav.brand')}>
        <BrandMark />
        <span>Millwright</span>
      </Go>
      {item('home', '/')}
      <div className="cap">
        <span>{t('nav.loop')}</span>
        {names.length < 2 ? null : (
          <select
            value={project}
            aria-label={t('nav.project')}
            onChange={(event) => go(addresses.project(event.target.value))}
          >
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </div>
      {LOOP.map((place) => item(place, addresses[place](project)))}
      <div className="cap">
        <span>{t('nav.records')}</span>
      </div>
      {RECORDS.map((place) => item(place, `/${place}`))}
      <div className="who">
        {server === undefined ? null : (
          <>
            {server.who.name} · {server.who.role}
            <br />
            {server.url.replace(/^https?:\/\//, '')} · {server.version}
          </>
        )}
      </div>
      <div className="prefs">
        <button
          type="button"
          className="btn sm quiet"
          lang={language === 'ko' ? 'en' : 'ko'}
          onClick={() => setLanguage(language === 'ko' ? 'en' : 'ko')}
        >
          {language === 'ko' ? 'English' : '한국어'}
        </button>
        <button type="button" className="btn sm quiet" onClick={nextTheme} title={t('theme.next')}>
          {t('theme.short')} <kbd>.</kbd>
        </button>
      </div>
    </nav>
  );
}

const BAR: readonly ('home' | LoopPlace)[] = ['home', 'runs', 'endpoints', 'monitors'];

/** The rail of a phone. */
export function TabBar({ project, section, onFind }: RailProps) {
  const { t } = useText();
  const home = useQuery(queries.home()).data;
  return (
    <nav className="tabbar" aria-label={t('nav.quick')}>
      {BAR.map((place) => {
        const alert = place === 'monitors' && (home?.projects.some((one) => one.openAlerts > 0) ?? false);
        return (
          <Go key={place} to={place === 'home' ? '/' : addresses[place](project)} current={section === place}>
            {alert ? <StatusMark kind="warning" size={16} /> : <PlaceIcon name={place} />}
            {t(`nav.${place}`)}
          </Go>
        );
      })}
      <button type="button" onClick={onFind}>
        <PlaceIcon name="find" />
        {t('nav.find')}
      </button>
    </nav>
  );
}
