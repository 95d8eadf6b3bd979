import type { Release } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import type { MarkKind } from '../../parts/status-mark.tsx';
import { Status } from '../../parts/status.tsx';

const MARK: Readonly<Record<NonNullable<Release['state']>, MarkKind>> = {
  warm: 'done',
  cold: 'waits',
  loading: 'running',
  quarantined: 'failed',
  unloaded: 'expected',
};

/** Where a release is: in memory, asleep, being loaded, given up. A warm one stays quiet. */
export function ReleaseState({ release }: { readonly release: Release }) {
  const { t } = useText();
  return release.state === undefined ? (
    <Status kind="unknown" word={t('release.state.absent')} />
  ) : (
    <Status kind={MARK[release.state]} word={t(`release.state.${release.state}`)} />
  );
}
