import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { TracesAsked } from '../../api/trace-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { CopyButton } from '../../parts/command-line.tsx';
import { useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Failed, Waiting } from '../../parts/states.tsx';
import { usePhone } from '../../parts/use-phone.ts';
import { FilterBar } from '../runs/filter-bar.tsx';
import { useTraceRows, type TraceRows } from './trace-rows.ts';
import { TraceTable } from './trace-table.tsx';
import { tracesQueryString, type TracesSearch } from './traces-search.ts';
import '../../design/traces.css';

const FIELDS = [
  'trace.status',
  'trace.name',
  'trace.timestamp_ms',
  'trace.execution_time_ms',
  'trace.run_id',
  'trace.text',
  'span.name',
  'span.type',
  'span.status',
  'span.content',
  'span.attributes.',
  'tags.',
  'metadata.',
  'feedback.',
  'expectation.',
].map((field) => ({ field }));

/** Moves with the keys; returns the row that they stand on. */
function useTraceKeys(rows: TraceRows): number {
  const { t } = useText();
  const go = useGo();
  const [current, setCurrent] = useState(-1);
  const last = (rows.total ?? 0) - 1;
  const to = (index: number): void => setCurrent(Math.min(last, Math.max(0, index)));
  const open = (): void => {
    const trace = rows.at(current);
    if (trace !== undefined) go(addresses.trace(trace.id));
  };
  useKeys([
    { keys: 'j', label: t('keys.next'), run: () => to(current + 1) },
    { keys: 'ArrowDown', label: t('keys.next'), run: () => to(current + 1) },
    { keys: 'k', label: t('keys.previous'), run: () => to(current - 1) },
    { keys: 'ArrowUp', label: t('keys.previous'), run: () => to(current - 1) },
    { keys: 'Home', label: t('traces.first'), run: () => to(0) },
    { keys: 'End', label: t('traces.last'), run: () => to(last) },
    { keys: 'Enter', label: t('keys.open'), run: open },
    { keys: 'o', label: t('keys.open'), run: open },
    { keys: 'r', label: t('traces.renew'), run: rows.renew },
  ]);
  return Math.min(current, last);
}

function FirstTrace() {
  const { t } = useText();
  const url = useQuery(queries.server()).data?.url ?? location.origin;
  const program = `import mlflow\n\nmlflow.set_tracking_uri("${url}")\n\n@mlflow.trace\ndef answer(question):\n    return f"You asked: {question}"\n\nanswer("How late is flight 12?")\n`;
  const exporter = `export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}/v1/traces\nexport OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_TRACES_HEADERS=x-mlflow-experiment-id=0\n`;
  return (
    <div className="empty first-trace">
      <p>{t('traces.none.text')}</p>
      {[program, exporter].map((text) => (
        <div className="cmd" key={text}>
          <code>{text.trimEnd()}</code>
          <CopyButton text={text} />
        </div>
      ))}
    </div>
  );
}

export function TracesPage({ search }: { readonly search: TracesSearch }) {
  const { t, f } = useText();
  const router = useRouter();
  const narrow = usePhone();
  const experiments = useQuery(queries.experiments()).data?.experiments;
  const asked = useMemo<TracesAsked>(
    () => ({
      ...(search.exp === '' ? {} : { experiment: search.exp }),
      ...(search.q === '' ? {} : { filter: search.q }),
      ...(search.order === '' ? {} : { order: search.order }),
    }),
    [search.exp, search.q, search.order],
  );
  const rows = useTraceRows(asked);
  const current = useTraceKeys(rows);
  const set = (change: Partial<TracesSearch>): void =>
    router.history.push(addresses.traces() + tracesQueryString({ ...search, ...change }));
  const where = search.exp === '' ? t('runs.where.all') : search.exp;
  const { total } = rows;
  const unread = total === undefined && rows.error !== null && search.q !== '';
  return (
    <>
      <PageHead
        title={t('nav.traces')}
        answer={
          total === undefined
            ? t(unread ? 'runs.answer.unread' : 'nav.traces')
            : total === 0 && search.q === ''
              ? t('traces.none.answer', { where })
              : t(search.q === '' ? 'traces.answer' : 'traces.answer.filtered', { n: total, where })
        }
      />
      <div className="filter">
        <FilterBar
          filter={search.q}
          onFilter={(q) => set({ q })}
          queryMs={rows.queryMs}
          error={rows.error}
          fields={FIELDS}
          hint={t('traces.filter.hint')}
        />
        <label className="btn selectbtn">
          <span className="sr">{t('runs.experiment')}</span>
          <select value={search.exp} onChange={(event) => set({ exp: event.target.value })}>
            <option value="">{t('runs.where.all')}</option>
            {experiments?.map((one) => (
              <option key={one.id} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {rows.news === 0 ? null : (
        <button type="button" className="news" onClick={rows.renew}>
          {t('traces.news', { n: rows.news })} <kbd>R</kbd>
        </button>
      )}
      {unread ? null : (
        <section className="sec first flush" aria-label={t('traces.table')}>
          {total === undefined ? (
            rows.error === null ? (
              <Waiting rows={10} what={t('nav.traces')} />
            ) : (
              <Failed error={rows.error} what={t('nav.traces')} retry={rows.renew} />
            )
          ) : total > 0 ? (
            <>
              <TraceTable
                rows={rows}
                total={total}
                order={search.order}
                onOrder={(order) => set({ order })}
                current={current}
                narrow={narrow}
              />
              <div className="hint hide-s">
                <span>
                  <kbd>J</kbd> <kbd>K</kbd> {t('traces.move')}
                </span>
                <span>
                  <kbd>↵</kbd> {t('keys.open')}
                </span>
                <span>
                  <kbd>/</kbd> {t('keys.filter')}
                </span>
                <span className="dim">{f.int(total)}</span>
              </div>
            </>
          ) : search.q === '' ? (
            <FirstTrace />
          ) : (
            <div className="empty">
              <b>{t('traces.nomatch')}</b>
              <button type="button" className="link" onClick={() => set({ q: '' })}>
                {t('traces.nomatch.clear')}
              </button>
            </div>
          )}
        </section>
      )}
    </>
  );
}
