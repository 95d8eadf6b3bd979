import { useState, type PointerEvent } from 'react';
import type { Run } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { linear, px, type Scale } from '../../charts/scale.ts';
import { useText } from '../../i18n/use-text.tsx';
import { nameOf, numberAt, rankCorrelation, valueOf } from './compare-data.ts';
import type { Brush } from './compare-search.ts';

export interface ParallelProps {
  readonly runs: readonly Run[];
  readonly axes: readonly string[];
  /** The metric that says how dark a line is. */
  readonly colour: string | undefined;
  readonly brushes: readonly Brush[];
  readonly onBrushes: (brushes: readonly Brush[]) => void;
  readonly focus: string | undefined;
  readonly onFocus: (id: string | undefined) => void;
}

const HEIGHT = 300;
const [TOP, BOTTOM] = [34, HEIGHT - 18];

interface Axis {
  readonly field: string;
  readonly scale: Scale;
  readonly back: (y: number) => number;
  readonly low: string;
  readonly high: string;
  /** Values of a field of words, each on its own place. */
  readonly words: readonly string[] | undefined;
  readonly at: (run: Run) => number | undefined;
}

function axisOf(runs: readonly Run[], field: string, num: (value: number) => string): Axis {
  const numbers = runs.map((run) => numberAt(run, field));
  if (numbers.every((value, i) => value !== undefined || valueOf(runs[i] as Run, field) === undefined)) {
    const known = numbers.filter((value) => value !== undefined);
    const [low, high] = known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)];
    const range = [low, high > low ? high : low + 1] as const;
    return {
      field,
      scale: linear(range, [BOTTOM, TOP]),
      back: linear([BOTTOM, TOP], range),
      low: num(low),
      high: num(high),
      words: undefined,
      at: (run) => numberAt(run, field),
    };
  }
  const words = [...new Set(runs.map((run) => String(valueOf(run, field) ?? '—')))].toSorted();
  const range = [0, Math.max(1, words.length - 1)] as const;
  return {
    field,
    scale: linear(range, [BOTTOM, TOP]),
    back: linear([BOTTOM, TOP], range),
    low: '',
    high: '',
    words,
    at: (run) => words.indexOf(String(valueOf(run, field) ?? '—')),
  };
}

/** Runs that every brush lets through. */
function kept(runs: readonly Run[], axes: readonly Axis[], brushes: readonly Brush[]): readonly Run[] {
  return runs.filter((run) =>
    brushes.every(({ field, from, to }) => {
      const value = axes.find((axis) => axis.field === field)?.at(run);
      return value !== undefined && value >= from && value <= to;
    }),
  );
}

/** Axes ordered by how strongly they go with the metric. */
export function axesFor(
  runs: readonly Run[],
  fields: readonly string[],
  metric: string | undefined,
): readonly string[] {
  if (metric === undefined) return fields.slice(0, 7);
  const strength = (field: string): number => Math.abs(rankCorrelation(runs, field, metric));
  const params = fields.filter((field) => field.startsWith('params.')).toSorted((a, b) => strength(b) - strength(a));
  return [...params.slice(0, 6), metric];
}

