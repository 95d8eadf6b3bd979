import { decimalsOf, linear, px, ticks } from './scale.ts';

export interface IntervalPlotProps {
  /** Difference and its interval, already turned so that right is better for the candidate. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Words at the two sides of zero. */
  readonly left: string;
  readonly right: string;
  readonly label: string;
  readonly width: number;
  readonly format: (value: number, decimals?: number) => string;
}

const HEIGHT = 96;

/** Is the difference real: one interval, large, on an axis that always holds zero. */
export function IntervalPlot({ value, low, high, left, right, label, width, format }: IntervalPlotProps) {
  const reach = Math.max(Math.abs(low), Math.abs(high), Math.abs(value)) * 1.12 || 1;
  const marks = ticks(-reach, reach, width < 420 ? 3 : 5).filter((mark) => Math.abs(mark) <= reach * 1.001);
  const decimals = decimalsOf(marks);
  const x = linear([-reach, reach], [10, width - 10]);
  const middle = 46;
  const zero = x(0);
  return (
    <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label}>
      <text x={px(zero - 10)} y="14" fontSize="11" textAnchor="end" fill="var(--now)" fontWeight="550">
        ← {left}
      </text>
      <text x={px(zero + 10)} y="14" fontSize="11" fill="var(--next)" fontWeight="550">
        {right} →
      </text>
      <path d={`M10 ${HEIGHT - 22}H${width - 10}`} stroke="var(--line)" />
      {marks.map((mark) => (
        <g key={mark}>
          <path d={`M${px(x(mark))} ${HEIGHT - 22}v4`} stroke="var(--line-2)" />
          <text x={px(x(mark))} y={HEIGHT - 6} fontSize="10.5" textAnchor="middle" fill="var(--ink-3)">
            {mark > 0 ? '+' : ''}
            {format(mark, decimals)}
          </text>
        </g>
      ))}
      <path d={`M${px(zero)} 4V${HEIGHT - 22}`} stroke="var(--line-control)" />
      <path d={`M${px(x(low))} ${middle}H${px(x(high))}`} stroke="var(--ink)" strokeWidth="1.6" />
      <path
        d={`M${px(x(low))} ${middle - 6}v12M${px(x(high))} ${middle - 6}v12`}
        stroke="var(--ink)"
        strokeWidth="1.6"
      />
      <circle cx={px(x(value))} cy={middle} r="4.5" fill="var(--ink)" />
    </svg>
  );
}
