import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { commands } from '../../api/commands.ts';
import { ApiProblem } from '../../api/problem.ts';
import type { Model } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { useToast } from '../../parts/toasts.tsx';

/** The row that an error is about: `gates[1]`, `gates.1`; the first when it does not say. */
const rowOf = (error: Error): number =>
  Number(/(\d+)/.exec((error instanceof ApiProblem ? error.where : undefined) ?? '')?.[1] ?? 0);

/** What a version must pass before the alias may point at it: a line for each gate, an error at its line. */
export function AliasGates({
  model,
  alias,
  onDone,
}: {
  readonly model: Model;
  readonly alias: string;
  readonly onDone: () => void;
}) {
  const { t } = useText();
  const id = useId();
  const toast = useToast();
  const client = useQueryClient();
  const before = model.aliasGates[alias] ?? [];
  const [rows, setRows] = useState<readonly string[]>(before.length === 0 ? [''] : before);
  const metrics = Object.keys(model.latest?.metrics ?? {});
  const save = useMutation({
    mutationFn: (gates: readonly string[]) => commands.setAliasGates(model.name, alias, [...gates]),
    onSuccess: (_, gates) => {
      toast({
        text: t('alias.gates.saved', { alias, n: gates.length }),
        ...(gates === before ? {} : { undo: () => save.mutate(before) }),
      });
      onDone();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ['models'] }),
  });
  const set = (index: number, text: string): void => {
    save.reset();
    setRows(rows.map((one, i) => (i === index ? text : one)));
  };
  const wanted = rows.map((one) => one.trim());
  const kept = wanted.filter((one) => one !== '');
  // The server counts the rows that were sent: empty ones were not.
  const wrong = save.isError
    ? wanted.findIndex(
        (one, i) => one !== '' && wanted.slice(0, i).filter((o) => o !== '').length === rowOf(save.error),
      )
    : -1;
  return (
    <form
      className="gatesform"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(kept);
      }}
    >
      {rows.map((text, i) => (
        <div key={i}>
          <div className="row">
            <input
              className="inp mono"
              aria-label={t('alias.gate.n', { n: i + 1, alias })}
              value={text}
              list={`${id}m`}
              maxLength={500}
              spellCheck={false}
              autoComplete="off"
              placeholder="auc >= champion.auc - 0.005"
              aria-invalid={i === wrong}
              aria-describedby={i === wrong ? `${id}e` : undefined}
              onChange={(event) => set(i, event.target.value)}
            />
            <button
              type="button"
              className="btn sm quiet"
              aria-label={t('alias.gate.remove', { n: i + 1 })}
              onClick={() => {
                save.reset();
                setRows(rows.filter((_, at) => at !== i));
              }}
            >
              ×
            </button>
          </div>
          {i === wrong && save.error !== null ? (
            <p className="ferr in" id={`${id}e`} role="alert">
              <StatusMark kind="failed" /> {save.error.message}
            </p>
          ) : null}
        </div>
      ))}
      <datalist id={`${id}m`}>
        {metrics.flatMap((name) => [
          <option key={name} value={`${name} >= `} />,
          <option key={`c ${name}`} value={`${name} >= champion.${name}`} />,
        ])}
      </datalist>
      {save.isError && wrong < 0 ? (
        <p className="ferr in" role="alert">
          <StatusMark kind="failed" /> {save.error.message}
        </p>
      ) : null}
      <div className="acts">
        <button
          type="button"
          className="btn sm quiet"
          disabled={rows.length >= 50}
          onClick={() => setRows([...rows, ''])}
        >
          {t('alias.gate.add')}
        </button>
        <button type="button" className="btn sm" onClick={onDone}>
          {t('cancel')}
        </button>
        <button type="submit" className="btn sm pri" disabled={save.isPending}>
          {t('alias.gates.save')}
        </button>
      </div>
    </form>
  );
}
