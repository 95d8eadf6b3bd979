import { decimalsOf, linear, px, ticks } from './scale.ts';

export interface VersionDot {
  readonly name: string;
  readonly when: string;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly color: string;
  /** It was refused. */
  readonly hollow?: boolean;
  /** Keeps its name where not all names fit. */
  readonly named?: boolean;
}

/** Versions by one metric, each with its interval; names and days only where they fit. */
export function VersionDots({
  dots,
  width,
  height = 96,
  label,
  format,
}: {
  readonly dots: readonly VersionDot[];
  readonly width: number;
  readonly height?: number;
  readonly label: string;
  readonly format: (value: number, decimals?: number) => string;
}) {
  const all = dots.flatMap((dot) => [dot.value, dot.low ?? dot.value, dot.high ?? dot.value]);
  const marks = ticks(Math.min(...all), Math.max(...all), height < 120 ? 2 : 3);
  const right = width - 40;
  const y = linear([marks[0] ?? 0, marks.at(-1) ?? 1], [height - 34, 18]);
  const x = linear([0, Math.max(1, dots.length - 1)], [20, right - 22]);
  const step = x(1) - x(0);
  const every = (room: number): number => (dots.length < 2 ? 1 : Math.max(1, Math.ceil(room / step)));
  const last = dots.length - 1;
  const [names, days] = [every(34), every(64)];
  // A name that is always kept pushes away the ones beside it.
  const kept = dots.flatMap((dot, i) => (dot.named === true || i === last ? [i] : []));
  const isNamed = (i: number): boolean =>
    kept.includes(i) || ((last - i) % names === 0 && kept.every((at) => Math.abs(at - i) >= names));
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
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
          <circle
            cx={px(x(i))}
            cy={px(y(dot.value))}
            r={dot.hollow === true ? 3.3 : 4}
            fill={dot.hollow === true ? 'var(--bg)' : dot.color}
            stroke={dot.color}
            strokeWidth={dot.hollow === true ? 1.6 : 0}
          >
            <title>{`${dot.name} · ${dot.when} · ${format(dot.value)}`}</title>
          </circle>
          {isNamed(i) ? (
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
          ) : null}
          {(last - i) % days === 0 ? (
            <text x={px(x(i))} y={height - 5} fontSize="10.5" textAnchor="middle" fill="var(--ink-3)">
              {dot.when}
            </text>
          ) : null}
        </g>
      ))}
    </svg>
  );
}
