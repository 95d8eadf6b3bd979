import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useMemo, useRef, type MouseEvent } from 'react';
import { addresses } from '../../api/addresses.ts';
import type { Run } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go, useGo } from '../../parts/go.tsx';
import { StatusMark, type MarkKind } from '../../parts/status-mark.tsx';
import { CategorySwatch } from '../../charts/series-mark.tsx';
import { fieldOf, type RunColumn } from './runs-search.ts';

const RUN_MARKS: Readonly<Record<Run['status'], MarkKind>> = {
  RUNNING: 'running',
  SCHEDULED: 'waits',
  FINISHED: 'done',
  FAILED: 'failed',
  KILLED: 'expected',
};

const ROW = 32;

export interface RunTableProps {
  readonly project: string;
  readonly runs: readonly Run[];
  readonly total: number;
  readonly columns: readonly RunColumn[];
  readonly order: string;
  readonly onOrder: (order: string) => void;
  readonly selected: readonly string[];
  readonly onSelect: (id: string, range: boolean) => void;
  readonly current: number;
  readonly onNearEnd: () => void;
  readonly narrow: boolean;
}

interface RunRowProps {
  readonly project: string;
  readonly run: Run;
  readonly index: number;
  readonly start: number;
  /** Place among the selected; −1 = not selected. */
  readonly at: number;
  readonly current: boolean;
  readonly columns: readonly RunColumn[];
  readonly widths: string;
  readonly narrow: boolean;
  readonly onSelect: (id: string, range: boolean) => void;
}

/** Memoized: while the table scrolls, only rows that come into view are made. */
const RunRow = memo(function RunRow(props: RunRowProps) {
  const { project, run, index, start, at, current, columns, widths, narrow, onSelect } = props;
  const { t, f } = useText();
  const go = useGo();
  const open = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest('a,input,label') !== null) return;
    go(addresses.run(project, run.id));
  };
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={at >= 0}
      className={`vr body${at >= 0 ? ' sel' : ''}${current ? ' cur' : ''}`}
      style={{ gridTemplateColumns: widths, transform: `translateY(${start}px)` }}
      onClick={open}
    >
      <span role="cell" className="cellmark">
        <input
          type="checkbox"
          checked={at >= 0}
          aria-label={t('runs.select', { name: run.name })}
          onChange={(event) => onSelect(run.id, (event.nativeEvent as globalThis.MouseEvent).shiftKey)}
        />
      </span>
      <span role="cell" className="cellmark">
        <StatusMark kind={RUN_MARKS[run.status]} />
        <span className="sr">{t(`runs.status.${run.status}`)}</span>
      </span>
      <span role="cell" className="st" title={run.name}>
        <Go to={addresses.run(project, run.id)}>{run.name}</Go>
        {at >= 0 ? <CategorySwatch index={at} /> : null}
      </span>
      {columns.map((one) => {
        const value = one.kind === 'metric' ? run.metrics[one.name] : run.params[one.name];
        const short = typeof value === 'number' && Math.abs(value) < 10 && !Number.isInteger(value);
        return (
          <span
            role="cell"
            key={one.kind + one.name}
            className={one.kind === 'metric' ? 'num' : 'mono'}
            title={value === undefined ? t('unknown') : String(value)}
          >
            {value === undefined ? (
              <span className="dim">—</span>
            ) : typeof value === 'number' ? (
              f.num(value, short ? 4 : undefined)
            ) : (
              value
            )}
          </span>
        );
      })}
      {narrow ? null : (
        <span role="cell" className="num">
          {run.endTime === undefined ? '' : f.duration(run.endTime - run.startTime)}
        </span>
      )}
      {narrow ? null : (
        <span role="cell" className="num dim" title={f.full(run.startTime)}>
          {f.when(run.startTime)}
        </span>
      )}
    </div>
  );
});

/** 10,000 rows or more: only what is seen is in the document; the rest is read as it comes near. */
export function RunTable({
  project,
  runs,
  total,
  columns,
  order,
  onOrder,
  selected,
  onSelect,
  current,
  onNearEnd,
  narrow,
}: RunTableProps) {
  const { t } = useText();
  const box = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => (narrow ? columns.slice(0, 1) : columns), [narrow, columns]);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastSeen >= runs.length - 60 && runs.length < total) onNearEnd();
  }, [lastSeen, runs.length, total, onNearEnd]);
  useEffect(() => {
    if (current >= 0) rows.scrollToIndex(current, { align: 'auto' });
  }, [current, rows]);
  const widths = narrow
    ? '28px 20px minmax(0,1fr) 96px'
    : `28px 20px minmax(170px,1.6fr) ${shown.map((one) => (one.kind === 'metric' ? 'minmax(92px,1fr)' : 'minmax(84px,.8fr)')).join(' ')} 76px 84px`;
  const least = narrow
    ? 0
    : 28 + 20 + 170 + shown.reduce((sum, one) => sum + (one.kind === 'metric' ? 92 : 84), 0) + 160 + 4;
  const head = (field: string, text: string, numeric: boolean) => {
    const by = order.replace(/ (ASC|DESC)$/i, '');
    const way = / DESC$/i.test(order) ? 'descending' : 'ascending';
    const active = by === field;
    return (
      <span key={field} role="columnheader" aria-sort={active ? way : 'none'} className={numeric ? 'num' : undefined}>
        <button
          type="button"
          title={field}
          onClick={() => onOrder(active && way === 'ascending' ? `${field} DESC` : `${field} ASC`)}
        >
          {text} {active ? (way === 'ascending' ? '↑' : '↓') : ''}
        </button>
      </span>
    );
  };
  return (
    <div
      className="vt"
      ref={box}
      role="table"
      aria-label={t('runs.table')}
      aria-rowcount={total + 1}
      tabIndex={0}
      style={{ height: `min(${(runs.length + 1) * ROW + 18}px, calc(100vh - 290px))`, minHeight: 160 }}
    >
      <div role="rowgroup" style={{ minWidth: least }} className="vhead">
        <div className="vr head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: widths }}>
          <span role="columnheader">
            <span className="sr">{t('keys.select')}</span>
          </span>
          <span role="columnheader">
            <span className="sr">{t('runs.status')}</span>
          </span>
          {head('attributes.run_name', t('runs.run'), false)}
          {shown.map((one) => head(fieldOf(one), one.name, one.kind === 'metric'))}
          {narrow ? null : (
            <span role="columnheader" className="num">
              {t('runs.took')}
            </span>
          )}
          {narrow ? null : head('attributes.start_time', t('runs.started'), true)}
        </div>
      </div>
      <div role="rowgroup" style={{ height: rows.getTotalSize(), minWidth: least, position: 'relative' }}>
        {items.map((item) => {
          const run = runs[item.index];
          if (run === undefined) return null;
          return (
            <RunRow
              key={run.id}
              project={project}
              run={run}
              index={item.index}
              start={item.start}
              at={selected.indexOf(run.id)}
              current={item.index === current}
              columns={shown}
              widths={widths}
              narrow={narrow}
              onSelect={onSelect}
            />
          );
        })}
      </div>
    </div>
  );
}