/** Which settings lead where: a line a run, dark is a high value of the metric; dragging along an axis leaves what is between. */
export function Parallel({ runs, axes: fields, colour, brushes, onBrushes, focus, onFocus }: ParallelProps) {
  const { t, f } = useText();
  const [drag, setDrag] = useState<{ readonly field: string; readonly from: number; readonly to: number }>();
  const axes = fields.map((field) => axisOf(runs, field, (value) => f.num(value)));
  const through = new Set(kept(runs, axes, brushes).map((run) => run.id));
  const shades = runs.map((run) => (colour === undefined ? undefined : numberAt(run, colour)));
  const known = shades.filter((value) => value !== undefined);
  const shade = linear(known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)], [0.14, 0.92]);

  const draw = (width: number) => {
    const x = (i: number): number => 40 + (i * (width - 80)) / Math.max(1, axes.length - 1);
    const placeOf = (event: PointerEvent<SVGElement>): number => {
      const top = event.currentTarget.ownerSVGElement?.getBoundingClientRect().top ?? 0;
      return Math.min(BOTTOM, Math.max(TOP, event.clientY - top));
    };
    const finish = (axis: Axis): void => {
      if (drag === undefined) return;
      setDrag(undefined);
      const rest = brushes.filter((one) => one.field !== axis.field);
      if (Math.abs(drag.from - drag.to) < 4) return onBrushes(rest);
      const [a, b] = [axis.back(drag.from), axis.back(drag.to)];
      onBrushes([...rest, { field: axis.field, from: Math.min(a, b), to: Math.max(a, b) }]);
    };
    return (
      <svg
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={t('parallel.label', { n: through.size, all: runs.length })}
      >
        {runs.map((run, i) => {
          const points = axes.flatMap((axis, j) => {
            const value = axis.at(run);
            return value === undefined ? [] : [`${px(x(j))} ${px(axis.scale(value))}`];
          });
          const here = run.id === focus;
          const opacity = !through.has(run.id)
            ? 0.05
            : focus !== undefined && !here
              ? 0.1
              : shades[i] === undefined
                ? 0.4
                : shade(shades[i]);
          return (
            <path
              key={run.id}
              d={`M${points.join('L')}`}
              fill="none"
              stroke={here ? 'var(--now)' : 'var(--ink)'}
              strokeWidth={here ? 2.2 : 1.3}
              opacity={here ? 1 : opacity}
              onPointerEnter={() => onFocus(run.id)}
              onPointerLeave={() => onFocus(undefined)}
            />
          );
        })}
        {axes.map((axis, j) => {
          const brush = drag?.field === axis.field ? { a: drag.from, b: drag.to } : undefined;
          const set = brushes.find((one) => one.field === axis.field);
          const ends = brush ?? (set === undefined ? undefined : { a: axis.scale(set.from), b: axis.scale(set.to) });
          const anchor = j === 0 ? 'start' : j === axes.length - 1 ? 'end' : 'middle';
          const edge = j === 0 ? x(j) - 30 : j === axes.length - 1 ? x(j) + 30 : x(j);
          return (
            <g key={axis.field}>
              <path d={`M${px(x(j))} ${TOP}V${BOTTOM}`} stroke="var(--line-control)" />
              <text
                x={px(edge)}
                y={12}
                fontSize="11"
                textAnchor={anchor}
                fill="var(--ink)"
                fontWeight={axis.field === colour ? 580 : 420}
              >
                {nameOf(axis.field)}
              </text>
              {axis.words === undefined ? (
                <>
                  <text x={px(edge)} y={TOP - 6} fontSize="10.5" textAnchor={anchor} fill="var(--ink-3)">
                    {axis.high}
                  </text>
                  <text x={px(edge)} y={BOTTOM + 14} fontSize="10.5" textAnchor={anchor} fill="var(--ink-3)">
                    {axis.low}
                  </text>
                </>
              ) : (
                axis.words.slice(0, 12).map((word, k) => (
                  <text
                    key={word}
                    x={px(x(j)) + 6}
                    y={px(axis.scale(k)) + 3.5}
                    fontSize="10.5"
                    fill="var(--ink-2)"
                    stroke="var(--bg)"
                    strokeWidth="3"
                    paintOrder="stroke"
                  >
                    {word.slice(0, 16)}
                  </text>
                ))
              )}
              {ends === undefined ? null : (
                <rect
                  x={px(x(j)) - 7}
                  y={px(Math.min(ends.a, ends.b))}
                  width="14"
                  height={Math.max(1, px(Math.abs(ends.a - ends.b)))}
                  fill="var(--ink)"
                  opacity=".22"
                  stroke="var(--ink)"
                />
              )}
              <rect
                className="brush"
                x={px(x(j)) - 12}
                y={TOP - 4}
                width="24"
                height={BOTTOM - TOP + 8}
                fill="transparent"
                onPointerDown={(event) => {
                  event.currentTarget.setPointerCapture(event.pointerId);
                  const at = placeOf(event);
                  setDrag({ field: axis.field, from: at, to: at });
                }}
                onPointerMove={(event) => {
                  if (drag?.field === axis.field) setDrag({ ...drag, to: placeOf(event) });
                }}
                onPointerUp={() => finish(axis)}
              />
            </g>
          );
        })}
      </svg>
    );
  };
  const here = runs.find((run) => run.id === focus);
  return (
    <>
      <p className="meta" role="status">
        {here === undefined
          ? t('parallel.kept', { n: through.size, all: runs.length })
          : `${here.name}: ${fields.map((field) => `${nameOf(field)} ${valueOf(here, field) ?? '—'}`).join(', ')}`}{' '}
        {brushes.length === 0 ? null : (
          <button type="button" className="link" onClick={() => onBrushes([])}>
            {t('parallel.clear')}
          </button>
        )}
      </p>
      <Figure
        table={{
          head: [t('runs.run'), ...fields.map(nameOf)],
          rows: runs
            .filter((run) => through.has(run.id))
            .map((run) => [run.name, ...fields.map((field) => valueOf(run, field) ?? '—')]),
        }}
        firstWidth={900}
      >
        {draw}
      </Figure>
    </>
  );
}
