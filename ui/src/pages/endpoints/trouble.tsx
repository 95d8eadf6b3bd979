import type { ReactNode } from 'react';
import type { Endpoint, Release } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { CommandLine } from '../../parts/command-line.tsx';
import { StatusMark, type MarkKind } from '../../parts/status-mark.tsx';
import { VersionName } from '../version-name.tsx';
import { ROLE } from './roles.ts';
import { waitText } from './waits.ts';

interface Sentence {
  readonly key: string;
  readonly mark: MarkKind;
  readonly text: ReactNode;
  readonly next?: string;
  readonly command?: string;
}

/** What is unusual about the endpoint, each as a sentence with what to do next. Nothing when all is well. */
export function Trouble({ endpoint }: { readonly endpoint: Endpoint }) {
  const text = useText();
  const { t, tx, f } = text;
  const idle = endpoint.limits.idleMs;

  function ofRelease(release: Release): readonly Sentence[] {
    const slots = { v: <VersionName number={release.version} tone={ROLE[release.role]} />, idle: f.duration(idle) };
    const key = release.releaseId;
    // One that is kept for a rollback may sleep: nobody waits for it.
    const called = release.percent > 0 || release.role === 'shadow';
    switch (release.state) {
      case 'quarantined':
        return [
          {
            key,
            mark: 'failed',
            text: tx('trouble.quarantined', slots),
            next: t('trouble.quarantined.next'),
            command:
              release.role === 'previous' || (release.role === 'champion' && endpoint.previousVersion === undefined)
                ? `mw deploy ${endpoint.name}`
                : `mw rollback ${endpoint.name}`,
          },
        ];
      case 'cold':
        return called
          ? [
              {
                key,
                mark: 'waits',
                text: tx(idle > 0 ? 'trouble.cold' : 'trouble.cold.room', slots),
                next: t(idle > 0 ? 'trouble.cold.next' : 'trouble.cold.room.next'),
              },
            ]
          : [];
      case 'loading':
        return called ? [{ key, mark: 'running', text: tx('trouble.loading', slots) }] : [];
      case 'unloaded':
        return called ? [{ key, mark: 'warning', text: tx('trouble.unloaded', slots) }] : [];
      default:
        return [];
    }
  }

  const lost = endpoint.log?.lost;
  const all: readonly Sentence[] = [
    ...endpoint.releases.flatMap(ofRelease),
    ...(endpoint.rollout?.status === 'running' && endpoint.rollout.overdue === true
      ? [
          {
            key: 'overdue',
            mark: 'warning' as const,
            text: t('trouble.overdue', {
              time: f.duration(endpoint.rollout.atMostMs ?? 0),
              waits: waitText(endpoint.rollout, text) ?? '?',
            }),
            next: t('trouble.overdue.next'),
          },
        ]
      : []),
    ...(lost !== undefined && lost.buffer + lost.disk > 0
      ? [
          {
            key: 'lost',
            mark: 'warning' as const,
            text: t('trouble.lost', { n: lost.buffer + lost.disk, buffer: f.int(lost.buffer), disk: f.int(lost.disk) }),
            next: t('trouble.lost.next'),
          },
        ]
      : []),
  ];
  if (all.length === 0) return null;
  return (
    <ul className="trouble">
      {all.map((one) => (
        <li key={one.key}>
          <StatusMark kind={one.mark} />
          <div>
            {one.text} {one.next === undefined ? null : <span className="mut">{one.next}</span>}
            {one.command === undefined ? null : <CommandLine command={one.command} />}
          </div>
        </li>
      ))}
    </ul>
  );
}
