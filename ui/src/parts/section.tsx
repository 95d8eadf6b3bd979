import { useId, type ReactNode } from 'react';

export interface SectionProps {
  readonly title: ReactNode;
  readonly sub?: ReactNode;
  readonly right?: ReactNode;
  /** The first section of a page hangs from an ink rule. */
  readonly first?: boolean;
  readonly children: ReactNode;
}

export function Section({ title, sub, right, first = false, children }: SectionProps) {
  const id = useId();
  return (
    <section className={first ? 'sec first' : 'sec'} aria-labelledby={id}>
      <div className="sech">
        <h2 id={id}>{title}</h2>
        {sub === undefined ? null : <span className="sub">{sub}</span>}
        {right === undefined ? null : <span className="r">{right}</span>}
      </div>
      {children}
    </section>
  );
}
