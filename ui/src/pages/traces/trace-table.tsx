import { useRef, type MouseEvent } from 'react';
import { useSeenRows } from '../../parts/use-seen-rows.ts';
import { addresses } from '../../api/addresses.ts';
import type { Trace } from '../../api/trace-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go, useGo } from '../../parts/go.tsx';
import { StatusMark, type MarkKind } from '../../parts/status-mark.tsx';
import type { TraceRows } from './trace-rows.ts';
import { nextTraceOrder } from './traces-search.ts';

const ROW = 36;

const TRACE_MARKS: Readonly<Record<Trace['state'], MarkKind>> = {
  OK: 'done',
  ERROR: 'failed',
  IN_PROGRESS: 'running',
  STATE_UNSPECIFIED: 'unknown',
};

interface Column {
  readonly key: 'name' | 'took' | 'spans' | 'tokens' | 'cost' | 'said' | 'tags' | 'experiment' | 'started';
  readonly width: string;
  readonly least: number;
  readonly num?: boolean;
  readonly order?: readonly [field: string, first: 'ASC' | 'DESC'];
}

const COLUMNS: readonly Column[] = [
  { key: 'name', width: 'minmax(240px,1fr)', least: 240, order: ['name', 'ASC'] },
  { key: 'took', width: '190px', least: 190, order: ['execution_time_ms', 'DESC'] },
  { key: 'spans', width: '60px', least: 60, num: true },
  { key: 'tokens', width: '72px', least: 72, num: true },
  { key: 'cost', width: '72px', least: 72, num: true },
  { key: 'said', width: '140px', least: 140 },
  { key: 'tags', width: '150px', least: 150 },
  { key: 'experiment', width: '120px', least: 120 },
  { key: 'started', width: '104px', least: 104, num: true, order: ['timestamp_ms', 'DESC'] },
];

/** A column of which no row that was read says anything is left out. */
function shownColumns(read: readonly Trace[], narrow: boolean): readonly Column[] {
  if (narrow) return COLUMNS.filter((one) => one.key === 'name' || one.key === 'took');
  const some: Partial<Record<Column['key'], boolean>> = {
    tokens: read.some((one) => one.tokens !== undefined),
    cost: read.some((one) => one.cost !== undefined),
    said: read.some((one) => one.said.length > 0),
    tags: read.some((one) => Object.keys(one.tags).length > 0),
    experiment: new Set(read.map((one) => one.experimentId)).size > 1,
  };
  return COLUMNS.filter((one) => some[one.key] ?? true);
}

