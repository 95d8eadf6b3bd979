import { useText } from '../i18n/use-text.tsx';
import { StatusMark, type MarkKind } from '../parts/status-mark.tsx';
import { linear, px, timeLabel, timeTicks } from './scale.ts';

export interface GanttRow {
  readonly key: string;
  readonly name: string;
  readonly mark: MarkKind;
  readonly state: 'done' | 'running' | 'expected' | 'reused' | 'failed';
  readonly from?: number;
  readonly to?: number;
  /** A running step's expected end. */
  readonly until?: number;
  readonly note?: string;
  readonly took: string;
  readonly peak: string;
  readonly cpu: string;
  readonly selected?: boolean;
}

export interface GanttProps {
  readonly rows: readonly GanttRow[];
  readonly width: number;
  readonly from: number;
  readonly to: number;
  /** Shown as a rule with a flag while the run goes on. */
  readonly now?: number;
  readonly label: string;
  readonly heads: readonly [took: string, peak: string, cpu: string];
}

const ROW = 25;
const TOP = 22;

/** Where the time went; every try is a row of its own. */
export function Gantt({ rows, width, from, to, now, label, heads }: GanttProps) {
  const { language } = useText();
  const narrow = width < 620;
  const left = narrow ? 118 : 196;
  const right = narrow ? width - 62 : width - 192;
  const x = linear([from, Math.max(to, from + 1)], [left, right]);
  const height = TOP + rows.length * ROW + 4;
  const columns = narrow ? [width] : [width - 106, width - 46, width - 2];
  const marks = timeTicks(from, to, Math.max(2, Math.floor((right - left) / 96)));
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <defs>
        <pattern id="gantt-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V5" stroke="var(--line-2)" strokeWidth="1.5" />
        </pattern>
      </defs>
      {marks.map((tick, i) => (
        <g key={tick.at}>
          <path d={`M${px(x(tick.at))} 18V${height}`} stroke="var(--line)" />
          {now !== undefined && Math.abs(x(tick.at) - x(now)) < 40 ? null : (
            <text x={px(x(tick.at))} y="11" fontSize="10.5" textAnchor="middle" fill="var(--ink-3)">
              {timeLabel(tick.at, tick.step, language, marks[i - 1]?.at)}
            </text>
          )}
        </g>
      ))}
      {columns.map((at, i) => (
        <text key={heads[i]} x={at} y="11" fontSize="10.5" textAnchor="end" fill="var(--ink-3)">
          {heads[i]}
        </text>
      ))}
      {rows.map((row, i) => {
        const y = TOP + i * ROW;
        const x0 = row.from === undefined ? undefined : x(row.from);
        const x1 = row.to === undefined ? undefined : x(row.to);
        const bar = x0 === undefined || x1 === undefined ? undefined : { x: px(x0), width: px(Math.max(2, x1 - x0)) };
        const noteX = (bar === undefined ? left : bar.x + bar.width) + 8;
        const noteFits = row.note === undefined || noteX + row.note.length * 5.4 < right;
        return (
          <g key={row.key}>
            {row.selected ? <rect x="0" y={y} width={width} height={ROW} fill="var(--bg-select)" /> : null}
            <g transform={`translate(2 ${y + 5.5})`}>
              <StatusMark kind={row.mark} />
            </g>
            <text x="22" y={y + 16.5} fontSize="12.5" fill={row.state === 'expected' ? 'var(--ink-2)' : 'var(--ink)'}>
              {narrow && row.name.length > 14 ? `${row.name.slice(0, 13)}…` : row.name}
            </text>
            {bar === undefined || row.state === 'expected' ? null : row.state === 'reused' ? (
              <rect
                x={bar.x}
                y={y + 7}
                width={Math.max(3, bar.width)}
                height="11"
                fill="none"
                stroke="var(--line-control)"
              />
            ) : (
              <rect
                x={bar.x}
                y={y + 7}
                width={bar.width}
                height="11"
                fill={row.state === 'failed' ? 'var(--fail)' : row.state === 'running' ? 'var(--ink)' : 'var(--ink-2)'}
                opacity={row.state === 'failed' ? 0.85 : 1}
              />
            )}
            {row.state === 'failed' && bar !== undefined ? (
              <path d={`M${bar.x + bar.width} ${y + 4}V${y + 21}`} stroke="var(--fail)" strokeWidth="2" />
            ) : null}
            {row.until === undefined || x1 === undefined ? null : (
              <rect
                x={px(x1)}
                y={y + 7.5}
                width={px(Math.max(0, x(row.until) - x1))}
                height="10"
                fill="url(#gantt-hatch)"
                stroke="var(--line-control)"
              />
            )}
            {row.note === undefined || narrow ? null : (
              <text
                x={noteFits ? noteX : (bar?.x ?? left) - 8}
                y={y + 16}
                fontSize="10.5"
                textAnchor={noteFits ? 'start' : 'end'}
                fill={row.state === 'failed' ? 'var(--ink-2)' : 'var(--ink-3)'}
                stroke={row.selected ? 'var(--bg-select)' : 'var(--bg)'}
                strokeWidth="5"
                paintOrder="stroke"
              >
                {row.note}
              </text>
            )}
            {(narrow ? [row.took] : [row.took, row.peak, row.cpu]).map((text, j) => (
              <text
                key={heads[j]}
                x={columns[j]}
                y={y + 16.5}
                fontSize="12"
                textAnchor="end"
                fill={j === 0 && row.state !== 'expected' ? 'var(--ink)' : 'var(--ink-2)'}
              >
                {text}
              </text>
            ))}
          </g>
        );
      })}
      {now === undefined ? null : (
        <>
          <path d={`M${px(x(now))} 18V${height}`} stroke="var(--ink)" />
          <rect x={px(x(now)) - 17} y="0" width="34" height="15" fill="var(--ink)" />
          <text x={px(x(now))} y="11" fontSize="10.5" textAnchor="middle" fill="var(--bg)">
            {timeLabel(now, 60_000, language, undefined)}
          </text>
        </>
      )}
    </svg>
  );
}
