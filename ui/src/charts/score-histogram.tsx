import { decimalsOf, linear, px } from './scale.ts';

export interface ScoreHistogramProps {
  /** One more than the bins. */
  readonly edges: readonly number[];
  readonly live: readonly number[];
  readonly shadow: readonly number[];
  readonly label: string;
  readonly width: number;
  readonly height?: number;
  readonly format: (value: number, decimals?: number) => string;
}

const shares = (counts: readonly number[]): readonly number[] => {
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  return counts.map((count) => count / total);
};

function outline(heights: readonly number[], x: (bin: number) => number, base: number, scale: number): string {
  const steps = heights.map((share, i) => `V${px(base - share * scale)}H${px(x(i + 1))}`);
  return `M${px(x(0))} ${base}${steps.join('')}V${base}`;
}

/** Scores of the same rows by two releases over the same bins: what serves solid, what wants to hatched. */
export function ScoreHistogram({ edges, live, shadow, label, width, height = 148, format }: ScoreHistogramProps) {
  const [now, next] = [shares(live), shares(shadow)];
  const base = height - 18;
  const x = linear([0, Math.max(1, now.length)], [4, width - 4]);
  const scale = (base - 6) / Math.max(...now, ...next, 1e-9);
  const every = Math.max(1, Math.ceil(((edges.length - 1) * 54) / width));
  const marks = edges.flatMap((edge, i) => (i % every === 0 ? [{ edge, i }] : []));
  const decimals = Math.max(decimalsOf(marks.map((one) => one.edge)), 0);
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <defs>
        <pattern id="hatch-next" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V6" stroke="var(--next)" strokeWidth="1.6" opacity=".5" />
        </pattern>
      </defs>
      <path
        d={`${outline(now, x, base, scale)}Z`}
        fill="var(--now)"
        fillOpacity=".16"
        stroke="var(--now)"
        strokeWidth="1.6"
      />
      <path d={`${outline(next, x, base, scale)}Z`} fill="url(#hatch-next)" stroke="var(--next)" strokeWidth="1.6" />
      <path d={`M4 ${base}H${width - 4}`} stroke="var(--line-2)" />
      {marks.map(({ edge, i }) => (
        <text
          key={i}
          x={px(x(i))}
          y={height - 4}
          fontSize="10.5"
          textAnchor={i === 0 ? 'start' : i === edges.length - 1 ? 'end' : 'middle'}
          fill="var(--ink-3)"
        >
          {format(edge, Math.min(decimals, 3))}
        </text>
      ))}
    </svg>
  );
}
