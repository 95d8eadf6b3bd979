import type { ModelVersionSummary } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Status } from '../../parts/status.tsx';

export function Verdict({ version }: { readonly version: ModelVersionSummary }) {
  const { t } = useText();
  const kind = version.verdict === 'accepted' ? 'passed' : version.verdict === 'refused' ? 'warning' : 'unknown';
  return <Status kind={kind} word={t(`verdict.${version.verdict}`)} />;
}

/** The role of a version by what it does now. */
export function roleOfVersion(version: ModelVersionSummary): 'now' | 'next' | 'ref' {
  if (version.aliases.includes('champion')) return 'now';
  return version.percent > 0 ? 'next' : 'ref';
}
