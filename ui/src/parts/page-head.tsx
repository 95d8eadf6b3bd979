import { useRouterState } from '@tanstack/react-router';
import { useEffect, useRef, type ReactNode } from 'react';

export interface PageHeadProps {
  /** The tab's title, without the product's name. */
  readonly title: string;
  /** The one sentence that answers the page's question. */
  readonly answer: ReactNode;
  readonly lede?: ReactNode;
  readonly actions?: ReactNode;
}

/** The path of the heading last shown, and whether there was another before it: the first page leaves the focus alone. */
let shown: string | undefined;
let moved = false;

/** The answer first. Focus comes here after a change of route, so that the sentence is what is read out. */
export function PageHead({ title, answer, lede, actions }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · Millwright`;
  }, [title]);
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    moved ||= shown !== undefined && shown !== pathname;
    // A heading that replaces the one of a page still being read takes over its focus.
    if (moved && (shown !== pathname || document.activeElement === document.body)) {
      heading.current?.focus({ preventScroll: true });
    }
    shown = pathname;
  }, [pathname]);
  return (
    <div className="headrow">
      <div>
        <h1 className="answer" tabIndex={-1} ref={heading}>
          {answer}
        </h1>
        {lede === undefined ? null : <p className="lede">{lede}</p>}
      </div>
      {actions === undefined ? null : <div className="acts">{actions}</div>}
    </div>
  );
}
