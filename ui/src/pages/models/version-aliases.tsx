import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { ModelVersionDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Facts } from '../../parts/facts.tsx';
import { Section } from '../../parts/section.tsx';
import { Status } from '../../parts/status.tsx';
import { AliasMove } from './alias-move.tsx';
import { useViewer } from './aliases.tsx';
import { useMoveAlias } from './use-move-alias.tsx';

/** The aliases that name this version, what their gates said of it, its stage and its tags. */
export function VersionAliases({ detail }: { readonly detail: ModelVersionDetail }) {
  const { t, f } = useText();
  const viewer = useViewer();
  const [open, setOpen] = useState(false);
  const { version, aliasResults, stage, tags } = detail;
  const model = useQuery(queries.model(version.model)).data?.model;
  const { move, moving, refused } = useMoveAlias(version.model);
  const entries = Object.entries(tags).toSorted(([a], [b]) => a.localeCompare(b));
  useKeys(viewer === undefined ? [{ keys: 'a', label: t('alias.point'), run: () => setOpen(true) }] : []);
  return (
    <Section
      title={t('alias.here')}
      right={
        <button
          type="button"
          className="btn sm quiet"
          disabled={viewer !== undefined || model === undefined}
          title={viewer}
          onClick={() => setOpen(true)}
        >
          {t('alias.point')} <kbd>A</kbd>
        </button>
      }
    >
      {version.aliases.length === 0 ? <p className="mut">{t('alias.here.none')}</p> : null}
      <ul className="aliases">
        {version.aliases.map((alias) => (
          <li key={alias}>
            <div className="aliasline">
              <span className={alias === 'champion' ? 'tag now' : 'tag'}>{alias}</span>
              <span className="r">
                <button
                  type="button"
                  className="btn sm quiet"
                  disabled={viewer !== undefined || moving}
                  title={viewer}
                  aria-label={t('alias.remove.of', { alias })}
                  onClick={() => move({ alias, from: version.number, to: undefined })}
                >
                  {t('alias.remove')}
                </button>
              </span>
            </div>
          </li>
        ))}
      </ul>
      {aliasResults.length === 0 ? null : (
        <ul className="results">
          {aliasResults.map((one) => (
            <li key={one.alias}>
              <details>
                <summary>
                  <Status
                    kind={one.passed ? 'passed' : 'failed'}
                    word={t(one.passed ? 'alias.passed' : 'alias.failed', { alias: one.alias })}
                  />{' '}
                  <span className="meta">
                    {f.when(one.at)} · {one.actor}
                  </span>
                </summary>
                <ul className="gatelist">
                  {one.gates.map((gate) => (
                    <li key={gate.text}>
                      <code>{gate.text}</code>{' '}
                      <Status
                        kind={gate.passed === null ? 'unknown' : gate.passed ? 'passed' : 'failed'}
                        word={gate.observed === undefined ? t('unknown') : f.num(gate.observed)}
                      />
                    </li>
                  ))}
                </ul>
              </details>
            </li>
          ))}
        </ul>
      )}
      {stage === 'None' && entries.length === 0 ? null : (
        <div className="gap">
          <Facts
            rows={[
              ...(stage === 'None' ? [] : [[t('version.stage'), stage] as const]),
              ...entries.slice(0, 30).map(([name, value]) => [name, value] as const),
            ]}
          />
          {entries.length > 30 ? <p className="meta">{t('more.n', { n: entries.length - 30 })}</p> : null}
        </div>
      )}
      {model === undefined ? null : (
        <AliasMove model={model} version={version.number} open={open} onClose={() => setOpen(false)} />
      )}
      {refused}
    </Section>
  );
}
