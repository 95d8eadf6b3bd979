import { useMemo } from 'react';
import type { SqlResult } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { CopyButton } from '../../parts/command-line.tsx';
import { VirtualRows, type RowColumn } from '../../parts/virtual-rows.tsx';

type Row = SqlResult['rows'][number];
type Cell = Row[number];

const NUMERIC = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT|INTEGER|UINTEGER|FLOAT|DOUBLE|REAL|DECIMAL|NUMERIC)/i;

/** A text cell may not begin like a formula: spreadsheets would run it. */
function csvCell(value: Cell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const safe = /^[=+\-@\t]/.test(value) && !/^[-+]?[\d.]+(?:e[-+]?\d+)?$/i.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csvOf = ({ columns, rows }: SqlResult): string =>
  [columns.map((one) => csvCell(one.name)), ...rows.map((row) => row.map(csvCell))]
    .map((row) => row.join(','))
    .join('\r\n');

const markdownCell = (value: Cell): string =>
  value === null
    ? ''
    : String(value)
        .replaceAll('|', '\\|')
        .replaceAll(/\s*\n\s*/g, ' ');

function markdownOf({ columns, rows }: SqlResult): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map((one) => markdownCell(one.name))),
    line(columns.map((one) => (NUMERIC.test(one.type) ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(markdownCell))),
  ].join('\n');
}

/** As wide as what most of its cells hold, within reason. */
function widthOf(rows: readonly Row[], index: number, head: string): number {
  const lengths = rows.slice(0, 200).map((row) => String(row[index] ?? '').length);
  const most = lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length * 0.95)] ?? 4;
  return Math.round(Math.min(380, Math.max(64, most * 7.4 + 18, head.length * 6.4 + 26)));
}

export function SqlGrid({ result }: { readonly result: SqlResult }) {
  const { t, f } = useText();
  const columns = useMemo(
    () =>
      result.columns.map((column, i): RowColumn<Row> => {
        const width = widthOf(result.rows, i, `${column.name} ${column.type}`);
        const order = (row: Row): string | number => {
          const value = row[i];
          return typeof value === 'number' ? value : value === null || value === undefined ? '' : String(value);
        };
        return {
          key: `${i}`,
          head: (
            <>
              {column.name} <span className="type">{column.type.toLowerCase()}</span>
            </>
          ),
          width: i === result.columns.length - 1 ? `minmax(${width}px, 1fr)` : `${width}px`,
          num: NUMERIC.test(column.type),
          order,
          render: (row) => {
            const value = row[i];
            if (value === null || value === undefined) return <span className="dim">null</span>;
            const text =
              typeof value === 'number' && !Number.isInteger(value)
                ? String(Number(value.toPrecision(12)))
                : String(value);
            return <span title={text.length > 24 ? text : undefined}>{text.replace(/^-(?=\d)/, '−')}</span>;
          },
        };
      }),
    [result],
  );
  return (
    <>
      <div className="resulthead">
        <span>
          {t('sql.rows', { n: result.rows.length })} · {f.duration(result.ms)} ·{' '}
          {result.snapshotMs < 1000 ? t('sql.now') : t('sql.age', { time: f.duration(result.snapshotMs) })}
        </span>
        <span className="r">
          <CopyButton text={csvOf(result)} label="CSV" />
          <CopyButton text={markdownOf(result)} label="Markdown" />
        </span>
      </div>
      {result.truncated ? <p className="c-warn meta">{t('sql.truncated', { n: result.rows.length })}</p> : null}
      {result.rows.length === 0 ? (
        <p className="mut">{t('sql.norows')}</p>
      ) : (
        <div className="sqlgrid">
          <VirtualRows
            label={t('sql.result')}
            rows={result.rows}
            columns={columns}
            rowKey={(_, i) => String(i)}
            rowHeight={28}
            most="max(240px, calc(100vh - 460px))"
          />
        </div>
      )}
    </>
  );
}
