import type { ReactNode } from 'react';
import { addresses } from '../../api/addresses.ts';
import type { ProjectCard } from '../../api/types.ts';
import type { Text } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { VersionName } from '../version-name.tsx';

/** What a project is doing now, in one sentence, from its kind and slots (so that it can be said in both languages). */
export function situationSentence(card: ProjectCard, { tx }: Text): ReactNode {
  const { kind, version, percent, runNumber, from } = card.situation;
  const project = (
    <b>
      <Go to={addresses.project(card.name)}>{card.name}</Go>
    </b>
  );
  const serving = card.champion ?? version;
  const v = (number: number | undefined, role: 'now' | 'next'): ReactNode =>
    number === undefined ? '?' : <VersionName number={number} tone={role} />;
  switch (kind) {
    case 'new':
      return tx('home.new', { project });
    case 'training':
      return tx('home.training', { project, n: runNumber ?? '' });
    case 'failed':
      return tx('home.failed', { project, n: runNumber ?? '' });
    case 'rolling-out':
      return tx(from === undefined && card.champion === undefined ? 'home.rolling.first' : 'home.rolling', {
        project,
        v: v(version ?? card.candidate, 'next'),
        percent: percent ?? 0,
      });
    case 'alert':
      return tx('home.alert', { project, v: v(serving, 'now') });
    case 'refused':
      return tx('home.refused', { project });
    case 'healthy':
      return tx('home.healthy', { project, v: v(serving, 'now') });
    case 'undeployed':
      return tx('home.undeployed', { project, v: v(version, 'next') });
  }
}

/** `v14 → v15` while one replaces the other. */
export function centreText(card: ProjectCard): string {
  if (card.candidate !== undefined && card.champion !== undefined && card.candidate !== card.champion)
    return `v${card.champion} → v${card.candidate}`;
  const one = card.champion ?? card.candidate;
  return one === undefined ? '—' : `v${one}`;
}
