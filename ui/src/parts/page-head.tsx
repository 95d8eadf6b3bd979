import { useEffect, type ReactNode } from 'react';

export interface PageHeadProps {
  /** The tab's title, without the product's name. */
  readonly title: string;
  /** The one sentence that answers the page's question. */
  readonly answer: ReactNode;
  readonly lede?: ReactNode;
  readonly actions?: ReactNode;
}

/** The answer first. Focus comes here after a change of route, so that the sentence is what is read out. */
export function PageHead({ title, answer, lede, actions }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · Millwright`;
  }, [title]);
  return (
    <div className="headrow">
      <div>
        <h1 className="answer" tabIndex={-1}>
          {answer}
        </h1>
        {lede === undefined ? null : <p className="lede">{lede}</p>}
      </div>
      {actions === undefined ? null : <div className="acts">{actions}</div>}
    </div>
  );
}
