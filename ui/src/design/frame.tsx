import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { Suspense, useState } from 'react';
import { addresses } from '../api/addresses.ts';
import { queries } from '../api/queries.ts';
import { ApiProblem } from '../api/problem.ts';
import { useText } from '../i18n/use-text.tsx';
import { KeyHelp } from '../keys/help.tsx';
import { KeyCaps } from '../keys/key-caps.tsx';
import { Palette } from '../keys/palette.tsx';
import { useKeys } from '../keys/use-keys.ts';
import { LiveMark } from '../live/live-mark.tsx';
import { Go, useGo } from '../parts/go.tsx';
import { PlaceIcon } from './brand.tsx';
import { crumbsOf, projectOf } from './crumbs.ts';
import { Rail, TabBar } from './rail.tsx';
import { SignIn } from './sign-in.tsx';
import { nextTheme } from './theme.ts';

const LAST = 'mw.project';

/** The project of the address, else the one last looked at, else the first, else all. */
function useProject(pathname: string): string {
  const names = useQuery(queries.home()).data?.projects.map((one) => one.name) ?? [];
  const here = projectOf(pathname);
  if (here !== undefined && here !== '-') {
    try {
      sessionStorage.setItem(LAST, here);
    } catch {
      // Storage is blocked: the first project stands in.
    }
    return here;
  }
  let last: string | null = null;
  try {
    last = sessionStorage.getItem(LAST);
  } catch {
    last = null;
  }
  return names.find((name) => name === last) ?? names[0] ?? '-';
}

const sectionOf = (pathname: string): string => {
  const [, first = '', , section = ''] = pathname.split('/');
  if (first !== '' && first !== 'p') return first;
  if (section === 'incidents') return 'monitors';
  return section === 'compare' ? 'runs' : section === '' ? 'home' : section;
};

export function Frame() {
  const { t, language, setLanguage } = useText();
  const go = useGo();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const project = useProject(pathname);
  const [finding, setFinding] = useState(false);
  const [helping, setHelping] = useState(false);
  const server = useQuery({ ...queries.server(), retry: false });
  useKeys([
    { keys: 'mod+k', label: t('find'), run: () => setFinding(true), inFields: true },
    { keys: '?', label: t('keys.title'), run: () => setHelping(true) },
    { keys: '.', label: t('theme.next'), run: () => void nextTheme() },
    { keys: 'shift+l', label: t('language.other'), run: () => setLanguage(language === 'ko' ? 'en' : 'ko') },
    { keys: 'g h', label: t('nav.home'), run: () => go('/') },
    { keys: 'g d', label: t('nav.data'), run: () => go(addresses.data(project)) },
    { keys: 'g p', label: t('nav.pipelines'), run: () => go(addresses.pipelines(project)) },
    { keys: 'g r', label: t('nav.runs'), run: () => go(addresses.runs(project)) },
    { keys: 'g m', label: t('nav.models'), run: () => go(addresses.models(project)) },
    { keys: 'g e', label: t('nav.endpoints'), run: () => go(addresses.endpoints(project)) },
    { keys: 'g o', label: t('nav.monitors'), run: () => go(addresses.monitors(project)) },
    { keys: 'g t', label: t('nav.traces'), run: () => go(addresses.traces()) },
    { keys: 'g l', label: t('nav.lineage'), run: () => go('/lineage') },
    { keys: 'g s', label: t('nav.sql'), run: () => go(addresses.sql()) },
    { keys: 'g k', label: t('nav.storage'), run: () => go(addresses.storage()) },
  ]);
  const crumbs = crumbsOf(pathname, t);
  const section = sectionOf(pathname);
  const locked = server.error instanceof ApiProblem && server.error.status === 401;
  return (
    <>
      <a className="skip" href="#main">
        {t('skip')}
      </a>
      <div className="app">
        <Rail project={project} section={section} />
        <div>
          <header className="top">
            <nav className="crumb" aria-label={t('nav.crumbs')}>
              {crumbs.map((crumb, i) => (
                <span key={crumb.text + i} style={{ display: 'contents' }}>
                  {i === 0 ? null : <span aria-hidden="true">/</span>}
                  {i === crumbs.length - 1 || crumb.to === undefined ? (
                    <b>{crumb.text}</b>
                  ) : (
                    <Go to={crumb.to}>{crumb.text}</Go>
                  )}
                </span>
              ))}
            </nav>
            <button type="button" className="find" onClick={() => setFinding(true)}>
              <PlaceIcon name="find" />
              <span>{t('find')}</span>
              <KeyCaps keys="mod+k" />
            </button>
            <LiveMark />
          </header>
          <main id="main" tabIndex={-1}>
            {locked ? (
              <SignIn />
            ) : (
              <Suspense fallback={null}>
                <Outlet />
              </Suspense>
            )}
          </main>
        </div>
      </div>
      <TabBar project={project} section={section} onFind={() => setFinding(true)} />
      <Palette open={finding} onClose={() => setFinding(false)} project={project} />
      <KeyHelp open={helping} onClose={() => setHelping(false)} />
    </>
  );
}
