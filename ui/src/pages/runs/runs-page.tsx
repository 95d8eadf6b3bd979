import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Run } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Go, useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Waiting } from '../../parts/states.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { ColumnPicker } from './column-picker.tsx';
import { Compare } from './compare.tsx';
import { FilterBar, NoMatch } from './filter-bar.tsx';
import { betterIs } from './metric-sense.ts';
import { RunTable } from './run-table.tsx';
import { allRuns, csvOf, download } from './runs-csv.ts';
import { columnsOf, fieldOf, runsQueryString, type RunsSearch } from './runs-search.ts';

const NO_COLUMNS = { metrics: [], params: [] };
const phone = matchMedia('(max-width: 759px)');
const onPhone = (change: () => void): (() => void) => {
  phone.addEventListener('change', change);
  return () => phone.removeEventListener('change', change);
};

function usePhone(): boolean {
  return useSyncExternalStore(onPhone, () => phone.matches);
}

/** Moves and selects with the keys; returns the row that the keys stand on. */
function useTableKeys(
  runs: readonly Run[],
  open: (run: Run) => void,
  select: (id: string, range: boolean) => void,
): number {
  const { t } = useText();
  const [current, setCurrent] = useState(-1);
  const step = (by: number): void => setCurrent((was) => Math.min(runs.length - 1, Math.max(0, was + by)));
  const here = (use: (run: Run) => void): void => {
    const run = runs[current];
    if (run !== undefined) use(run);
  };
  useKeys([
    { keys: 'j', label: t('keys.next'), run: () => step(1) },
    { keys: 'ArrowDown', label: t('keys.next'), run: () => step(1) },
    { keys: 'k', label: t('keys.previous'), run: () => step(-1) },
    { keys: 'ArrowUp', label: t('keys.previous'), run: () => step(-1) },
    { keys: 'Enter', label: t('keys.open'), run: () => here(open) },
    { keys: 'o', label: t('keys.open'), run: () => here(open) },
    { keys: 'x', label: t('keys.select'), run: () => here((run) => select(run.id, false)) },
    { keys: 'shift+x', label: t('keys.select'), run: () => here((run) => select(run.id, true)) },
  ]);
  return current;
}

/** The best run of what is read, by the first metric whose name says what is better. */
function best(
  runs: readonly Run[],
  metrics: readonly string[],
): { readonly metric: string; readonly value: number; readonly run: Run } | undefined {
  const metric = metrics.find((one) => betterIs(one) !== undefined);
  if (metric === undefined) return undefined;
  const sign = betterIs(metric) === 'less' ? 1 : -1;
  let found: { metric: string; value: number; run: Run } | undefined;
  for (const run of runs) {
    const value = run.metrics[metric];
    if (typeof value === 'number' && (found === undefined || sign * value < sign * found.value))
      found = { metric, value, run };
  }
  return found;
}

