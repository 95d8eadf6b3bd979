import { useQueries } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { ApiProblem } from '../../api/problem.ts';
import { body, client } from '../../api/client.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { StatusMark } from '../../parts/status-mark.tsx';
import { conditionsOf } from './runs-search.ts';

export interface FilterBarProps {
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
  readonly queryMs: number | undefined;
  readonly error: Error | null;
  readonly fields: readonly string[];
}

/** One field in the API's own grammar; Enter applies it, `/` comes here. */
export function FilterBar({ filter, onFilter, queryMs, error, fields }: FilterBarProps) {
  const { t, f } = useText();
  const input = useRef<HTMLInputElement>(null);
  // What is typed belongs to the filter that it started from: another filter (back, a link) takes its place.
  const [draft, setDraft] = useState({ of: filter, text: filter });
  const text = draft.of === filter ? draft.text : filter;
  const setText = (next: string): void => setDraft({ of: filter, text: next });
  useKeys([{ keys: '/', label: t('keys.filter'), run: () => input.current?.focus() }]);
  // The word at the end that looks like the start of a field is completed with Tab.
  const word = /(?:^|[\s(])([a-z_][\w.`]*)$/i.exec(text)?.[1] ?? '';
  const offers =
    word.length < 2
      ? []
      : fields
          .filter((field) => field !== word && (field.startsWith(word) || field.split('.')[1]?.startsWith(word)))
          .slice(0, 6);
  const take = (field: string): void => {
    setText(`${text.slice(0, text.length - word.length)}${field} `);
    input.current?.focus();
  };
  const problem = error instanceof ApiProblem ? error : undefined;
  return (
    <>
      <form
        className="field"
        onSubmit={(event) => {
          event.preventDefault();
          onFilter(text.trim());
        }}
      >
        <input
          ref={input}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') input.current?.blur();
            const first = offers[0];
            if (event.key === 'Tab' && !event.shiftKey && first !== undefined) {
              event.preventDefault();
              take(first);
            }
          }}
          aria-label={t('runs.filter')}
          aria-invalid={problem !== undefined}
          placeholder={t('runs.filter.hint')}
          spellCheck={false}
          autoComplete="off"
        />
        {queryMs === undefined ? null : <span className="meta nw">{f.duration(queryMs)}</span>}
        {text === '' ? <kbd>/</kbd> : null}
        {filter === '' ? null : (
          <button type="button" className="btn sm quiet" onClick={() => onFilter('')}>
            {t('runs.filter.clear')}
          </button>
        )}
      </form>
      {offers.length === 0 ? null : (
        <div className="hint offers">
          {offers.map((field, i) => (
            <button key={field} type="button" className="link mono" onClick={() => take(field)}>
              {field} {i === 0 ? <kbd>Tab</kbd> : null}
            </button>
          ))}
        </div>
      )}
      {error === null ? null : (
        <p className="ferr" role="alert">
          <StatusMark kind="failed" size={12} /> {error.message}{' '}
          {problem?.next === undefined ? '' : <span className="dim">{problem.next}</span>}
        </p>
      )}
    </>
  );
}

/** An empty result keeps the filter and offers to drop each condition, with the count that it would give. */
export function NoMatch({
  filter,
  experiment,
  onFilter,
}: {
  readonly filter: string;
  readonly experiment: string | undefined;
  readonly onFilter: (filter: string) => void;
}) {
  const { t } = useText();
  const conditions = conditionsOf(filter);
  const without = conditions.map((_, i) => conditions.filter((__, j) => j !== i).join(' and '));
  const counts = useQueries({
    queries: without.map((rest) => ({
      queryKey: ['runs', 'count', experiment, rest],
      queryFn: () =>
        body(
          client.GET('/api/v1/runs', {
            params: {
              query: {
                limit: 1,
                ...(experiment === undefined ? {} : { experiment }),
                ...(rest === '' ? {} : { filter: rest }),
              },
            },
          }),
        ),
    })),
  });
  return (
    <div className="empty">
      <b>{t('runs.nomatch')}</b>
      {conditions.map((condition, i) => (
        <button key={condition} type="button" className="link" onClick={() => onFilter(without[i] ?? '')}>
          {t('runs.without', { condition, n: counts[i]?.data?.total ?? '…' })}
        </button>
      ))}
    </div>
  );
}
