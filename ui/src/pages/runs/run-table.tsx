import { useMemo } from 'react';
import { useSeenRows } from '../../parts/use-seen-rows.ts';
import { useText } from '../../i18n/use-text.tsx';
import { ColumnHead, nextOrder, wayOf } from './column-head.tsx';
import { RunRow } from './run-row.tsx';
import type { RunRows } from './run-rows.ts';
import { columnId, type RunColumn } from './runs-search.ts';
import { useRoom } from './use-room.ts';

const ROW = 32;
const WIDTHS = { metric: 86, param: 88, tag: 104 } as const;
const NAME = 220;
const TAIL = [64, 82, 84] as const;

export interface RunTableProps {
  readonly project: string;
  readonly rows: RunRows;
  readonly total: number;
  readonly columns: readonly RunColumn[];
  readonly onColumns: (columns: readonly RunColumn[]) => void;
  readonly order: string;
  readonly onOrder: (order: string) => void;
  readonly selected: readonly string[];
  readonly onSelect: (index: number, range: boolean) => void;
  readonly current: number;
  readonly narrow: boolean;
  readonly trash: boolean;
}

const widthOf = (column: RunColumn): number => column.width ?? WIDTHS[column.kind];

/** 100,000 rows or more: only what is seen is in the document and read from the server; every row has its place from the start. */
export function RunTable(props: RunTableProps) {
  const { project, rows, total, columns, onColumns, order, onOrder, selected, onSelect, current, narrow, trash } =
    props;
  const { t } = useText();
  const [box, room] = useRoom<HTMLDivElement>(narrow ? 84 : 62, 200);
  const shown = useMemo(() => (narrow ? columns.slice(0, 1) : columns), [narrow, columns]);
  const { virtual, items } = useSeenRows({ box, total, height: ROW, overscan: 6, look: rows.look, current });
  const places = useMemo(() => new Map(selected.map((id, i) => [id, i])), [selected]);
  const sum = shown.reduce((all, one) => all + widthOf(one), 0);
  const widths = narrow
    ? 'minmax(0,1fr) 96px'
    : `minmax(${NAME}px,1fr) ${shown.map((one) => `${widthOf(one)}px`).join(' ')} ${TAIL.map((one) => `${one}px`).join(' ')}`;
  const least = narrow ? 0 : NAME + sum + TAIL.reduce((all, one) => all + one, 0) + 4;

  const change = (index: number, next: (column: RunColumn) => RunColumn): void =>
    onColumns(columns.map((one, i) => (i === index ? next(one) : one)));
  const move = (index: number, to_: number): void => {
    const moved = columns[index];
    if (moved === undefined || to_ < 0 || to_ >= columns.length) return;
    onColumns(columns.toSpliced(index, 1).toSpliced(to_, 0, moved));
  };
  const plainHead = (field: string, text: string, numeric: boolean) => (
    <span role="columnheader" aria-sort={wayOf(order, field) ?? 'none'} className={numeric ? 'num' : undefined}>
      <button type="button" title={field} onClick={() => onOrder(nextOrder(order, field, numeric))}>
        {text} {wayOf(order, field) === undefined ? '' : wayOf(order, field) === 'ascending' ? '↑' : '↓'}
      </button>
    </span>
  );
  return (
    <div
      className="vt runs"
      ref={box}
      role="table"
      aria-label={t('runs.table')}
      aria-rowcount={total + 1}
      tabIndex={0}
      onKeyDown={(event) => {
        // Space scrolls a page; on a row that the keys stand on it selects, as in every list.
        if (event.key !== ' ' || current < 0 || event.target !== event.currentTarget) return;
        event.preventDefault();
        onSelect(current, event.shiftKey);
      }}
      style={{ height: Math.min(room, (total + 1) * ROW + 18) }}
    >
      <div role="rowgroup" style={{ minWidth: least }} className="vhead">
        <div className="vr head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: widths }}>
          <span role="columnheader" className="pin" aria-sort={wayOf(order, 'attributes.run_name') ?? 'none'}>
            <button
              type="button"
              title="attributes.run_name"
              onClick={() => onOrder(nextOrder(order, 'attributes.run_name', false))}
            >
              {t('runs.run')}{' '}
              {wayOf(order, 'attributes.run_name') === undefined
                ? ''
                : wayOf(order, 'attributes.run_name') === 'ascending'
                  ? '↑'
                  : '↓'}
            </button>
          </span>
          {shown.map((one, i) => (
            <ColumnHead
              key={columnId(one)}
              id={columnId(one)}
              column={one}
              width={widthOf(one)}
              order={order}
              onOrder={onOrder}
              onWidth={(width) => change(i, (column) => ({ ...column, width }))}
              onMove={(by) => move(i, i + by)}
              onDropOn={(id) =>
                move(
                  columns.findIndex((column) => columnId(column) === id),
                  i,
                )
              }
            />
          ))}
          {narrow ? null : (
            <>
              {plainHead('attributes.user_id', t('runs.by'), false)}
              <span role="columnheader" className="num">
                {t('runs.took')}
              </span>
              {plainHead('attributes.start_time', t(trash ? 'runs.deleted' : 'runs.started'), true)}
            </>
          )}
        </div>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth: least, position: 'relative' }}>
        {items.map((item) => {
          const run = rows.at(item.index);
          return (
            <RunRow
              key={item.index}
              project={project}
              run={run}
              index={item.index}
              start={item.start}
              at={run === undefined ? -1 : (places.get(run.id) ?? -1)}
              marked={selected.length >= 2 && selected.length <= 6}
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
