import { memo, type MouseEvent } from 'react';
import { addresses } from '../../api/addresses.ts';
import type { Run } from '../../api/types.ts';
import { CategorySwatch } from '../../charts/series-mark.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Go, useGo } from '../../parts/go.tsx';
import { StatusMark, type MarkKind } from '../../parts/status-mark.tsx';
import { figure } from './figures.ts';
import { columnId, type RunColumn } from './runs-search.ts';

export const RUN_MARKS: Readonly<Record<Run['status'], MarkKind>> = {
  RUNNING: 'running',
  SCHEDULED: 'waits',
  FINISHED: 'done',
  FAILED: 'failed',
  KILLED: 'expected',
};

export interface RunRowProps {
  readonly project: string;
  /** undefined: on its way. */
  readonly run: Run | undefined;
  readonly index: number;
  readonly start: number;
  /** Place among the selected; −1 = not selected. */
  readonly at: number;
  /** Selected ones carry their mark of the comparison while there are few. */
  readonly marked: boolean;
  readonly current: boolean;
  readonly columns: readonly RunColumn[];
  readonly widths: string;
  readonly narrow: boolean;
  readonly onSelect: (index: number, range: boolean) => void;
}

/** Seconds say nothing about a run of many minutes. */
const rounded = (ms: number): number => (ms < 600_000 ? ms : Math.round(ms / 60_000) * 60_000);

function Cell({ run, column }: { readonly run: Run; readonly column: RunColumn }) {
  const { t, f } = useText();
  const value = run[`${column.kind}s`][column.name];
  return (
    <span
      role="cell"
      className={column.kind === 'metric' ? 'num' : 'word mono'}
      title={value === undefined ? t('unknown') : String(value)}
    >
      {value === undefined ? <span className="dim">—</span> : typeof value === 'number' ? figure(f, value) : value}
    </span>
  );
}

/** Memoized: while the table scrolls, only rows that come into view are made. */
export const RunRow = memo(function RunRow(props: RunRowProps) {
  const { project, run, index, start, at, marked, current, columns, widths, narrow, onSelect } = props;
  const { t, f } = useText();
  const go = useGo();
  const style = { gridTemplateColumns: widths, transform: `translateY(${start}px)` };
  if (run === undefined) {
    return (
      <div role="row" aria-rowindex={index + 2} aria-busy="true" className="vr body wait" style={style}>
        <span role="cell" className="pin">
          <i />
        </span>
        {columns.map((one) => (
          <span role="cell" key={columnId(one)}>
            <i />
          </span>
        ))}
      </div>
    );
  }
  const open = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest('a,input,label') !== null) return;
    if (event.shiftKey || event.metaKey || event.ctrlKey) onSelect(index, event.shiftKey);
    else go(addresses.run(project, run.id));
  };
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={at >= 0}
      className={`vr body${at >= 0 ? ' sel' : ''}${current ? ' cur' : ''}`}
      style={style}
      onClick={open}
    >
      <span role="cell" className="pin" title={run.name}>
        <input
          type="checkbox"
          checked={at >= 0}
          aria-label={t('runs.select', { name: run.name })}
          onChange={(event) => onSelect(index, (event.nativeEvent as globalThis.MouseEvent).shiftKey)}
        />
        <StatusMark kind={RUN_MARKS[run.status]} />
        <span className="sr">{t(`runs.status.${run.status}`)}</span>
        <Go to={addresses.run(project, run.id)} className="name">
          {run.name}
        </Go>
        {at >= 0 && marked ? <CategorySwatch index={at} /> : null}
      </span>
      {columns.map((one) => (
        <Cell key={columnId(one)} run={run} column={one} />
      ))}
      {narrow ? null : (
        <>
          <span role="cell" className="dim" title={run.user}>
            {run.user ?? ''}
          </span>
          <span role="cell" className="num">
            {run.endTime === undefined ? '' : f.duration(rounded(run.endTime - run.startTime))}
          </span>
          <span role="cell" className="num dim" title={f.full(run.deletedAt ?? run.startTime)}>
            {f.when(run.deletedAt ?? run.startTime)}
          </span>
        </>
      )}
    </div>
  );
});
