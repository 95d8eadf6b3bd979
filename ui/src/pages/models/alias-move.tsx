import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { Model } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { useMoveAlias } from './use-move-alias.tsx';

export interface AliasMoveProps {
  readonly model: Model;
  /** Fixed when given, else asked for. */
  readonly alias?: string;
  readonly version?: number;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** MLflow's rule for the name of an alias, told before it is sent. */
const NAME = /^[\w-]+$/;
const reserved = (name: string): boolean => name === 'latest' || /^v\d+$/i.test(name);

/** Which alias goes to which version, what it must pass, and what changes; then the move. */
export function AliasMove({ model, alias: fixedAlias, version: fixedVersion, open, onClose }: AliasMoveProps) {
  const { t, f } = useText();
  const id = useId();
  const versions = useQuery({ ...queries.model(model.name), enabled: open }).data?.versions ?? [];
  const [typed, setTyped] = useState<string>();
  const [picked, setPicked] = useState<number>();
  const alias = fixedAlias ?? typed ?? '';
  const from = model.aliases[alias];
  const version = fixedVersion ?? picked ?? versions.find((one) => one.number !== from)?.number;
  const { move, refused } = useMoveAlias(model.name);
  const gates = model.aliasGates[alias] ?? [];
  const judged = useQuery({
    ...queries.version(model.name, version ?? 0),
    enabled: open && version !== undefined,
  }).data?.aliasResults.find((one) => one.alias === alias);
  const fault =
    alias === '' || (NAME.test(alias) && !reserved(alias)) ? undefined : t('alias.name.bad', { name: alias });
  const names = [
    ...new Set(['champion', 'challenger', ...Object.keys(model.aliases), ...Object.keys(model.aliasGates)]),
  ];
  const command =
    alias === 'champion'
      ? `mw promote ${model.name}/${version ?? ''}`
      : `mw promote ${model.name}/${version ?? ''} --alias ${alias}`;
  return (
    <>
      <Confirm
        open={open}
        onClose={onClose}
        question={
          alias === ''
            ? t('alias.question.new', { version: version ?? 0, model: model.name })
            : t('alias.question', { alias, version: version ?? 0, model: model.name })
        }
        risk={alias === 'champion' ? t('version.promote.risk') : t('alias.risk')}
        plan={() =>
          Promise.resolve([
            {
              sign: from === undefined ? ('+' as const) : from === version ? ('=' as const) : ('~' as const),
              text: `alias ${alias}  ${from === undefined || from === version ? '' : `v${from} → `}v${version ?? ''}`,
            },
            { sign: '=' as const, text: t('alias.plan.endpoints') },
          ])
        }
        planKey={['alias', model.name, alias, version, from]}
        command={command}
        verb={t('alias.verb')}
        keep={t('version.promote.keep')}
        blocked={alias === '' || version === undefined || fault !== undefined}
        onConfirm={() => {
          if (version !== undefined) move({ alias, from, to: version });
        }}
      >
        {fixedAlias !== undefined && fixedVersion !== undefined ? null : (
          <div className="form">
            {fixedAlias !== undefined ? null : (
              <div>
                <label htmlFor={`${id}a`}>{t('alias.name')}</label>
                <input
                  id={`${id}a`}
                  className="inp mono"
                  list={`${id}l`}
                  value={typed ?? ''}
                  maxLength={255}
                  autoComplete="off"
                  aria-invalid={fault !== undefined}
                  aria-describedby={fault === undefined ? undefined : `${id}e`}
                  onChange={(event) => setTyped(event.target.value.trim())}
                />
                <datalist id={`${id}l`}>
                  {names.map((name) => (
                    <option key={name} value={name} />
                  ))}
                </datalist>
                {fault === undefined ? null : (
                  <p className="ferr in" id={`${id}e`}>
                    <StatusMark kind="failed" /> {fault}
                  </p>
                )}
              </div>
            )}
            {fixedVersion !== undefined ? null : (
              <div>
                <label htmlFor={`${id}v`}>{t('model.version')}</label>
                <select
                  id={`${id}v`}
                  className="inp"
                  value={version ?? ''}
                  onChange={(event) => setPicked(Number(event.target.value))}
                >
                  {versions.map((one) => (
                    <option key={one.number} value={one.number}>
                      {`v${one.number} · ${t(`verdict.${one.verdict}`)} · ${f.when(one.createdAt)}${one.aliases.length === 0 ? '' : ` · ${one.aliases.join(', ')}`}`}
                    </option>
                  ))}
                </select>
              </div>
            )}
          </div>
        )}
        {alias === '' ? null : (
          <div className="mustpass">
            <b>{gates.length === 0 ? t('alias.gates.none', { alias }) : t('alias.gates.must')}</b>
            {gates.length === 0 ? null : (
              <ul>
                {gates.map((gate) => {
                  const last = judged?.gates.find((one) => one.text === gate);
                  return (
                    <li key={gate}>
                      <StatusMark
                        kind={last === undefined || last.passed === null ? 'waits' : last.passed ? 'passed' : 'failed'}
                      />
                      <code>{gate}</code>
                      <span className="meta">
                        {last?.observed === undefined || judged === undefined
                          ? t('alias.gates.then')
                          : t('alias.gates.last', { value: f.num(last.observed), when: f.when(judged.at) })}
                      </span>
                    </li>
                  );
                })}
              </ul>
            )}
          </div>
        )}
      </Confirm>
      {refused}
    </>
  );
}
