import { ScrollX } from '../../parts/scroll-x.tsx';
import type { ColumnDrift } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { Histogram } from '../../charts/histogram.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Status } from '../../parts/status.tsx';
import { movedFirst } from './limits.ts';

export function DriftLegend() {
  const { t } = useText();
  return (
    <span className="legend">
      <span>
        <i className="ref" />
        {t('monitor.training')}
      </span>
      <span>
        <i className="now" />
        {t('monitor.now')}
      </span>
    </span>
  );
}

/** The columns that moved most, large enough to see how. */
export function BigHistograms({
  columns,
  count,
}: {
  readonly columns: readonly ColumnDrift[];
  readonly count: number;
}) {
  const { t, f } = useText();
  const shown = movedFirst(columns)
    .filter((one) => one.histogram !== undefined)
    .slice(0, count);
  if (shown.length === 0) return null;
  return (
    <div className="big">
      {shown.map((one) => (
        <Figure
          key={one.column}
          firstWidth={370}
          caption={<span className="mono">{one.column}</span>}
          table={{
            head: [one.column, t('monitor.training'), t('monitor.now')],
            rows: (one.histogram?.labels ?? []).map((label, i) => [
              label,
              f.pct(one.histogram?.reference[i] ?? 0),
              f.pct(one.histogram?.current[i] ?? 0),
            ]),
          }}
        >
          {(width) => (
            <Histogram
              width={width}
              labels={one.histogram?.labels ?? []}
              reference={one.histogram?.reference ?? []}
              current={one.histogram?.current ?? []}
              label={`${one.column}: ${t('monitor.training')} / ${t('monitor.now')}, ${t('monitor.effect')} ${f.num(one.effect, 2)}`}
            />
          )}
        </Figure>
      ))}
    </div>
  );
}

interface DriftTableProps {
  readonly columns: readonly ColumnDrift[];
  /** Beside a margin column: what is missing is left to the monitor's own page. */
  readonly narrow?: boolean;
}

/** Every column with its distribution, distance and what changed. */
export function DriftTable({ columns, narrow = false }: DriftTableProps) {
  const { t, f } = useText();
  if (columns.length === 0) return <p className="mut">{t('monitor.columns.none')}</p>;
  return (
    <>
      <ScrollX>
        <table className="feat">
          <thead>
            <tr>
              <th scope="col">{t('monitor.column')}</th>
              <th scope="col" className="hide-s">
                {t('monitor.distribution')}
              </th>
              <th scope="col" className="num">
                {t('monitor.effect')}
              </th>
              <th scope="col" className="num hide-s">
                {t('monitor.p')}
              </th>
              <th scope="col">{t('monitors.state')}</th>
              <th scope="col" className="hide-s">
                {t('monitor.mean')}
              </th>
              {narrow ? null : (
                <th scope="col" className="num hide-s">
                  {t('monitor.missing')}
                </th>
              )}
              <th scope="col" className="num hide-s">
                {t('monitor.outside')}
              </th>
            </tr>
          </thead>
          <tbody>
            {movedFirst(columns).map((one) => (
              <tr key={one.column}>
                <td className="mono nw">{one.column}</td>
                <td className="hide-s">
                  {one.histogram === undefined ? (
                    <span className="dim">{t('unknown')}</span>
                  ) : (
                    <Histogram
                      mini
                      width={104}
                      height={26}
                      labels={[]}
                      reference={one.histogram.reference}
                      current={one.histogram.current}
                      label={one.column}
                    />
                  )}
                </td>
                <td className="num">
                  <b>{f.num(one.effect, 2)}</b>
                </td>
                <td className="num hide-s meta">{one.pAdjusted < 0.001 ? '< 0.001' : f.num(one.pAdjusted, 3)}</td>
                <td>
                  <Status
                    kind={one.drifted ? 'warning' : 'done'}
                    word={t(one.drifted ? 'monitor.moved' : 'monitor.still')}
                  />
                </td>
                <td className="hide-s nw">
                  {one.meanReference === undefined || one.meanCurrent === undefined ? (
                    <span className="dim">—</span>
                  ) : (
                    `${f.num(one.meanReference)} → ${f.num(one.meanCurrent)}`
                  )}
                </td>
                {narrow ? null : (
                  <td className="num hide-s">
                    {f.pct(one.missingReference)} → {f.pct(one.missingCurrent)}
                  </td>
                )}
                <td className="num hide-s">{f.pct(one.type === 'category' ? one.unseen : one.outOfRange)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      <p className="meta">{t('monitor.method')}</p>
    </>
  );
}
