import { useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { SeriesMark } from './series-mark.tsx';
import type { SeriesShape } from './series-shape.ts';
import { decimalsOf, linear, px, spread, ticks, timeLabel, timeTicks } from './scale.ts';

export interface Point {
  readonly x: number;
  /** null = unknown: the line breaks here and is never joined. */
  readonly y: number | null;
  readonly low?: number;
  readonly high?: number;
}

export interface Series {
  readonly name: string;
  /** A token: `var(--now)`. */
  readonly color: string;
  readonly points: readonly Point[];
  readonly dash?: string;
  readonly shape?: SeriesShape;
  readonly thin?: boolean;
  /** A stacked volume; only then is the ground under the line filled. */
  readonly filled?: boolean;
}

export interface LineChartProps {
  readonly width: number;
  readonly height?: number;
  readonly label: string;
  readonly series: readonly Series[];
  readonly xKind: 'time' | 'number';
  /** `decimals` is given for ticks, so that they have as many as they need and no more. */
  readonly format: (value: number, decimals?: number) => string;
  readonly limits?: readonly { readonly value: number; readonly text: string }[];
  readonly events?: readonly { readonly at: number; readonly text: string }[];
  /** Outcomes of this span are still arriving. */
  readonly late?: readonly [number, number];
  readonly fromZero?: boolean;
  readonly unit?: string;
}

function pathOf(points: readonly Point[], x: (v: number) => number, y: (v: number) => number): string {
  let path = '';
  let joined = false;
  for (const point of points) {
    if (point.y === null) {
      joined = false;
      continue;
    }
    path += `${joined ? 'L' : 'M'}${px(x(point.x))} ${px(y(point.y))}`;
    joined = true;
  }
  return path;
}

function bandOf(points: readonly Point[], x: (v: number) => number, y: (v: number) => number): string {
  const known = points.filter((p) => p.low !== undefined && p.high !== undefined);
  if (known.length < 2) return '';
  const up = known.map((p, i) => `${i === 0 ? 'M' : 'L'}${px(x(p.x))} ${px(y(p.high ?? 0))}`).join('');
  return `${up}${known
    .toReversed()
    .map((p) => `L${px(x(p.x))} ${px(y(p.low ?? 0))}`)
    .join('')}Z`;
}

/** Room that the word of an event needs, px. */
const EVENT_TEXT = 60;

/** Words stand apart: of events that crowd together the first keeps its word, the others keep their rule and a title. */
function wordsApart<T extends { readonly at: number }>(events: readonly T[], x: (at: number) => number) {
  let last = Number.NEGATIVE_INFINITY;
  return events
    .toSorted((a, b) => a.at - b.at)
    .map((one) => {
      const named = x(one.at) - last >= EVENT_TEXT;
      if (named) last = x(one.at);
      return { ...one, named };
    });
}

/** Line with band: how did it move, and how sure. No smoothing; the axis holds the limit, too. */
export function LineChart({
  width,
  height = 208,
  label,
  series,
  xKind,
  format,
  limits = [],
  events = [],
  late,
  fromZero = false,
  unit,
}: LineChartProps) {
  const { language } = useText();
  const [at, setAt] = useState<number>();
  const all = series.flatMap((one) => one.points);
  const xs = [...new Set(all.map((p) => p.x))].toSorted((a, b) => a - b);
  const [x0, x1] = [xs[0] ?? 0, xs.at(-1) ?? 1];
  const values = [
    ...all.flatMap((p) => [p.y, p.low ?? null, p.high ?? null]).filter((v) => v !== null),
    ...limits.map((one) => one.value),
    ...(fromZero ? [0] : []),
  ];
  const [lowest, highest] = values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
  const yTicks = ticks(lowest, highest === lowest ? lowest + (Math.abs(lowest) || 1) : highest, height < 120 ? 2 : 4);
  const tickPlaces = decimalsOf(yTicks);
  const frame = {
    left: 12 + Math.max(...yTicks.map((v) => format(v, tickPlaces).length)) * 6.2 + (unit === undefined ? 0 : 14),
    right: width - 66,
    top: events.length > 0 ? 18 : 8,
    bottom: height - 22,
  };
  const x = linear([x0, x1 === x0 ? x0 + 1 : x1], [frame.left, frame.right]);
  const y = linear([yTicks[0] ?? 0, yTicks.at(-1) ?? 1], [frame.bottom, frame.top]);
  const xTicks =
    xKind === 'time'
      ? timeTicks(x0, x1, Math.max(2, Math.floor((frame.right - frame.left) / 80)))
      : ticks(x0, x1, 4)
          .filter((v) => v >= x0 && v <= x1)
          .map((v) => ({ at: v, step: 0 }));
  const near = at === undefined ? undefined : xs[at];
  const ends = series.map((one) => {
    const known = one.points.filter((p) => p.y !== null);
    return near === undefined ? known.at(-1) : known.findLast((p) => p.x <= near);
  });
  const labels = [
    ...series.map((one, i) => ({
      text: near === undefined ? one.name : `${one.name} ${ends[i]?.y == null ? '' : format(ends[i]?.y ?? 0)}`,
      y: ends[i]?.y,
      color: one.color,
      weight: 550,
      shape: one.shape,
    })),
    ...limits.map((one) => ({ text: one.text, y: one.value, color: 'var(--ink-2)', weight: 420, shape: undefined })),
  ].filter((one) => one.y !== undefined && one.y !== null);
  const places = spread(
    labels.map((one) => y(one.y ?? 0) + 3.5),
    13,
    frame.top + 4,
    frame.bottom + 4,
  );

  const onMove = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const pointer = event.clientX - box.left;
    let best = 0;
    for (let i = 0; i < xs.length; i += 1)
      if (Math.abs(x(xs[i] ?? 0) - pointer) < Math.abs(x(xs[best] ?? 0) - pointer)) best = i;
    setAt(best);
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    setAt(Math.min(xs.length - 1, Math.max(0, (at ?? xs.length - 1) + step)));
  };

  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      tabIndex={0}
      onPointerMove={onMove}
      onPointerLeave={() => setAt(undefined)}
      onKeyDown={onKey}
      onBlur={() => setAt(undefined)}
    >
      {late === undefined ? null : (
        <rect
          x={x(late[0])}
          y={frame.top}
          width={Math.max(0, x(late[1]) - x(late[0]))}
          height={frame.bottom - frame.top}
          fill="var(--bg-hover)"
        />
      )}
      {yTicks.map((v, i) => (
        <g key={v}>
          <path d={`M${frame.left} ${px(y(v))}H${frame.right}`} stroke="var(--line)" />
          <text x={frame.left - 6} y={px(y(v)) + 3.5} fontSize="10.5" textAnchor="end" fill="var(--ink-3)">
            {format(v, tickPlaces)}
            {unit !== undefined && i === yTicks.length - 1 ? ` ${unit}` : ''}
          </text>
        </g>
      ))}
      {xTicks.map((tick, i) => (
        <g key={tick.at}>
          <path d={`M${px(x(tick.at))} ${frame.bottom}v4`} stroke="var(--line-2)" />
          <text x={px(x(tick.at))} y={frame.bottom + 15} fontSize="10.5" textAnchor="middle" fill="var(--ink-3)">
            {xKind === 'time'
              ? timeLabel(tick.at, tick.step, language, xTicks[i - 1]?.at)
              : tick.at.toLocaleString('en-US')}
          </text>
        </g>
      ))}
      {limits.map((one) => (
        <path
          key={one.text}
          d={`M${frame.left} ${px(y(one.value))}H${frame.right}`}
          stroke="var(--ink-2)"
          strokeDasharray="4 3"
        />
      ))}
      {series.map((one) => {
        const band = bandOf(one.points, x, y);
        const line = pathOf(one.points, x, y);
        const last = one.points.findLast((p) => p.y !== null);
        return (
          <g key={one.name}>
            {band === '' ? null : <path d={band} fill={one.color} opacity=".17" />}
            {one.filled && line !== '' ? (
              <path
                d={`${line}L${px(x(last?.x ?? x1))} ${frame.bottom}L${px(x(one.points.find((p) => p.y !== null)?.x ?? x0))} ${frame.bottom}Z`}
                fill={one.color}
                opacity=".22"
              />
            ) : null}
            <path
              d={line}
              fill="none"
              stroke={one.color}
              strokeWidth={one.thin ? 1.3 : 1.6}
              strokeLinejoin="round"
              strokeDasharray={one.dash}
            />
            {last === undefined || one.filled ? null : (
              <circle cx={px(x(last.x))} cy={px(y(last.y ?? 0))} r="2.6" fill={one.color} />
            )}
          </g>
        );
      })}
      {wordsApart(
        events.filter((one) => one.at >= x0 && one.at <= x1),
        x,
      ).map(({ at: moment, text, named }) => {
        const atEdge = x(moment) > frame.right - EVENT_TEXT;
        return (
          <g key={`${moment} ${text}`}>
            <title>{text}</title>
            <path
              d={`M${px(x(moment))} ${frame.top - 4}V${frame.bottom}`}
              stroke="var(--ink-2)"
              strokeDasharray="2 3"
            />
            {named ? (
              <text
                x={px(x(moment)) + (atEdge ? -4 : 4)}
                y={frame.top + 6}
                fontSize="10.5"
                textAnchor={atEdge ? 'end' : 'start'}
                fill="var(--ink-2)"
                stroke="var(--bg)"
                strokeWidth="3"
                paintOrder="stroke"
              >
                {text}
              </text>
            ) : null}
          </g>
        );
      })}
      {near === undefined ? null : (
        <g>
          <path d={`M${px(x(near))} ${frame.top - 4}V${frame.bottom}`} stroke="var(--ink)" />
          <text
            x={px(x(near))}
            y={frame.bottom + 15}
            fontSize="10.5"
            textAnchor="middle"
            fill="var(--ink)"
            stroke="var(--bg)"
            strokeWidth="6"
            paintOrder="stroke"
          >
            {xKind === 'time'
              ? timeLabel(near, xTicks[0]?.step ?? 0, language, undefined)
              : near.toLocaleString('en-US')}
          </text>
        </g>
      )}
      {labels.map((one, i) => (
        <g key={one.text}>
          {one.shape === undefined ? null : (
            <SeriesMark shape={one.shape} x={frame.right + 9} y={(places[i] ?? 0) - 3.5} color={one.color} />
          )}
          <text
            x={frame.right + (one.shape === undefined ? 7 : 17)}
            y={places[i]}
            fontSize="11"
            fontWeight={one.weight}
            fill={one.shape === undefined ? one.color : 'var(--ink)'}
            stroke="var(--bg)"
            strokeWidth="3"
            paintOrder="stroke"
          >
            {one.text}
          </text>
        </g>
      ))}
    </svg>
  );
}
