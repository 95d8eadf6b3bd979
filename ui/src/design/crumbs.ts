import { addresses } from '../api/addresses.ts';
import type { Text } from '../i18n/use-text.tsx';

export interface Crumb {
  readonly text: string;
  readonly to?: string;
}

/** The project of an address; undefined outside of one. */
export function projectOf(pathname: string): string | undefined {
  const found = /^\/p\/([^/]+)/.exec(pathname)?.[1];
  return found === undefined ? undefined : decodeURIComponent(found);
}

/** The path of an address in words, the last part without a link. */
export function crumbsOf(pathname: string, t: Text['t']): readonly Crumb[] {
  const project = projectOf(pathname);
  if (project === undefined) {
    const [, place, id] = pathname.split('/');
    if (place === 'traces') {
      return [
        { text: t('nav.records') },
        { text: t('nav.traces'), ...(id === undefined ? {} : { to: addresses.traces() }) },
        ...(id === undefined ? [] : [{ text: id.slice(0, 11) }]),
      ];
    }
    return place === 'lineage' || place === 'sql' || place === 'storage'
      ? [{ text: t('nav.records') }, { text: t(`nav.${place}`) }]
      : [{ text: t('nav.home') }];
  }
  const [section, ...rest] = pathname.split('/').slice(3).map(decodeURIComponent);
  const crumbs: Crumb[] = [
    { text: project === '-' ? t('nav.all') : project, to: project === '-' ? '/' : addresses.project(project) },
  ];
  switch (section) {
    case 'data':
    case 'pipelines':
    case 'runs':
    case 'models':
    case 'endpoints':
    case 'monitors':
      crumbs.push({ text: t(`nav.${section}`), to: addresses[section](project) });
      break;
    case 'incidents':
      crumbs.push(
        { text: t('nav.monitors'), to: addresses.monitors(project) },
        { text: t('incident.name', { n: Number(rest[0]) }) },
      );
      return crumbs;
    case 'compare':
      crumbs.push({ text: t('nav.runs'), to: addresses.runs(project) }, { text: t('runs.compare') });
      return crumbs;
    default:
      return crumbs;
  }
  if (section === 'pipelines' && rest[1] !== undefined)
    crumbs.push({ text: t('pipeline.name', { n: Number(rest[1]) }) });
  else if (section === 'models' && rest[0] !== undefined) {
    crumbs.push({ text: rest[0], to: addresses.model(project, rest[0]) });
    if (rest[1] !== undefined) crumbs.push({ text: `v${rest[1]}` });
  } else if (section === 'endpoints' && rest[1] === 'playground' && rest[0] !== undefined) {
    crumbs.push({ text: rest[0], to: addresses.endpoint(project, rest[0]) }, { text: t('play.title') });
  } else if (section === 'endpoints' && rest[2] !== undefined && rest[0] !== undefined) {
    crumbs.push({ text: rest[0], to: addresses.endpoint(project, rest[0]) }, { text: rest[2] });
  } else if (section === 'data' && rest[0] !== undefined) {
    crumbs.push({ text: rest[0] });
    if (rest[1] !== undefined) crumbs.push({ text: rest[1].slice(0, 12) });
  } else if (rest[0] !== undefined) crumbs.push({ text: rest[0].length > 24 ? `${rest[0].slice(0, 8)}…` : rest[0] });
  return crumbs;
}
