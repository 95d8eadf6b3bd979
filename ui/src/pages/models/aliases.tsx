import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Model } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';
import { AliasGates } from './alias-gates.tsx';
import { AliasMove } from './alias-move.tsx';
import { useMoveAlias } from './use-move-alias.tsx';

/** Why nothing may be moved; undefined when it may. */
export function useViewer(): string | undefined {
  const { t } = useText();
  return useQuery(queries.server()).data?.who.role === 'viewer' ? t('alias.viewer') : undefined;
}

function AliasLine({
  project,
  model,
  alias,
  onMove,
}: {
  readonly project: string;
  readonly model: Model;
  readonly alias: string;
  readonly onMove: () => void;
}) {
  const { t } = useText();
  const viewer = useViewer();
  const [editing, setEditing] = useState(false);
  const version = model.aliases[alias];
  const gates = model.aliasGates[alias] ?? [];
  return (
    <li>
      <div className="aliasline">
        <span className={alias === 'champion' ? 'tag now' : 'tag'}>{alias}</span>
        {version === undefined ? (
          <span className="dim">{t('none')}</span>
        ) : (
          <b className={alias === 'champion' ? 'c-now' : undefined}>
            <Go to={addresses.version(project, model.name, version)}>v{version}</Go>
          </b>
        )}
        <span className="meta">{gates.length === 0 ? t('alias.free') : t('alias.gates.n', { n: gates.length })}</span>
        <span className="r">
          <button
            type="button"
            className="btn sm quiet"
            aria-expanded={editing}
            disabled={viewer !== undefined}
            title={viewer}
            aria-label={t('alias.gates.edit', { alias })}
            onClick={() => setEditing(!editing)}
          >
            {t('version.gates')}
          </button>
          <button
            type="button"
            className="btn sm"
            disabled={viewer !== undefined}
            title={viewer}
            aria-label={t('alias.move.of', { alias })}
            onClick={onMove}
          >
            {t('alias.move')}
          </button>
        </span>
      </div>
      {editing ? (
        <AliasGates model={model} alias={alias} onDone={() => setEditing(false)} />
      ) : gates.length === 0 ? null : (
        <ul className="gatelist">
          {gates.map((gate) => (
            <li key={gate}>
              <code>{gate}</code>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** Every alias with the version that it names and what it asks for; each can be moved. */
export function Aliases({
  project,
  model,
  first = false,
}: {
  readonly project: string;
  readonly model: Model;
  readonly first?: boolean;
}) {
  const { t } = useText();
  const viewer = useViewer();
  const [moving, setMoving] = useState<{ readonly alias?: string }>();
  const names = [...new Set(['champion', ...Object.keys(model.aliases), ...Object.keys(model.aliasGates)])];
  useKeys(viewer === undefined ? [{ keys: 'a', label: t('alias.new'), run: () => setMoving({}) }] : []);
  return (
    <Section
      first={first}
      title={t('alias.title')}
      sub={t('alias.sub')}
      right={
        <button
          type="button"
          className="btn sm quiet"
          disabled={viewer !== undefined}
          title={viewer}
          onClick={() => setMoving({})}
        >
          {t('alias.new')} <kbd>A</kbd>
        </button>
      }
    >
      <ul className="aliases">
        {names.map((alias) => (
          <AliasLine key={alias} project={project} model={model} alias={alias} onMove={() => setMoving({ alias })} />
        ))}
      </ul>
      <AliasMove
        key={moving?.alias ?? ''}
        model={model}
        {...(moving?.alias === undefined ? {} : { alias: moving.alias })}
        open={moving !== undefined}
        onClose={() => setMoving(undefined)}
      />
    </Section>
  );
}

/** Where the aliases went, newest first; the newest move of each can be taken back. */
export function AliasHistory({ project, model }: { readonly project: string; readonly model: Model }) {
  const { t, f } = useText();
  const viewer = useViewer();
  const moves = useQuery(queries.aliasMoves(model.name)).data?.moves ?? [];
  const { move, moving, refused } = useMoveAlias(model.name);
  const [all, setAll] = useState(false);
  const shown = all ? moves.slice(0, 200) : moves.slice(0, 6);
  const name = (version: number | undefined) =>
    version === undefined ? (
      <span className="dim">{t('none')}</span>
    ) : (
      <Go to={addresses.version(project, model.name, version)}>v{version}</Go>
    );
  return (
    <Section title={t('alias.history')} sub={moves.length}>
      {moves.length === 0 ? <p className="mut">{t('alias.history.none')}</p> : null}
      <ol className="moves">
        {shown.map((one, i) => {
          const newest = moves.findIndex((other) => other.alias === one.alias) === i;
          const undoable = newest && model.aliases[one.alias] === one.to;
          return (
            <li key={`${one.alias} ${one.at}`}>
              <time dateTime={new Date(one.at).toISOString()} title={f.full(one.at)}>
                {f.when(one.at)}
              </time>
              <span>
                <span className="tag">{one.alias}</span> {name(one.from)} → {name(one.to)}{' '}
                <span className="dim">{one.actor}</span>
              </span>
              {undoable && viewer === undefined ? (
                <button
                  type="button"
                  className="btn sm quiet"
                  disabled={moving}
                  aria-label={t('alias.undo.of', { alias: one.alias })}
                  onClick={() => move({ alias: one.alias, from: one.to, to: one.from })}
                >
                  {t('undo')}
                </button>
              ) : null}
            </li>
          );
        })}
      </ol>
      {moves.length <= 6 ? null : (
        <button type="button" className="link meta" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('fewer') : t('all.n', { n: moves.length })}
        </button>
      )}
      {refused}
    </Section>
  );
}
