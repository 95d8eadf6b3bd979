import { useState } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { useGo } from '../parts/go.tsx';
import { useKeys } from './use-keys.ts';

/** J, K and Enter on a list of addresses; returns the current row, −1 before the first key. */
export function useRowKeys(rows: readonly string[]): number {
  const { t } = useText();
  const go = useGo();
  const [current, setCurrent] = useState(-1);
  const step = (by: number): void => setCurrent((was) => Math.min(rows.length - 1, Math.max(0, was + by)));
  const open = (): void => {
    const to = rows[current];
    if (to !== undefined) go(to);
  };
  useKeys([
    { keys: 'j', label: t('keys.next'), run: () => step(1) },
    { keys: 'ArrowDown', label: t('keys.next'), run: () => step(1) },
    { keys: 'k', label: t('keys.previous'), run: () => step(-1) },
    { keys: 'ArrowUp', label: t('keys.previous'), run: () => step(-1) },
    { keys: 'Enter', label: t('keys.open'), run: open },
    { keys: 'o', label: t('keys.open'), run: open },
  ]);
  return current;
}