const valueText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function Cell({ trace, column, most }: { readonly trace: Trace; readonly column: Column; readonly most: number }) {
  const { t, f } = useText();
  switch (column.key) {
    case 'name':
      return (
        <span role="cell" className="tname">
          <StatusMark kind={TRACE_MARKS[trace.state]} />
          <span className="sr">{t(`traces.state.${trace.state}`)}</span>
          <Go to={addresses.trace(trace.id)} className="name">
            {trace.name ?? t('traces.unnamed')}
          </Go>
          <span className="dim" title={trace.request}>
            {trace.request ?? ''}
          </span>
        </span>
      );
    case 'took':
      return (
        <span role="cell" className="took">
          <i className={trace.state === 'ERROR' ? 'e' : undefined}>
            <b style={{ width: `${trace.durationMs === undefined ? 0 : (trace.durationMs / most) * 100}%` }} />
          </i>
          <span className="num">{trace.durationMs === undefined ? '' : f.duration(trace.durationMs)}</span>
        </span>
      );
    case 'spans':
      return (
        <span role="cell" className="num">
          {trace.spans === 0 ? <span className="dim">—</span> : f.int(trace.spans)}
        </span>
      );
    case 'tokens':
      return (
        <span
          role="cell"
          className="num"
          title={trace.tokens === undefined ? '' : `${trace.tokens.input} + ${trace.tokens.output}`}
        >
          {trace.tokens === undefined ? <span className="dim">—</span> : f.int(trace.tokens.total)}
        </span>
      );
    case 'cost':
      return (
        <span role="cell" className="num">
          {trace.cost === undefined ? <span className="dim">—</span> : f.num(trace.cost, 4)}
        </span>
      );
    case 'said': {
      const text = trace.said.map((one) => `${one.name} ${valueText(one.value)}`).join(', ');
      return (
        <span role="cell" title={text}>
          {text}
        </span>
      );
    }
    case 'tags': {
      const text = Object.entries(trace.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ');
      return (
        <span role="cell" className="mono" title={text}>
          {text}
        </span>
      );
    }
    case 'experiment':
      return (
        <span role="cell" title={trace.experiment}>
          {trace.experiment}
        </span>
      );
    case 'started':
      return (
        <span role="cell" className="num dim" title={f.full(trace.requestTime)}>
          {f.when(trace.requestTime)}
        </span>
      );
  }
}

export interface TraceTableProps {
  readonly rows: TraceRows;
  readonly total: number;
  readonly order: string;
  readonly onOrder: (order: string) => void;
  readonly current: number;
  readonly narrow: boolean;
}

/** Any number of traces: only what is seen is in the document and read from the server. */
export function TraceTable({ rows, total, order, onOrder, current, narrow }: TraceTableProps) {
  const { t } = useText();
  const go = useGo();
  const box = useRef<HTMLDivElement>(null);
  const { virtual, items } = useSeenRows({ box, total, height: ROW, overscan: 10, look: rows.look, current });
  const columns = shownColumns(rows.read, narrow);
  const widths = narrow ? 'minmax(0,1fr) 116px' : columns.map((one) => one.width).join(' ');
  const least = narrow ? 0 : columns.reduce((sum, one) => sum + one.least, 4);
  const most = rows.read.reduce((longest, one) => Math.max(longest, one.durationMs ?? 0), 1);
  const open = (trace: Trace) => (event: MouseEvent) => {
    if (event.target instanceof Element && event.target.closest('a') !== null) return;
    go(addresses.trace(trace.id));
  };
  return (
    <div
      className="vt traces"
      ref={box}
      role="table"
      aria-label={t('traces.table')}
      aria-rowcount={total + 1}
      tabIndex={0}
      style={{ height: `min(${total * ROW + 50}px, calc(100vh - ${narrow ? 330 : 262}px))`, minHeight: 160 }}
    >
      <div role="rowgroup" style={{ minWidth: least }} className="vhead">
        <div className="vr head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: widths }}>
          {columns.map((one) => {
            const { order: by } = one;
            const way = by !== undefined && order.startsWith(`${by[0]} `) ? order.slice(by[0].length + 1) : undefined;
            return (
              <span
                key={one.key}
                role="columnheader"
                className={one.num === true ? 'num' : undefined}
                aria-sort={way === undefined ? undefined : way === 'ASC' ? 'ascending' : 'descending'}
              >
                {by === undefined ? (
                  t(`traces.${one.key}`)
                ) : (
                  <button type="button" onClick={() => onOrder(nextTraceOrder(order, by[0], by[1]))}>
                    {t(`traces.${one.key}`)} {way === undefined ? '' : way === 'ASC' ? '↑' : '↓'}
                  </button>
                )}
              </span>
            );
          })}
        </div>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth: least, position: 'relative' }}>
        {items.map((item) => {
          const trace = rows.at(item.index);
          const style = { gridTemplateColumns: widths, height: ROW, transform: `translateY(${item.start}px)` };
          if (trace === undefined)
            return (
              <div
                key={item.index}
                role="row"
                aria-rowindex={item.index + 2}
                aria-busy="true"
                className="vr body wait"
                style={style}
              >
                {columns.map((one) => (
                  <span role="cell" key={one.key}>
                    <i />
                  </span>
                ))}
              </div>
            );
          return (
            <div
              key={item.index}
              role="row"
              aria-rowindex={item.index + 2}
              className={`vr body${item.index === current ? ' cur' : ''}`}
              style={style}
              onClick={open(trace)}
            >
              {columns.map((one) => (
                <Cell key={one.key} trace={trace} column={one} most={most} />
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