export function RunsPage({ project, search }: { readonly project: string; readonly search: RunsSearch }) {
  const { t, tx, f } = useText();
  const router = useRouter();
  const go = useGo();
  const toast = useToast();
  const narrow = usePhone();
  const [picking, setPicking] = useState(false);
  const experiments = useQuery(queries.experiments()).data?.experiments;
  const url = useQuery(queries.server()).data?.url ?? location.origin;
  const own = experiments?.find((one) => one.name === project)?.name;
  const experiment = search.exp === '*' ? undefined : search.exp === '' ? own : search.exp;
  const query = {
    ...(experiment === undefined ? {} : { experiment }),
    ...(search.q === '' ? {} : { filter: search.q }),
    ...(search.order === '' ? {} : { order: search.order }),
  };
  const pages = useInfiniteQuery({ ...queries.runs(query), enabled: experiments !== undefined });
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = pages;
  const first = pages.data?.pages[0];
  const runs = useMemo(() => pages.data?.pages.flatMap((page) => page.runs) ?? [], [pages.data]);
  const known = first?.columns ?? NO_COLUMNS;
  const columns = useMemo(() => columnsOf(search.cols, known), [search.cols, known]);
  const selected = search.sel === '' ? [] : search.sel.split(',');

  const set = (change: Partial<RunsSearch>, replace = false): void => {
    const to = addresses.runs(project) + runsQueryString({ ...search, ...change });
    if (replace) router.history.replace(to);
    else router.history.push(to);
  };
  const select = (id: string, range: boolean): void => {
    const ids = runs.map((run) => run.id);
    const last = selected.at(-1);
    if (range && last !== undefined && ids.includes(last)) {
      const [a, b] = [ids.indexOf(last), ids.indexOf(id)].toSorted((x, y) => x - y);
      set({ sel: [...new Set([...selected, ...ids.slice(a, (b ?? 0) + 1)])].slice(0, 10).join(',') }, true);
    } else
      set(
        {
          sel: (selected.includes(id) ? selected.filter((one) => one !== id) : [...selected, id]).slice(-10).join(','),
        },
        true,
      );
  };
  const latestSelect = useRef(select);
  useEffect(() => {
    latestSelect.current = select;
  });
  const stableSelect = useCallback((id: string, range: boolean) => latestSelect.current(id, range), []);
  const current = useTableKeys(runs, (run) => go(addresses.run(project, run.id)), select);
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  useKeys([
    { keys: 'e', label: t('runs.columns.title'), run: () => setPicking(true) },
    ...(selected.length < 2
      ? []
      : [{ keys: 'c', label: t('runs.compare'), run: () => go(addresses.compare(project, selected)) }]),
  ]);
  const exportCsv = async (): Promise<void> => {
    const all = await allRuns(query).catch((error: unknown) => {
      toast({ text: String(error), failed: true });
      return undefined;
    });
    if (all === undefined) return;
    const file = `${experiment ?? 'runs'}.csv`;
    download(csvOf(all), file);
    toast({ text: t('runs.csv.done', { n: all.length, file }) });
  };

  const where = experiment ?? t('runs.where.all');
  const winner = useMemo(() => best(runs, known.metrics), [runs, known]);
  const comparing = selected.length >= 2 && !narrow;
  return (
    <>
      <PageHead
        title={t('nav.runs')}
        answer={
          first === undefined ? (
            t('nav.runs')
          ) : (
            <>
              {t(search.q === '' ? 'runs.answer' : 'runs.answer.filtered', { n: first.total, where })}{' '}
              {winner === undefined
                ? null
                : tx('runs.answer.best', {
                    metric: winner.metric,
                    value: <b>{f.num(winner.value, 4)}</b>,
                    run: <Go to={addresses.run(project, winner.run.id)}>{winner.run.name}</Go>,
                  })}
            </>
          )
        }
      />
      <div className="filter">
        <FilterBar
          filter={search.q}
          onFilter={(q) => set({ q })}
          queryMs={first?.queryMs}
          error={pages.error}
          fields={[
            ...known.metrics.map((name) => fieldOf({ kind: 'metric', name })),
            ...known.params.map((name) => fieldOf({ kind: 'param', name })),
          ]}
        />
        <label className="btn selectbtn">
          <span className="sr">{t('runs.experiment')}</span>
          <select
            value={search.exp === '' ? (own ?? '*') : search.exp}
            onChange={(event) => set({ exp: event.target.value, sel: '', cols: '' })}
          >
            <option value="*">{t('runs.where.all')}</option>
            {experiments?.map((one) => (
              <option key={one.id} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <button type="button" className="btn hide-s" onClick={() => setPicking(true)}>
          {t('runs.columns', { shown: columns.length, all: known.metrics.length + known.params.length })} <kbd>E</kbd>
        </button>
        <button type="button" className="btn hide-s" onClick={() => void exportCsv()} disabled={runs.length === 0}>
          {t('runs.csv')}
        </button>
      </div>
      <ColumnPicker
        open={picking}
        onClose={() => setPicking(false)}
        known={known}
        columns={columns}
        onColumns={(cols) => set({ cols }, true)}
      />
      <div className={comparing ? 'split two' : 'split'}>
        <section className="sec first flush" aria-label={t('runs.table')}>
          {first === undefined ? (
            pages.error === null ? (
              <Waiting rows={10} what={t('nav.runs')} />
            ) : null
          ) : runs.length > 0 ? (
            <>
              <RunTable
                project={project}
                runs={runs}
                total={first.total}
                columns={columns}
                order={search.order}
                onOrder={(order) => set({ order })}
                selected={selected}
                onSelect={stableSelect}
                current={current}
                onNearEnd={more}
                narrow={narrow}
              />
              <div className="hint">
                <span className="dim">{t('runs.loaded', { loaded: runs.length, total: first.total })}</span>
                <span className="hide-s">
                  <kbd>J</kbd> <kbd>K</kbd> {t('runs.move')}
                </span>
                <span className="hide-s">
                  <kbd>X</kbd> {t('keys.select')}
                </span>
                <span className="hide-s">
                  <kbd>C</kbd> {t('runs.compare')}
                </span>
                {selected.length === 1 ? <span className="dim">{t('runs.compare.hint')}</span> : null}
              </div>
            </>
          ) : search.q === '' ? (
            <Empty
              title={t('runs.none')}
              text={t('runs.none.text')}
              command={`MLFLOW_TRACKING_URI=${url} python train.py`}
            />
          ) : (
            <NoMatch filter={search.q} experiment={experiment} onFilter={(q) => set({ q })} />
          )}
        </section>
        {comparing ? (
          <div className="side">
            <Section
              first
              title={t('runs.compare.n', { n: selected.length })}
              right={
                <>
                  <Go to={addresses.compare(project, selected)}>{t('runs.compare.open')}</Go>
                  <button type="button" className="link" onClick={() => set({ sel: '' }, true)}>
                    {t('runs.compare.clear')}
                  </button>
                </>
              }
            >
              <Compare project={project} ids={selected} />
            </Section>
          </div>
        ) : null}
      </div>
    </>
  );
}
