import type { ReactNode } from 'react';

/** Term and fact. A fact that is not known is left out by the caller or said to be unknown with its reason. */
export function Facts({ rows }: { readonly rows: readonly (readonly [term: ReactNode, fact: ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows.map(([term, fact], i) => (
        <div key={i} style={{ display: 'contents' }}>
          <dt>{term}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  );
}
