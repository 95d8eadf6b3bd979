import { useRouter } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';

export interface GoProps {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string;
  readonly title?: string;
  readonly label?: string;
  readonly current?: boolean;
}

/** A link inside the app: a real anchor, so that it can be opened beside, copied and read out. */
export function Go({ to, children, className, title, label, current = false }: GoProps) {
  const router = useRouter();
  const go = (event: MouseEvent<HTMLAnchorElement>): void => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    router.history.push(to);
  };
  return (
    <a
      href={to}
      onClick={go}
      className={className}
      title={title}
      aria-label={label}
      aria-current={current ? 'page' : undefined}
    >
      {children}
    </a>
  );
}

export function useGo(): (to: string) => void {
  const router = useRouter();
  return (to) => router.history.push(to);
}
