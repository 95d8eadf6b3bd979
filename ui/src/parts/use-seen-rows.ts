/** Rows of a long table by their place: only what is seen is in the document, and is asked for. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect } from 'react';

interface SeenRows {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly total: number;
  /** Height of a row in px. */
  readonly height: number;
  /** Rows beyond the edges that are drawn too. */
  readonly overscan: number;
  /** Told which places are seen, first and last, where rows are read as they come into sight. */
  readonly look?: (from: number, to: number) => void;
  /** The row under the keys is kept in sight; -1 for none. */
  readonly current: number;
}

export function useSeenRows({ box, total, height, overscan, look, current }: SeenRows) {
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan,
  });
  const items = virtual.getVirtualItems();
  const [from, to] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => look?.(from, to), [look, from, to]);
  useEffect(() => {
    if (current >= 0) virtual.scrollToIndex(current, { align: 'auto' });
  }, [current, virtual]);
  return { virtual, items };
}
