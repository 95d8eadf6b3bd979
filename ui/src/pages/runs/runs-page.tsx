import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import { fetchRuns, runQueries, type RunKeys, type RunsAsked } from '../../api/run-queries.ts';
import type { Run } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { CommandLine } from '../../parts/command-line.tsx';
import { Go, useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Failed, Waiting } from '../../parts/states.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { BulkBar, MOST_COMPARED } from './bulk-bar.tsx';
import { ColumnPicker } from './column-picker.tsx';
import { Compare } from './compare.tsx';
import { useCopyLink } from './copy-link.ts';
import { FilterBar, NoMatch } from './filter-bar.tsx';
import { GroupPicker } from './group-picker.tsx';
import { GroupTable } from './group-table.tsx';
import { betterIs } from './metric-sense.ts';
import { useRunRows, type RunRows } from './run-rows.ts';
import { RunTable } from './run-table.tsx';
import { RunsTools } from './runs-tools.tsx';
import { SavedViews } from './saved-views.tsx';
import {
  askedColumns,
  columnsOf,
  columnsText,
  fieldOf,
  readRunsSearch,
  runsQueryString,
  viewState,
  type RunsSearch,
} from './runs-search.ts';
import { usePhone } from './use-phone.ts';

const NO_KEYS: RunKeys = { metrics: [], params: [], tags: [] };
/** What one change may hold, so what may be selected. */
const MOST_SELECTED = 1000;
const MOST_BESIDE = 6;
const ATTRIBUTES = ['run_id', 'run_name', 'status', 'user_id', 'start_time', 'end_time'];

/** Moves and selects with the keys; returns the row that the keys stand on. */
function useTableKeys(
  rows: RunRows,
  open: (run: Run) => void,
  select: (index: number, range: boolean) => void,
): number {
  const { t } = useText();
  const [current, setCurrent] = useState(-1);
  const last = (rows.total ?? 0) - 1;
  const to = (index: number): void => setCurrent(Math.min(last, Math.max(0, index)));
  const here = (): void => {
    const run = rows.at(current);
    if (run !== undefined) open(run);
  };
  useKeys([
    { keys: 'j', label: t('keys.next'), run: () => to(current + 1) },
    { keys: 'ArrowDown', label: t('keys.next'), run: () => to(current + 1) },
    { keys: 'k', label: t('keys.previous'), run: () => to(current - 1) },
    { keys: 'ArrowUp', label: t('keys.previous'), run: () => to(current - 1) },
    { keys: 'Home', label: t('runs.first'), run: () => to(0) },
    { keys: 'End', label: t('runs.last'), run: () => to(last) },
    { keys: 'Enter', label: t('keys.open'), run: here },
    { keys: 'o', label: t('keys.open'), run: here },
    { keys: 'x', label: t('keys.select'), run: () => select(current, false) },
    { keys: 'shift+x', label: t('runs.select.range'), run: () => select(current, true) },
  ]);
  return Math.min(current, last);
}

/** The best run of all that match, by the first metric whose name says what is better. */
function useBest(asked: RunsAsked, metrics: readonly string[], enabled: boolean) {
  const metric = metrics.find((one) => betterIs(one) !== undefined);
  const field = metric === undefined ? '' : fieldOf({ kind: 'metric', name: metric });
  const order = `${field} ${metric !== undefined && betterIs(metric) === 'less' ? 'ASC' : 'DESC'}`;
  const found = useQuery({
    queryKey: ['runs', 'best', asked, order],
    queryFn: ({ signal }) => fetchRuns({ ...asked, order }, { columns: `metrics.${metric ?? ''}`, limit: 1 }, signal),
    enabled: enabled && metric !== undefined,
    staleTime: 30_000,
  }).data?.runs[0];
  const value = metric === undefined ? undefined : found?.metrics[metric];
  return metric === undefined || found === undefined || typeof value !== 'number'
    ? undefined
    : { metric, value, run: found };
}

/** Selected ids: in the address while they are few, so that a link holds them. */
function useSelection(sel: string, write: (sel: string) => void) {
  const [many, setMany] = useState<readonly string[]>();
  const few = useMemo(() => (sel === '' ? [] : sel.split(',')), [sel]);
  const set = (ids: readonly string[]): void => {
    const next = ids.slice(0, MOST_SELECTED);
    setMany(next.length > MOST_COMPARED ? next : undefined);
    write(next.length > MOST_COMPARED ? '' : next.join(','));
  };
  return [many ?? few, set] as const;
}

