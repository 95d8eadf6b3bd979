import { px } from './scale.ts';

export interface ProfiledColumn {
  readonly name: string;
  readonly edges?: readonly number[];
  readonly counts?: readonly number[];
  readonly top?: readonly { readonly value: string; readonly rows: number }[];
}

const WIDTH = 104;
const HEIGHT = 26;

/** The shape of a column: density over its quantile edges for numbers, rows of its commonest values for text. */
export function ProfileBars({ column }: { readonly column: ProfiledColumn }) {
  const { edges, counts, top } = column;
  const bars: { x: number; width: number; height: number }[] = [];
  if (edges !== undefined && counts !== undefined && edges.length > 1) {
    const [low, high] = [edges[0] ?? 0, edges.at(-1) ?? 1];
    const span = high - low || 1;
    const widths = counts.map((_, i) => (edges[i + 1] ?? high) - (edges[i] ?? low));
    const density = counts.map((rows, i) => rows / Math.max(widths[i] ?? 0, span / WIDTH));
    const most = Math.max(...density, 1e-9);
    counts.forEach((_, i) =>
      bars.push({
        x: (((edges[i] ?? low) - low) / span) * WIDTH,
        width: Math.max(1, ((widths[i] ?? 0) / span) * WIDTH),
        height: ((density[i] ?? 0) / most) * (HEIGHT - 3),
      }),
    );
  } else if (top !== undefined && top.length > 0) {
    const shown = top.slice(0, 16);
    const most = Math.max(...shown.map((one) => one.rows));
    const step = WIDTH / Math.max(8, shown.length);
    shown.forEach((one, i) => bars.push({ x: i * step, width: step - 1, height: (one.rows / most) * (HEIGHT - 3) }));
  } else return <span className="dim">—</span>;
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={column.name}>
      {bars.map((bar) => (
        <rect
          key={bar.x}
          x={px(bar.x)}
          y={px(HEIGHT - 1 - bar.height)}
          width={px(bar.width)}
          height={px(bar.height)}
          fill="var(--ref)"
          opacity=".45"
        />
      ))}
      <path d={`M0 ${HEIGHT - 1}H${WIDTH}`} stroke="var(--line-2)" />
    </svg>
  );
}
