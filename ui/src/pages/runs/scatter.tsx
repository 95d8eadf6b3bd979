import { useState, type KeyboardEvent } from 'react';
import type { Run } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { decimalsOf, linear, px, ticks } from '../../charts/scale.ts';
import { SeriesMark } from '../../charts/series-mark.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { lookOf, nameOf, numberAt } from './compare-data.ts';

export interface ScatterProps {
  readonly runs: readonly Run[];
  readonly fields: readonly string[];
  readonly x: string;
  readonly y: string;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly onChange: (change: {
    readonly x?: string;
    readonly y?: string;
    readonly logX?: boolean;
    readonly logY?: boolean;
  }) => void;
  readonly focus: string | undefined;
  readonly onFocus: (id: string | undefined) => void;
  readonly onOpen: (id: string) => void;
}

const HEIGHT = 300;

/** Marks of a log scale: powers of ten, or 1-2-5 when there are few. */
function logTicks(low: number, high: number): readonly number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const steps = last - first > 3 ? [1] : [1, 2, 5];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    .flatMap((power) => steps.map((step) => step * 10 ** power))
    .filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

function FieldSelect({
  label,
  value,
  fields,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly fields: readonly string[];
  readonly onChange: (field: string) => void;
}) {
  return (
    <label className="st">
      {label}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {fields.map((field) => (
          <option key={field} value={field}>
            {nameOf(field)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** One number of each run against another. */
export function Scatter(props: ScatterProps) {
  const { runs, fields, x, y, logX, logY, onChange, focus, onFocus, onOpen } = props;
  const { t, f } = useText();
  const [at, setAt] = useState<number>();
  const points = runs.flatMap((run, i) => {
    const [vx, vy] = [numberAt(run, x), numberAt(run, y)];
    return vx === undefined || vy === undefined || (logX && vx <= 0) || (logY && vy <= 0)
      ? []
      : [{ run, x: vx, y: vy, look: lookOf(i, runs.length) }];
  });
  const missing = runs.length - points.length;
  const onKey = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const here = at === undefined ? undefined : points[at];
    if (event.key === 'Enter' && here !== undefined) onOpen(here.run.id);
    if (by === 0 || points.length === 0) return;
    event.preventDefault();
    const next = ((at ?? -1) + by + points.length) % points.length;
    setAt(next);
    onFocus(points[next]?.run.id);
  };
  const draw = (width: number) => {
    const scaleOf = (values: readonly number[], log: boolean, to: readonly [number, number], count: number) => {
      const [low, high] = values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
      if (log) {
        const room = high > low ? (high / low) ** 0.04 : 1.2;
        const scale = linear([Math.log10(low / room), Math.log10(high * room)], to);
        return { marks: logTicks(low / room, high * room), scale: (v: number) => scale(Math.log10(v)) };
      }
      const room = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
      return {
        marks: ticks(low, high > low ? high : low + room, count).filter((v) => v >= low - room && v <= high + room),
        scale: linear([low - room, high + room], to),
      };
    };
    const [left, right, top, bottom] = [64, width - 16, 10, HEIGHT - 40];
    const sx = scaleOf(
      points.map((one) => one.x),
      logX,
      [left, right],
      Math.max(2, Math.floor(width / 110)),
    );
    const sy = scaleOf(
      points.map((one) => one.y),
      logY,
      [bottom, top],
      4,
    );
    const here = points.find((one) => one.run.id === focus);
    return (
      <svg
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={t('scatter.label', { x: nameOf(x), y: nameOf(y), n: points.length })}
        tabIndex={0}
        onKeyDown={onKey}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const [mx, my] = [event.clientX - box.left, event.clientY - box.top];
          const away = (one: (typeof points)[number]): number => Math.hypot(sx.scale(one.x) - mx, sy.scale(one.y) - my);
          const near = points.toSorted((a, b) => away(a) - away(b))[0];
          onFocus(near !== undefined && away(near) < 24 ? near.run.id : undefined);
        }}
        onPointerLeave={() => onFocus(undefined)}
        onClick={() => {
          if (focus !== undefined) onOpen(focus);
        }}
      >
        {sy.marks.map((v) => (
          <g key={v}>
            <path d={`M${left} ${px(sy.scale(v))}H${right}`} stroke="var(--line)" />
            <text x={left - 6} y={px(sy.scale(v)) + 3.5} fontSize="10.5" textAnchor="end" fill="var(--ink-3)">
              {f.num(v, logY ? undefined : decimalsOf(sy.marks))}
            </text>
          </g>
        ))}
        {sx.marks.map((v) => (
          <g key={v}>
            <path d={`M${px(sx.scale(v))} ${bottom}v4`} stroke="var(--line-2)" />
            <text x={px(sx.scale(v))} y={bottom + 15} fontSize="10.5" textAnchor="middle" fill="var(--ink-3)">
              {f.num(v, logX ? undefined : decimalsOf(sx.marks))}
            </text>
          </g>
        ))}
        <text x={right} y={bottom + 32} fontSize="11" textAnchor="end" fill="var(--ink-2)">
          {nameOf(x)}
        </text>
        <text x={left} y={top} fontSize="11" fill="var(--ink-2)" stroke="var(--bg)" strokeWidth="3" paintOrder="stroke">
          {nameOf(y)}
        </text>
        {points.map((one) => (
          <g key={one.run.id} opacity={focus === undefined || focus === one.run.id ? 1 : 0.3}>
            <SeriesMark
              shape={one.look.shape ?? 'dot'}
              x={px(sx.scale(one.x))}
              y={px(sy.scale(one.y))}
              color={one.look.color}
            />
          </g>
        ))}
        {(here === undefined ? (points.length <= 6 ? points : []) : [here]).map((one) => {
          const end = sx.scale(one.x) > right - 90;
          return (
            <text
              key={one.run.id}
              x={px(sx.scale(one.x)) + (end ? -8 : 8)}
              y={px(sy.scale(one.y)) + 3.5}
              fontSize="11"
              textAnchor={end ? 'end' : 'start'}
              fill="var(--ink)"
              stroke="var(--bg)"
              strokeWidth="3"
              paintOrder="stroke"
            >
              {one.run.name}
              {here === undefined ? '' : ` ${f.num(one.x)}, ${f.num(one.y)}`}
            </text>
          );
        })}
      </svg>
    );
  };
  return (
    <>
      <div className="curvecontrols">
        <FieldSelect label="x" value={x} fields={fields} onChange={(field) => onChange({ x: field })} />
        <label className="st">
          <input type="checkbox" checked={logX} onChange={(event) => onChange({ logX: event.target.checked })} />
          {t('scatter.log', { axis: 'x' })}
        </label>
        <FieldSelect label="y" value={y} fields={fields} onChange={(field) => onChange({ y: field })} />
        <label className="st">
          <input type="checkbox" checked={logY} onChange={(event) => onChange({ logY: event.target.checked })} />
          {t('scatter.log', { axis: 'y' })}
        </label>
        {missing === 0 ? null : <span className="meta">{t('scatter.missing', { n: missing })}</span>}
      </div>
      <Figure
        table={{ head: [t('runs.run'), nameOf(x), nameOf(y)], rows: points.map((one) => [one.run.name, one.x, one.y]) }}
        firstWidth={560}
      >
        {draw}
      </Figure>
    </>
  );
}