export function RunsPage({ project, search }: { readonly project: string; readonly search: RunsSearch }) {
  const { t, tx, f } = useText();
  const router = useRouter();
  const go = useGo();
  const toast = useToast();
  const narrow = usePhone();
  const copyLink = useCopyLink();
  const [dialog, setDialog] = useState<'columns' | 'views' | 'group'>();
  const known = useQuery(queries.experiments());
  const experiments = known.data?.experiments;
  const url = useQuery(queries.server()).data?.url ?? location.origin;
  // A project's experiment has its name: what is read of it need not wait for the list.
  const guess = project === '-' ? undefined : project;
  const own = experiments === undefined ? guess : experiments.find((one) => one.name === project)?.name;
  const experiment = search.exp === '*' ? undefined : search.exp === '' ? own : search.exp;
  const trash = search.view === 'deleted';
  const asked = useMemo<RunsAsked>(
    () => ({
      ...(experiment === undefined ? {} : { experiment }),
      ...(search.q === '' ? {} : { filter: search.q }),
      ...(search.order === '' ? {} : { order: search.order }),
      ...(trash ? { view: 'deleted' as const } : {}),
    }),
    [experiment, search.q, search.order, trash],
  );
  const keysQuery = useQuery({
    ...runQueries.keys(experiment),
    enabled: experiments !== undefined || experiment !== undefined,
  });
  const keys = keysQuery.data ?? NO_KEYS;
  const columns = useMemo(() => columnsOf(search.cols, keys), [search.cols, keys]);
  // The order of the columns changes nothing in what is read.
  const columnsRead = useMemo(() => askedColumns(columns.toSorted((a, b) => (a.name < b.name ? -1 : 1))), [columns]);
  const ready = experiments !== undefined && (search.cols !== '' || keysQuery.data !== undefined || keysQuery.isError);
  const rows = useRunRows(asked, columnsRead, ready);

  const latest = useRef(search);
  useEffect(() => {
    latest.current = search;
  });
  const set = (change: Partial<RunsSearch>, replace = false): void => {
    // Two changes in one event both count: the second builds on the first.
    latest.current = { ...latest.current, ...change };
    const to = addresses.runs(project) + runsQueryString(latest.current);
    if (replace) router.history.replace(to);
    else router.history.push(to);
  };
  const [selected, setSelected] = useSelection(search.sel, (sel) => set({ sel }, true));
  const anchor = useRef(-1);
  const select = (index: number, range: boolean): void => {
    const run = rows.at(index);
    if (run === undefined) return;
    const from = anchor.current;
    anchor.current = index;
    if (range && from >= 0 && from !== index) {
      const [low, high] = [Math.min(from, index), Math.max(from, index)];
      const limit = Math.min(MOST_SELECTED, high - low + 1);
      void fetchRuns(asked, { columns: '', offset: low, limit }).then(
        (page) => setSelected([...new Set([...selected, ...page.runs.map((one) => one.id)])]),
        (error: unknown) => toast({ text: String(error), failed: true }),
      );
    } else setSelected(selected.includes(run.id) ? selected.filter((one) => one !== run.id) : [...selected, run.id]);
  };
  const latestSelect = useRef(select);
  useEffect(() => {
    latestSelect.current = select;
  });
  const stableSelect = useCallback((index: number, range: boolean) => latestSelect.current(index, range), []);
  const current = useTableKeys(rows, (run) => go(addresses.run(project, run.id)), select);
  useKeys([
    { keys: 'e', label: t('runs.columns.title'), run: () => setDialog('columns') },
    { keys: 'v', label: t('views.title'), run: () => setDialog('views') },
    { keys: 'b', label: t('groups.title'), run: () => setDialog('group') },
    { keys: 'y', label: t('link.copy'), run: copyLink },
    { keys: 'r', label: t('runs.renew'), run: rows.renew },
  ]);

  const where = experiment ?? t('runs.where.all');
  const metricColumns = columns.flatMap((one) => (one.kind === 'metric' ? [one.name] : []));
  const winner = useBest(asked, metricColumns, ready && !trash);
  const metric =
    search.by === '' ? (metricColumns.find((one) => betterIs(one) !== undefined) ?? metricColumns[0]) : search.by;
  const grouped = search.group !== '';
  const comparing = selected.length >= 2 && selected.length <= MOST_BESIDE && !narrow && !grouped;
  const unread = rows.total === undefined && rows.error !== null && search.q !== '' && !grouped;
  const answerKey = trash ? 'runs.answer.trash' : search.q === '' ? 'runs.answer' : 'runs.answer.filtered';
  return (
    <>
      <PageHead
        title={t('nav.runs')}
        answer={
          rows.total === undefined ? (
            t(unread ? 'runs.answer.unread' : 'nav.runs')
          ) : (
            <>
              {t(answerKey, { n: rows.total, where })}{' '}
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
          queryMs={rows.queryMs}
          error={rows.error}
          fields={[
            ...keys.metrics.map(({ key, runs }) => ({ field: fieldOf({ kind: 'metric', name: key }), runs })),
            ...keys.params.map(({ key, runs }) => ({ field: fieldOf({ kind: 'param', name: key }), runs })),
            ...keys.tags.map(({ key, runs }) => ({ field: fieldOf({ kind: 'tag', name: key }), runs })),
            ...ATTRIBUTES.map((name) => ({ field: `attributes.${name}` })),
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
                {one.runs === undefined ? '' : ` (${f.int(one.runs)})`}
              </option>
            ))}
          </select>
        </label>
        <RunsTools
          shown={columns.length}
          all={keys.metrics.length + keys.params.length + keys.tags.length}
          grouped={grouped}
          trash={trash}
          asked={asked}
          columns={columns}
          name={experiment ?? 'runs'}
          empty={rows.total === undefined || rows.total === 0}
          onDialog={setDialog}
          onTrash={() => set({ view: trash ? '' : 'deleted', sel: '' })}
          onCopyLink={copyLink}
        />
      </div>
      <ColumnPicker
        open={dialog === 'columns'}
        onClose={() => setDialog(undefined)}
        keys={keys}
        columns={columns}
        onColumns={(next) => set({ cols: columnsText(next) }, true)}
      />
      <SavedViews
        open={dialog === 'views'}
        onClose={() => setDialog(undefined)}
        state={viewState(search)}
        onPick={(state) => set(readRunsSearch(Object.fromEntries(new URLSearchParams(state))))}
      />
      <GroupPicker
        open={dialog === 'group'}
        onClose={() => setDialog(undefined)}
        keys={keys}
        group={search.group}
        metric={metric}
        onGroup={(group) => set({ group }, true)}
        onMetric={(by) => set({ by }, true)}
      />
      <div className={comparing ? 'split two' : 'split'} hidden={unread}>
        <section className="sec first flush" aria-label={t('runs.table')}>
          {rows.news === 0 || grouped ? null : (
            <button type="button" className="news" onClick={rows.renew}>
              {rows.news > 0 ? t('runs.news', { n: rows.news }) : t('runs.changed')} <kbd>R</kbd>
            </button>
          )}
          {grouped ? (
            <GroupTable
              project={project}
              asked={asked}
              group={search.group}
              metric={metric}
              onMetric={(by) => set({ by }, true)}
              onFilter={(q) => set({ q, group: '' })}
            />
          ) : rows.total === undefined ? (
            rows.error === null && known.error === null ? (
              <Waiting rows={10} what={t('nav.runs')} />
            ) : known.error === null ? null : (
              <Failed error={known.error} what={t('nav.runs')} retry={() => void known.refetch()} />
            )
          ) : rows.total > 0 ? (
            <>
              <RunTable
                project={project}
                rows={rows}
                total={rows.total}
                columns={columns}
                onColumns={(next) => set({ cols: columnsText(next) }, true)}
                order={search.order}
                onOrder={(order) => set({ order })}
                selected={selected}
                onSelect={stableSelect}
                current={current}
                narrow={narrow}
                trash={trash}
              />
              {selected.length > 0 ? (
                <BulkBar
                  selected={selected}
                  trash={trash}
                  onCompare={() => go(addresses.compare(project, selected))}
                  onClear={() => setSelected([])}
                  onChanged={rows.renew}
                />
              ) : (
                <div className="hint hide-s">
                  <span>
                    <kbd>J</kbd> <kbd>K</kbd> {t('runs.move')}
                  </span>
                  <span>
                    <kbd>X</kbd> {t('keys.select')}
                  </span>
                  <span>
                    <kbd>⇧ X</kbd> {t('runs.select.range')}
                  </span>
                  <span>
                    <kbd>Y</kbd> {t('link.copy')}
                  </span>
                </div>
              )}
            </>
          ) : trash ? (
            <Empty title={t('runs.trash.none')} text={t('runs.trash.text')} />
          ) : search.q === '' ? (
            <>
              <Empty
                title={t('runs.none')}
                text={t('runs.none.text')}
                command={`MLFLOW_TRACKING_URI=${url} python train.py`}
              />
              <div className="empty">
                <p>{t('runs.none.wandb')}</p>
                <CommandLine command={`WANDB_BASE_URL=${url} WANDB_API_KEY=${'0'.repeat(40)} python train.py`} />
              </div>
            </>
          ) : (
            <NoMatch filter={search.q} experiment={experiment} onFilter={(q) => set({ q })} />
          )}
        </section>
        {comparing ? (
          <div className="side">
            <Section
              first
              title={t('runs.compare.n', { n: selected.length })}
              right={<Go to={addresses.compare(project, selected)}>{t('runs.compare.open')}</Go>}
            >
              <Compare project={project} ids={selected} />
            </Section>
          </div>
        ) : null}
      </div>
    </>
  );
}
