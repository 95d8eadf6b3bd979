import { decimalsOf, linear, px, ticks } from './scale.ts';

export interface VersionDot {
  readonly name: string;
  readonly when: string;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly color: string;
}

/** The last few versions by one metric, each with its interval. */
export function VersionDots({
  dots,
  width,
  label,
  format,
}: {
  readonly dots: readonly VersionDot[];
  readonly width: number;
  readonly label: string;
  readonly format: (value: number, decimals?: number) => string;
}) {
  const all = dots.flatMap((dot) => [dot.value, dot.low ?? dot.value, dot.high ?? dot.value]);
  const marks = ticks(Math.min(...all), Math.max(...all), 3);
  const right = width - 40;
  const y = linear([marks[0] ?? 0, marks.at(-1) ?? 1], [62, 18]);
  const x = linear([0, Math.max(1, dots.length - 1)], [20, right - 22]);
  return (
    <svg width={width} height="96" viewBox={`0 0 ${width} 96`} role="img" aria-label={label}>
      {marks.map((v) => (
        <g key={v}>
          <path d={`M0 ${px(y(v))}H${right}`} stroke="var(--line)" />
          <text x={right + 5} y={px(y(v)) + 3.5} fontSize="10.5" fill="var(--ink-3)">
            {format(v, decimalsOf(marks))}
          </text>
        </g>
      ))}
      {dots.map((dot, i) => (
        <g key={dot.name}>
          {dot.low === undefined || dot.high === undefined ? null : (
            <path d={`M${px(x(i))} ${px(y(dot.low))}V${px(y(dot.high))}`} stroke={dot.color} strokeWidth="1.6" />
          )}
          <circle cx={px(x(i))} cy={px(y(dot.value))} r="4" fill={dot.color} />
          <text
            x={px(x(i))}
            y={px(y(dot.high ?? dot.value)) - 7}
            fontSize="11"
            fontWeight="560"
            textAnchor="middle"
            fill="var(--ink-2)"
          >
            {dot.name}
          </text>
          <text x={px(x(i))} y="91" fontSize="10.5" textAnchor="middle" fill="var(--ink-3)">
            {dot.when}
          </text>
        </g>
      ))}
    </svg>
  );
}
