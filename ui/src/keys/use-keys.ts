import { useEffect, useRef } from 'react';
import { addKeys, type KeyAction } from './key-map.ts';

/** Puts keys in force while the component is on the page. The newest closures are called; the list of keys may change. */
export function useKeys(actions: readonly KeyAction[]): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  const shape = actions
    .map((action) => `${action.keys}\u0000${action.label}\u0000${action.command ?? ''}`)
    .join('\u0001');
  useEffect(
    () =>
      addKeys(
        latest.current.map((action) => ({
          ...action,
          run: () => latest.current.find((one) => one.keys === action.keys)?.run(),
        })),
      ),
    // The shape says whether the list changed; closures are read through the ref.
    [shape],
  );
}
