import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { useText } from '../i18n/use-text.tsx';

/** What may be wider than its place scrolls sideways by itself; only then it is a stop for the keyboard. */
export function ScrollX({
  children,
  className = 'scrollx',
}: {
  readonly children: ReactNode;
  readonly className?: string;
}) {
  const { t } = useText();
  const box = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => setWide(element.scrollWidth > element.clientWidth + 1);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    if (element.firstElementChild !== null) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={box} className={className} {...(wide ? { tabIndex: 0, role: 'group', 'aria-label': t('table') } : {})}>
      {children}
    </div>
  );
}
