import { linear, px } from './scale.ts';

export interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly label: string;
  readonly width?: number;
  readonly height?: number;
  readonly limit?: number;
  /** One range for a whole column, so that rows can be compared. */
  readonly range?: readonly [number, number];
}

/** A trend in a row; never without a number beside it. */
export function Sparkline({ values, label, width = 110, height = 24, limit, range }: SparklineProps) {
  const known = values.filter((v) => v !== null);
  if (known.length === 0) return null;
  const [low, high] = range ?? [
    Math.min(...known, ...(limit === undefined ? [] : [limit])),
    Math.max(...known, ...(limit === undefined ? [] : [limit])),
  ];
  const x = linear([0, Math.max(1, values.length - 1)], [2, width - 4]);
  const y = linear([low, high === low ? low + 1 : high], [height - 3, 3]);
  let path = '';
  let joined = false;
  values.forEach((v, i) => {
    if (v === null) joined = false;
    else {
      path += `${joined ? 'L' : 'M'}${px(x(i))} ${px(y(v))}`;
      joined = true;
    }
  });
  const last = values.findLastIndex((v) => v !== null);
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {limit === undefined ? null : (
        <path d={`M0 ${px(y(limit))}H${width}`} stroke="var(--line-control)" strokeDasharray="2 2" />
      )}
      <path d={path} fill="none" stroke="var(--ink)" strokeWidth="1.3" strokeLinejoin="round" />
      <circle cx={px(x(last))} cy={px(y(values[last] ?? 0))} r="1.9" fill="var(--ink)" />
    </svg>
  );
}
