import { linear, px } from './scale.ts';

export interface GateLimits {
  /** The interval that passes; undefined ends are open. */
  readonly from?: number;
  readonly to?: number;
}

/** Reads `>= 0.73`, `inside 0.8..1.25`, `< champion.x (0.48)`; undefined when it says no number. */
export function gateLimits(required: string): GateLimits | undefined {
  const range = /(inside|outside)\s+(-?[\d.e-]+)\.\.(-?[\d.e-]+)/i.exec(required);
  if (range !== null) return range[1] === 'inside' ? { from: Number(range[2]), to: Number(range[3]) } : undefined;
  const limit =
    /\((-?[\d.]+(?:e-?\d+)?)\)/i.exec(required)?.[1] ?? /^\s*[<>]=?\s*(-?[\d.]+(?:e-?\d+)?)/i.exec(required)?.[1];
  if (limit === undefined) return undefined;
  return /^\s*>/.test(required) ? { from: Number(limit) } : /^\s*</.test(required) ? { to: Number(limit) } : undefined;
}

export interface GateScaleProps {
  readonly observed: number;
  readonly limits: GateLimits;
  readonly label: string;
  readonly color?: string;
  readonly width?: number;
}

/** Did it pass, with how much room: the thick part passes, the upright mark is required, the dot is observed. */
export function GateScale({ observed, limits, label, color = 'var(--next)', width = 150 }: GateScaleProps) {
  const marks = [limits.from, limits.to].filter((v) => v !== undefined);
  const all = [observed, ...marks];
  // Small positive numbers that span decades (1e-7 against 1e-5) are shown by their logarithm.
  const log = all.every((v) => v > 0) && Math.max(...all) / Math.min(...all) > 20;
  const on = (v: number): number => (log ? Math.log10(v) : v);
  const [low, high] = [Math.min(...all.map(on)), Math.max(...all.map(on))];
  const room = (high - low || Math.abs(high) || 1) * 0.35;
  const x = linear([low - room, high + room], [2, width - 2]);
  const from = limits.from === undefined ? 2 : x(on(limits.from));
  const to = limits.to === undefined ? width - 2 : x(on(limits.to));
  return (
    <svg width={width} height="18" viewBox={`0 0 ${width} 18`} role="img" aria-label={label}>
      <path d={`M2 9H${width - 2}`} stroke="var(--line-2)" />
      <rect x={px(from)} y="6" width={px(Math.max(0, to - from))} height="6" fill="var(--line-2)" />
      {marks.map((v) => (
        <path key={v} d={`M${px(x(on(v)))} 2V16`} stroke="var(--ink)" strokeWidth="1.5" />
      ))}
      <circle cx={px(x(on(observed)))} cy="9" r="4" fill={color} />
    </svg>
  );
}
