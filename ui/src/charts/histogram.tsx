import { px } from './scale.ts';

export interface HistogramProps {
  readonly labels: readonly string[];
  /** Shares that sum to 1, same bins on both sides. */
  readonly reference: readonly number[];
  readonly current: readonly number[];
  readonly label: string;
  readonly width: number;
  readonly height?: number;
  readonly mini?: boolean;
}

function stepPath(shares: readonly number[], bin: number, left: number, base: number, scale: number): string {
  return (
    shares
      .map((share, i) => `${i === 0 ? `M${px(left)} ${base}` : ''}V${px(base - share * scale)}h${px(bin)}`)
      .join('') + `V${base}`
  );
}

const RANGE = /^(-?[\d.,]+(?:e[-+]?\d+)?)\.\.-?\d/;
const isRange = (text: string): boolean => RANGE.test(text);

/** A number bin is named by its lower edge, written at that edge; a text bin by its text. */
function shortLabel(text: string): string {
  const edge = RANGE.exec(text)?.[1];
  if (edge !== undefined) return edge;
  return text.length > 9 ? `${text.slice(0, 8)}…` : text;
}

/** What moved: training filled, current outlined; always densities, never counts. */
export function Histogram({ labels, reference, current, label, width, height = 108, mini = false }: HistogramProps) {
  const bins = Math.max(1, reference.length);
  const [left, right] = mini ? [0, 2] : [4, 4];
  const base = mini ? height - 1 : height - 16;
  const bin = (width - left - right) / bins;
  const scale = (base - 3) / Math.max(...reference, ...current, 1e-9);
  // Text bins keep every label that fits; number bins name about five of their edges.
  const every = Math.max(1, Math.ceil((labels.length * 52) / width));
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <path d={`${stepPath(reference, bin, left, base, scale)}Z`} fill="var(--ref)" opacity={mini ? 0.45 : 0.38} />
      <path
        d={stepPath(current, bin, left, base, scale)}
        fill="var(--now)"
        fillOpacity=".1"
        stroke="var(--now)"
        strokeWidth={mini ? 1.2 : 1.6}
      />
      <path d={`M${left} ${base}H${width - right}`} stroke="var(--line-2)" />
      {mini
        ? null
        : labels.map((text, i) =>
            i % every === 0 ? (
              <text
                key={text + i}
                x={px(left + (isRange(text) ? i : i + 0.5) * bin)}
                y={height - 3}
                fontSize="10.5"
                textAnchor={isRange(text) && i === 0 ? 'start' : 'middle'}
                fill="var(--ink-3)"
              >
                {shortLabel(text)}
              </text>
            ) : null,
          )}
    </svg>
  );
}
