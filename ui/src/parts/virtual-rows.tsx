import { useMemo, useRef, useState, type MouseEvent, type ReactNode } from 'react';
import { useGo } from './go.tsx';
import { usePhone } from './use-phone.ts';
import { useSeenRows } from './use-seen-rows.ts';

export interface RowColumn<T> {
  readonly key: string;
  readonly head: ReactNode;
  /** A grid track: `120px`, `minmax(120px, 1fr)`. */
  readonly width: string;
  readonly num?: boolean;
  readonly mono?: boolean;
  /** Holds a control or a mark, nothing that could be cut. */
  readonly mark?: boolean;
  /** Left out on a phone. */
  readonly wide?: boolean;
  readonly render: (row: T) => ReactNode;
  /** Makes the head a button that orders by this. */
  readonly order?: (row: T) => string | number;
}

export interface VirtualRowsProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly RowColumn<T>[];
  readonly rowKey: (row: T, index: number) => string;
  /** Opened by a click anywhere in the row that is not on a control. */
  readonly to?: (row: T) => string | undefined;
  /** The row that the keys stand on; −1 = none. In the given order, so only without a head that orders. */
  readonly current?: number;
  readonly selected?: (row: T) => boolean;
  readonly rowHeight?: number;
  /** Most of its height, CSS. */
  readonly most?: string;
}

const least = (track: string): number => Number(/(\d+)px/.exec(track)?.[1] ?? 80);

/** A list of any length: only the rows that are seen are in the document. */
export function VirtualRows<T>({
  label,
  rows,
  columns,
  rowKey,
  to,
  current = -1,
  selected,
  rowHeight = 32,
  most = '60vh',
}: VirtualRowsProps<T>) {
  const go = useGo();
  const narrow = usePhone();
  const box = useRef<HTMLDivElement>(null);
  const [by, setBy] = useState<{ readonly key: string; readonly down: boolean }>();
  const shown = narrow ? columns.filter((one) => one.wide !== true) : columns;
  const sorted = useMemo(() => {
    const order = columns.find((one) => one.key === by?.key)?.order;
    if (by === undefined || order === undefined) return rows;
    const way = by.down ? -1 : 1;
    return rows.toSorted((a, b) => {
      const [left, right] = [order(a), order(b)];
      return left === right ? 0 : left < right ? -way : way;
    });
  }, [rows, by, columns]);
  const { virtual, items } = useSeenRows({ box, total: sorted.length, height: rowHeight, overscan: 10, current });
  const widths = shown.map((one) => one.width).join(' ');
  const minWidth = narrow ? 0 : shown.reduce((sum, one) => sum + least(one.width), 8);
  const open = (row: T) => (event: MouseEvent) => {
    const address = to?.(row);
    if (address === undefined || (event.target instanceof Element && event.target.closest('a,button,input,label')))
      return;
    go(address);
  };
  return (
    <div
      className="vt"
      ref={box}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      style={{ height: `min(${(rows.length + 1) * rowHeight + 18}px, ${most})` }}
    >
      <div role="rowgroup" style={{ minWidth }} className="vhead">
        <div className="vr head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: widths }}>
          {shown.map((one) => {
            const active = by?.key === one.key;
            return (
              <span
                key={one.key}
                role="columnheader"
                className={one.num === true ? 'num' : undefined}
                aria-sort={active ? (by.down ? 'descending' : 'ascending') : undefined}
              >
                {one.order === undefined ? (
                  one.head
                ) : (
                  <button type="button" onClick={() => setBy({ key: one.key, down: active && !by.down })}>
                    {one.head} {active ? (by.down ? '↓' : '↑') : ''}
                  </button>
                )}
              </span>
            );
          })}
        </div>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth, position: 'relative' }}>
        {items.map((item) => {
          const row = sorted[item.index];
          if (row === undefined) return null;
          const marked = selected?.(row) === true;
          return (
            <div
              key={rowKey(row, item.index)}
              role="row"
              aria-rowindex={item.index + 2}
              className={`vr body${marked ? ' sel' : ''}${item.index === current ? ' cur' : ''}`}
              style={{ gridTemplateColumns: widths, height: rowHeight, transform: `translateY(${item.start}px)` }}
              onClick={to === undefined ? undefined : open(row)}
            >
              {shown.map((one) => (
                <span
                  key={one.key}
                  role="cell"
                  className={
                    one.mark === true ? 'cellmark' : one.num === true ? 'num' : one.mono === true ? 'mono' : undefined
                  }
                >
                  {one.render(row)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
