import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useText } from '../../i18n/use-text.tsx';
import { fieldOf, type RunColumn } from './runs-search.ts';

export interface ColumnHeadProps {
  readonly column: RunColumn;
  readonly width: number;
  readonly order: string;
  readonly onOrder: (order: string) => void;
  readonly onWidth: (width: number) => void;
  readonly onMove: (by: number) => void;
  readonly onDropOn: (from: string) => void;
  readonly id: string;
}

const [NARROWEST, WIDEST] = [48, 600];
const bounded = (width: number): number => Math.min(WIDEST, Math.max(NARROWEST, Math.round(width)));

/** The way of an order text of this field; undefined when the table is in another order. */
export function wayOf(order: string, field: string): 'ascending' | 'descending' | undefined {
  if (order.replace(/ (ASC|DESC)$/i, '') !== field) return undefined;
  return / DESC$/i.test(order) ? 'descending' : 'ascending';
}

/** Click: down, up, none. Numbers begin with the largest, words with the first. */
export function nextOrder(order: string, field: string, numeric: boolean): string {
  const way = wayOf(order, field);
  const [first, second] = numeric ? (['DESC', 'ASC'] as const) : (['ASC', 'DESC'] as const);
  if (way === undefined) return `${field} ${first}`;
  return (way === 'ascending') === (first === 'ASC') ? `${field} ${second}` : '';
}

/** A head that sorts, is dragged to another place and to another width; Shift and Ctrl with the arrows do the same. */
export function ColumnHead({ column, width, order, onOrder, onWidth, onMove, onDropOn, id }: ColumnHeadProps) {
  const { t } = useText();
  const [over, setOver] = useState(false);
  const drag = useRef<{ readonly x: number; readonly width: number }>(undefined);
  const field = fieldOf(column);
  const way = wayOf(order, field);
  const onKey = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0 || (!event.shiftKey && !event.ctrlKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) onMove(by);
    else onWidth(bounded(width + by * 12));
  };
  const onDown = (event: PointerEvent<HTMLElement>): void => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, width };
  };
  return (
    <span
      role="columnheader"
      aria-sort={way ?? 'none'}
      className={`${column.kind === 'metric' ? 'num' : 'word'}${over ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onDropOn(event.dataTransfer.getData('text/plain'));
      }}
    >
      <button
        type="button"
        draggable
        title={`${field} · ${t('runs.head.hint')}`}
        onDragStart={(event) => event.dataTransfer.setData('text/plain', id)}
        onClick={() => onOrder(nextOrder(order, field, column.kind === 'metric'))}
        onKeyDown={onKey}
      >
        {column.name} {way === undefined ? '' : way === 'ascending' ? '↑' : '↓'}
      </button>
      <i
        className="grip"
        aria-hidden="true"
        onPointerDown={onDown}
        onPointerMove={(event) => {
          if (drag.current !== undefined) onWidth(bounded(drag.current.width + event.clientX - drag.current.x));
        }}
        onPointerUp={() => {
          drag.current = undefined;
        }}
      />
    </span>
  );
}
