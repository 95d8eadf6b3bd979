import { useQueries } from '@tanstack/react-query';
import { useId, useRef, useState, type KeyboardEvent } from 'react';
import { ApiProblem } from '../../api/problem.ts';
import { runQueries } from '../../api/run-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { StatusMark } from '../../parts/status-mark.tsx';
import { conditionsOf } from './runs-search.ts';

export interface FilterField {
  /** In the grammar: `metrics.auc`. */
  readonly field: string;
  readonly runs?: number;
}

export interface FilterBarProps {
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
  readonly queryMs: number | undefined;
  readonly error: Error | null;
  readonly fields: readonly FilterField[];
  /** An example; absent: one about runs. */
  readonly hint?: string;
}

const MOST = 8;

/** What may come after the word that is being written: fields by how many runs have them, then operators, then `and`. */
function offersFor(
  text: string,
  fields: readonly FilterField[],
): { readonly word: string; readonly offers: readonly FilterField[] } {
  // Inside of an open quote nothing is completed.
  if ((text.match(/'/g)?.length ?? 0) % 2 === 1) return { word: '', offers: [] };
  const word = /(?:^|[\s(,])([a-z_`][\w./:`-]*)$/i.exec(text)?.[1] ?? '';
  if (word.length > 0) {
    const wanted = word.toLowerCase();
    const bare = (field: string): string => field.slice(field.indexOf('.') + 1).replaceAll('`', '');
    const offers = fields
      .filter(({ field }) => {
        const name = field.toLowerCase();
        return (
          name !== wanted &&
          (name.startsWith(wanted) || bare(name).startsWith(wanted) || (wanted.length > 2 && name.includes(wanted)))
        );
      })
      .toSorted((a, b) => Number(bare(b.field).startsWith(wanted)) - Number(bare(a.field).startsWith(wanted)))
      .slice(0, MOST);
    return { word, offers };
  }
  const after = /(metrics?|params?|tags?|attributes?)\.(?:`[^`]+`|[\w./:-]+)\s+$/i.exec(text)?.[1];
  if (after === undefined) return { word: '', offers: [] };
  const operators = /^metric/i.test(after)
    ? ['<', '<=', '>', '>=', '=', '!=']
    : ["= '", "!= '", "LIKE '%", "ILIKE '%", "IN ('", 'IS NULL'];
  return { word: '', offers: operators.map((field) => ({ field })) };
}

/** Where the mistake is: at the column that the server names, or at the word that it did not expect. */
function columnOfError(message: string, filter: string): number | undefined {
  const column = /column (\d+)/.exec(message)?.[1];
  if (column !== undefined) return Number(column);
  const found = /found '([^']*)'/.exec(message)?.[1];
  if (found === undefined) return undefined;
  const at = found === '' ? filter.length : filter.lastIndexOf(found);
  return at < 0 ? undefined : at + 1;
}

/** One field in the API's own grammar; Enter applies it, `/` comes here, Tab or Enter takes an offer. */
export function FilterBar({ filter, onFilter, queryMs, error, fields, hint }: FilterBarProps) {
  const { t, f } = useText();
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  // What is typed belongs to the filter that it started from: another filter (back, a link) takes its place.
  const [draft, setDraft] = useState({ of: filter, text: filter });
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const text = draft.of === filter ? draft.text : filter;
  const setText = (next: string): void => {
    setDraft({ of: filter, text: next });
    setAt(-1);
    setOpen(true);
  };
  useKeys([{ keys: '/', label: t('keys.filter'), run: () => input.current?.focus() }]);
  const { word, offers } = offersFor(text, fields);
  const shown = open ? offers : [];
  const take = (offer: FilterField | undefined): void => {
    if (offer === undefined) return;
    setText(`${text.slice(0, text.length - word.length)}${offer.field}${/['%]$/.test(offer.field) ? '' : ' '}`);
    input.current?.focus();
  };
  const onKey = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by !== 0 && shown.length > 0) {
      event.preventDefault();
      setAt((was) => (was + by + shown.length) % shown.length);
    } else if (event.key === 'Escape') {
      if (shown.length > 0) setOpen(false);
      else input.current?.blur();
    } else if (event.key === 'Tab' && !event.shiftKey && shown.length > 0) {
      event.preventDefault();
      take(shown[Math.max(0, at)]);
    } else if (event.key === 'Enter' && at >= 0 && shown[at] !== undefined) {
      event.preventDefault();
      take(shown[at]);
    }
  };
  const problem = error instanceof ApiProblem ? error : undefined;
  const column = problem === undefined ? undefined : columnOfError(problem.message, filter);
  return (
    <>
      <form
        className="field"
        onSubmit={(event) => {
          event.preventDefault();
          setOpen(false);
          onFilter(text.trim());
        }}
      >
        <input
          ref={input}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKey}
          onBlur={() => setOpen(false)}
          role="combobox"
          aria-expanded={shown.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={at >= 0 ? `${list}-${at}` : undefined}
          aria-label={t('runs.filter')}
          aria-invalid={problem !== undefined}
          placeholder={hint ?? t('runs.filter.hint')}
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
        <div
          className={`float offerlist${shown.length === 0 ? ' none' : ''}`}
          role="listbox"
          id={list}
          aria-label={t('runs.filter')}
        >
          {shown.map((offer, i) => (
            <div
              key={offer.field}
              id={`${list}-${i}`}
              role="option"
              aria-selected={i === at}
              // The field keeps the focus, so that writing goes on.
              onMouseDown={(event) => {
                event.preventDefault();
                take(offer);
              }}
            >
              <span className="mono">{offer.field}</span>
              {offer.runs === undefined ? null : <span className="dim micro">{f.int(offer.runs)}</span>}
              {i === Math.max(0, at) ? <kbd>Tab</kbd> : null}
            </div>
          ))}
        </div>
      </form>
      {error === null ? null : (
        <div className="ferr" role="alert">
          {column === undefined ? null : (
            <pre className="at" aria-hidden="true">
              {filter}
              {'\n'}
              {' '.repeat(Math.max(0, column - 1))}^
            </pre>
          )}
          <span>
            <StatusMark kind="failed" size={12} /> {error.message}{' '}
            {problem?.next === undefined ? '' : <span className="dim">{problem.next}</span>}
          </span>
        </div>
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
      ...runQueries.count({
        ...(experiment === undefined ? {} : { experiment }),
        ...(rest === '' ? {} : { filter: rest }),
      }),
      refetchInterval: false as const,
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
