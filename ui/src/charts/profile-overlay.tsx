import { linear, px, ticks } from './scale.ts';
import type { ProfiledColumn } from './profile-bars.tsx';

interface OverlayProps {
  readonly now: ProfiledColumn;
  readonly before: ProfiledColumn | undefined;
  readonly width: number;
  readonly label: string;
  readonly format: (value: number) => string;
}

const HEIGHT = 150;
const BASE = HEIGHT - 20;

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly density: number;
}

function binsOf({ edges, counts }: ProfiledColumn): readonly Bin[] {
  if (edges === undefined || counts === undefined || edges.length < 2) return [];
  const all = counts.reduce((a, b) => a + b, 0) || 1;
  const span = (edges.at(-1) ?? 1) - (edges[0] ?? 0) || 1;
  return counts.map((rows, i) => {
    const [from, to] = [edges[i] ?? 0, edges[i + 1] ?? edges.at(-1) ?? 0];
    // A bin of one value would be infinitely high: it is as wide as one part in fifty.
    return { from, to, density: rows / all / Math.max(to - from, span / 50) };
  });
}

function Numbers({ now, before, width, label, format }: OverlayProps) {
  const [mine, theirs] = [binsOf(now), before === undefined ? [] : binsOf(before)];
  const all = [...mine, ...theirs];
  const [low, high] = [Math.min(...all.map((one) => one.from)), Math.max(...all.map((one) => one.to))];
  const x = linear([low, high === low ? low + 1 : high], [4, width - 8]);
  const y = linear([0, Math.max(...all.map((one) => one.density), 1e-12)], [BASE, 6]);
  const path = (bins: readonly Bin[]): string =>
    `${bins.map((one, i) => `${i === 0 ? `M${px(x(one.from))} ${BASE}` : ''}V${px(y(one.density))}H${px(Math.max(x(one.to), x(one.from) + 1))}`).join('')}V${BASE}`;
  return (
    <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label}>
      {theirs.length === 0 ? null : <path d={`${path(theirs)}Z`} fill="var(--ref)" opacity=".38" />}
      <path d={path(mine)} fill="var(--now)" fillOpacity=".1" stroke="var(--now)" strokeWidth="1.6" />
      <path d={`M0 ${BASE}H${width}`} stroke="var(--line-2)" />
      {ticks(low, high, Math.max(2, Math.floor(width / 110)))
        .filter((v) => v >= low && v <= high)
        .map((v) => (
          <text key={v} x={px(x(v))} y={HEIGHT - 5} fontSize="10.5" textAnchor="middle" fill="var(--ink-3)">
            {format(v)}
          </text>
        ))}
    </svg>
  );
}

function Words({ now, before, width, label }: OverlayProps) {
  const shares = (one: ProfiledColumn | undefined): ReadonlyMap<string, number> => {
    const top = one?.top ?? [];
    const all = top.reduce((sum, value) => sum + value.rows, 0) || 1;
    return new Map(top.map((value) => [value.value, value.rows / all]));
  };
  const [mine, theirs] = [shares(now), shares(before)];
  const names = [...new Set([...mine.keys(), ...theirs.keys()])].slice(0, 12);
  const most = Math.max(...mine.values(), ...theirs.values(), 1e-9);
  const row = 20;
  const left = Math.min(150, width * 0.35);
  const x = linear([0, most], [0, width - left - 8]);
  return (
    <svg
      width={width}
      height={names.length * row + 4}
      viewBox={`0 0 ${width} ${names.length * row + 4}`}
      role="img"
      aria-label={label}
    >
      {names.map((name, i) => (
        <g key={name} transform={`translate(0 ${i * row})`}>
          <text x={left - 8} y="14" fontSize="11" textAnchor="end" fill="var(--ink-2)">
            {name.length > 20 ? `${name.slice(0, 19)}…` : name}
          </text>
          <rect x={left} y="3" width={px(x(theirs.get(name) ?? 0))} height="14" fill="var(--ref)" opacity=".38" />
          <rect
            x={left}
            y="5.5"
            width={px(x(mine.get(name) ?? 0))}
            height="9"
            fill="var(--now)"
            fillOpacity=".1"
            stroke="var(--now)"
            strokeWidth="1.4"
          />
        </g>
      ))}
    </svg>
  );
}

/** What moved since the version before: before filled, now outlined; densities, never counts. */
export function ProfileOverlay(props: OverlayProps) {
  if ((props.now.edges?.length ?? 0) > 1) return <Numbers {...props} />;
  return (props.now.top?.length ?? 0) > 0 ? <Words {...props} /> : null;
}
