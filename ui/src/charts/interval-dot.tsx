import { linear, px } from './scale.ts';

export interface IntervalDotProps {
  /** Difference, already turned so that right is better. */
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly label: string;
  readonly width?: number;
  /** Half of the scale where no interval sets it. */
  readonly reach?: number;
}

/** Is the difference real: whisker, dot and the zero rule; every row has its own scale. */
export function IntervalDot({ value, low, high, label, width = 130, reach: least = 0 }: IntervalDotProps) {
  const reach = Math.max(least, Math.abs(value), Math.abs(low ?? 0), Math.abs(high ?? 0)) * 1.25 || 1;
  const x = linear([-reach, reach], [4, width - 4]);
  return (
    <svg width={width} height="16" viewBox={`0 0 ${width} 16`} role="img" aria-label={label}>
      <path d={`M4 8H${width - 4}`} stroke="var(--line)" />
      <path d={`M${px(x(0))} 1V15`} stroke="var(--line-control)" />
      {low === undefined || high === undefined ? null : (
        <path d={`M${px(x(low))} 8H${px(x(high))}`} stroke="var(--ink)" strokeWidth="1.6" />
      )}
      <circle
        cx={px(x(value))}
        cy="8"
        r="3.3"
        fill={low === undefined ? 'var(--bg)' : 'var(--ink)'}
        stroke="var(--ink)"
        strokeWidth="1.4"
      />
    </svg>
  );
}
