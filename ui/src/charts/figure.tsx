import { useState, type ReactNode } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { CopyButton } from '../parts/command-line.tsx';
import { useWidth } from './use-width.ts';

export interface FigureTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface FigureProps {
  readonly caption?: ReactNode;
  readonly right?: ReactNode;
  readonly table: FigureTable;
  /** Draws at the given width in pixels. */
  readonly children: (width: number) => ReactNode;
  readonly firstWidth?: number;
  /** Where the Table button of a figure without caption stands. */
  readonly corner?: 'left' | 'right';
}

const ROWS_SHOWN = 200;

/** A chart and the same numbers as a table: `T` while focused, or the button. */
export function Figure({ caption, right, table, children, firstWidth = 640, corner = 'right' }: FigureProps) {
  const { t, f } = useText();
  const [asTable, setAsTable] = useState(false);
  const [ref, width] = useWidth<HTMLDivElement>(firstWidth);
  const text = [table.head, ...table.rows].map((row) => row.join('\t')).join('\n');
  return (
    <figure
      className="fig"
      onKeyDown={(event) => {
        if (event.key === 't' && !event.metaKey && !event.ctrlKey) setAsTable((was) => !was);
      }}
    >
      <figcaption className={caption === undefined && right === undefined ? `figcap bare ${corner}` : 'figcap'}>
        <span>{caption}</span>
        <span className="figr">
          {right}
          {asTable ? <CopyButton text={text} /> : null}
          <button type="button" className="link micro" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            {asTable ? t('chart') : t('table')}
          </button>
        </span>
      </figcaption>
      <div ref={ref} className="figbox">
        {asTable ? (
          <div className="figtable" role="region" aria-label={t('table')} tabIndex={0}>
            <table className="tight">
              <thead>
                <tr>
                  {table.head.map((name, i) => (
                    <th key={name + i} scope="col" className={i === 0 ? undefined : 'num'}>
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {table.rows.slice(-ROWS_SHOWN).map((row, i) => (
                  <tr key={i}>
                    {row.map((cell, j) => (
                      <td key={j} className={j === 0 ? undefined : 'num'}>
                        {typeof cell === 'number' ? f.num(cell) : cell}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : (
          children(width)
        )}
      </div>
    </figure>
  );
}
