import { StatusMark } from '../parts/status-mark.tsx';
import { px } from './scale.ts';

export type StageState = 'done' | 'running' | 'warning' | 'failed' | 'old' | 'never';

export interface RingStage {
  readonly state: StageState;
  /** 0..1 while running. */
  readonly progress?: number;
  readonly rolling?: boolean;
}

export interface LoopRingProps {
  /** Six, clockwise from the top: data, train, validate, package, deploy, watch. */
  readonly stages: readonly RingStage[];
  readonly centre: string;
  readonly under?: string;
  readonly label: string;
  readonly size?: 272 | 76;
}

const RAD = Math.PI / 180;

function arc(c: number, r: number, from: number, to: number): string {
  const at = (deg: number): string => `${px(c + r * Math.sin(deg * RAD))} ${px(c - r * Math.cos(deg * RAD))}`;
  return `M${at(from)}A${r} ${r} 0 ${to - from > 180 ? 1 : 0} 1 ${at(to)}`;
}

/** Where a project is. A healthy ring is ink; trouble has its colour and its glyph on the arc. */
export function LoopRing({ stages, centre, under, label, size = 272 }: LoopRingProps) {
  const big = size === 272;
  const c = size / 2;
  const r = big ? 106 : 28;
  const thick = big ? 10 : 4;
  const inset = big ? 4 : 4.5;
  return (
    <svg width={size} height={size} viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
      {stages.map((stage, i) => {
        const from = i * 60 + inset;
        const to = (i + 1) * 60 - inset;
        const middle = (from + to) / 2;
        const [gx, gy] = [c + r * Math.sin(middle * RAD), c - r * Math.cos(middle * RAD)];
        const paddle = i * 60 * RAD;
        const [p0, p1] = big ? [r + 8, r + 15] : [30, 34];
        const mark = stage.state === 'warning' ? 'warning' : stage.state === 'failed' ? 'failed' : undefined;
        const glyph = big ? 16 : 11;
        return (
          <g key={i}>
            {stage.state === 'never' ? (
              <path
                d={arc(c, r, from, to)}
                fill="none"
                stroke="var(--line-control)"
                strokeWidth="1.4"
                strokeDasharray="1.5 4"
                strokeLinecap="round"
              />
            ) : null}
            {stage.state === 'done' || stage.state === 'old' ? (
              <path
                d={arc(c, r, from, to)}
                fill="none"
                stroke={stage.state === 'old' ? 'var(--line-2)' : 'var(--ink-2)'}
                strokeWidth={thick}
              />
            ) : null}
            {stage.state === 'running' ? (
              <>
                <path
                  d={arc(c, r, from, to)}
                  fill="none"
                  stroke={stage.rolling ? 'var(--next-wash)' : 'var(--line)'}
                  strokeWidth={thick * 1.7}
                />
                <path
                  d={arc(c, r, from, from + (to - from) * Math.min(1, Math.max(0.06, stage.progress ?? 0.5)))}
                  fill="none"
                  stroke={stage.rolling ? 'var(--next)' : 'var(--ink)'}
                  strokeWidth={thick * 1.7}
                />
              </>
            ) : null}
            {mark === undefined ? null : (
              <>
                <path
                  d={arc(c, r, from, to)}
                  fill="none"
                  stroke={mark === 'warning' ? 'var(--warn-mark)' : 'var(--fail)'}
                  strokeWidth={thick * 1.35}
                />
                <circle cx={px(gx)} cy={px(gy)} r={glyph * 0.78} fill="var(--bg)" />
                <g transform={`translate(${px(gx - glyph / 2)} ${px(gy - glyph / 2)})`}>
                  <StatusMark kind={mark} size={glyph} />
                </g>
              </>
            )}
            <path
              d={`M${px(c + p0 * Math.sin(paddle))} ${px(c - p0 * Math.cos(paddle))}L${px(c + p1 * Math.sin(paddle))} ${px(c - p1 * Math.cos(paddle))}`}
              stroke="var(--line-control)"
              strokeWidth="1.4"
            />
          </g>
        );
      })}
      <text
        x={c}
        y={big ? c + 1 : c + 4}
        textAnchor="middle"
        fontSize={big ? 22 : 11.5}
        fontWeight={big ? 480 : 560}
        letterSpacing={big ? '-.3' : undefined}
        fill="var(--ink)"
      >
        {centre}
      </text>
      {big && under !== undefined ? (
        <text x={c} y={c + 21} textAnchor="middle" fontSize="11" fill="var(--ink-3)">
          {under}
        </text>
      ) : null}
    </svg>
  );
}
