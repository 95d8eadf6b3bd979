import { useLayoutEffect, useRef, useState, type RefObject } from 'react';

/** Pixels from the top of an element to the end of the window, less what must stand below it. */
export function useRoom<T extends HTMLElement>(below: number, least: number): readonly [RefObject<T | null>, number] {
  const ref = useRef<T>(null);
  const [room, setRoom] = useState(least);
  useLayoutEffect(() => {
    const measure = (): void => {
      const top = ref.current?.getBoundingClientRect().top;
      if (top !== undefined) setRoom(Math.max(least, Math.floor(innerHeight - top - scrollY - below)));
    };
    measure();
    // What stands above may wrap or say more; then the page has another height.
    const observer = new ResizeObserver(measure);
    const above = ref.current?.closest('main');
    if (above !== null && above !== undefined) for (const child of above.children) observer.observe(child);
    addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      removeEventListener('resize', measure);
    };
  }, [below, least]);
  return [ref, room];
}
