/**
 * Many curves on one canvas. uPlot gives scales, axes, the zoom by dragging and the hairline that charts of a page share; the
 * lines are drawn here, each on its own x, so that fifty runs with other steps need no common grid.
 */
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { lastKnown, nearest, rangeOf, type Line, type XKind } from './curve-lines.ts';
import { decimalsOf, spread } from './scale.ts';
import { SeriesMark } from './series-mark.tsx';

export interface CurvesPlotProps {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly lines: readonly Line[];
  readonly xKind: XKind;
  readonly log: boolean;
  /** Drawn from, to; undefined: all. */
  readonly zoom: readonly [number, number] | undefined;
  readonly onZoom: (zoom: readonly [number, number] | undefined) => void;
  readonly format: (value: number, decimals?: number) => string;
  readonly formatX: (value: number) => string;
  /** Charts of the same name move their hairline together. */
  readonly sync: string;
  /** The line that all others stand back for. */
  readonly focus: string | undefined;
  readonly onFocus: (id: string | undefined) => void;
}

/** Room for names at the ends of lines. */
const SIDE = 92;
/** Beyond this many lines only the one in focus is named; the others would lie over each other. */
const NAMED = 12;

function resolved(color: string): string {
  const name = /var\((--[\w-]+)\)/.exec(color)?.[1];
  return name === undefined ? color : getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function onTheme(change: () => void): () => void {
  const observer = new MutationObserver(change);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}

function trace(plot: uPlot, xs: readonly number[], ys: readonly (number | null)[], log: boolean): Path2D {
  const path = new Path2D();
  let joined = false;
  xs.forEach((x, i) => {
    const y = ys[i];
    if (y === null || y === undefined || (log && y <= 0)) {
      joined = false;
      return;
    }
    const [px, py] = [plot.valToPos(x, 'x', true), plot.valToPos(y, 'y', true)];
    if (joined) path.lineTo(px, py);
    else path.moveTo(px, py);
    joined = true;
  });
  return path;
}

function band(plot: uPlot, line: Line, log: boolean): Path2D | undefined {
  const { low, high, xs } = line;
  if (low === undefined || high === undefined) return undefined;
  const path = new Path2D();
  const known = xs
    .map((x, i) => ({ x, low: low[i], high: high[i] }))
    .filter((one) => one.low != null && (!log || (one.low ?? 0) > 0));
  known.forEach(({ x, high: y }, i) => {
    const [px, py] = [plot.valToPos(x, 'x', true), plot.valToPos(y ?? 0, 'y', true)];
    if (i === 0) path.moveTo(px, py);
    else path.lineTo(px, py);
  });
  for (const { x, low: y } of known.toReversed())
    path.lineTo(plot.valToPos(x, 'x', true), plot.valToPos(y ?? 0, 'y', true));
  path.closePath();
  return path;
}

/** Log axes also put a mark at their end, which is no round number. */
function isRound(value: number): boolean {
  const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return Math.abs(digit - Math.round(digit)) < 1e-6;
}

interface Drawn {
  readonly lines: readonly Line[];
  readonly log: boolean;
  readonly focus: string | undefined;
}

function draw(plot: uPlot, { lines, log, focus }: Drawn): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 2, bbox.width + 2, bbox.height + 4);
  ctx.clip();
  ctx.lineJoin = 'round';
  const many = lines.length > NAMED;
  // The one in focus lies above the others.
  const ordered = lines.toSorted((a, b) => Number(a.id === focus) - Number(b.id === focus));
  for (const line of ordered) {
    const back = focus !== undefined && line.id !== focus;
    ctx.strokeStyle = resolved(line.color);
    ctx.fillStyle = resolved(line.color);
    const area = band(plot, line, log);
    if (area !== undefined) {
      ctx.globalAlpha = back ? 0.05 : 0.17;
      ctx.fill(area);
    }
    if (line.raw !== undefined && !back) {
      ctx.globalAlpha = many && line.id !== focus ? 0.08 : 0.22;
      ctx.lineWidth = ratio;
      ctx.setLineDash([]);
      ctx.stroke(trace(plot, line.xs, line.raw, log));
    }
    ctx.globalAlpha = back ? 0.16 : many && focus === undefined ? 0.45 : 1;
    ctx.lineWidth = (line.id === focus ? 2.2 : many ? 1.2 : 1.6) * ratio;
    ctx.setLineDash(
      line.dash === undefined || line.id === focus ? [] : line.dash.split(' ').map((part) => Number(part) * ratio),
    );
    ctx.stroke(trace(plot, line.xs, line.ys, log));
    const [x, y] = [line.xs.at(-1), line.ys.at(-1)];
    if (x !== undefined && y !== null && y !== undefined && (!log || y > 0) && !many) {
      ctx.beginPath();
      ctx.arc(plot.valToPos(x, 'x', true), plot.valToPos(y, 'y', true), 2.6 * ratio, 0, 7);
      ctx.fill();
    }
  }
  ctx.restore();
}

interface Hover {
  readonly x: number;
  readonly left: number;
}

function Labels(props: CurvesPlotProps & { readonly hover: Hover | undefined; readonly plot: uPlot }) {
  const { lines, hover, plot, format, formatX, focus, log } = props;
  const [scale] = [plot.scales['x']];
  const reach = ((scale?.max ?? 1) - (scale?.min ?? 0)) * 0.03;
  const shown = lines.length > NAMED ? lines.filter((line) => line.id === focus) : lines;
  const labels = shown.flatMap((line) => {
    const at = hover === undefined ? undefined : nearest(line, hover.x, reach)?.y;
    const y = at ?? lastKnown(line);
    if (y === undefined || (log && y <= 0)) return [];
    const back = focus !== undefined && line.id !== focus && lines.length > 1;
    return [
      {
        line,
        text: hover === undefined ? line.name : at === undefined ? '' : format(at),
        y: plot.valToPos(y, 'y'),
        back,
      },
    ];
  });
  const height = plot.over.clientHeight;
  const top = plot.over.offsetTop;
  const places = spread(
    labels.map((one) => one.y),
    13,
    4,
    height - 4,
  );
  return (
    <div className="curvelabels" aria-hidden="true">
      {labels.map((one, i) =>
        one.text === '' ? null : (
          <span
            key={one.line.id}
            className={one.back ? 'back' : undefined}
            style={{ top: top + (places[i] ?? 0) - 8, left: props.width - SIDE + 5 }}
            title={one.line.name}
          >
            {one.line.shape === undefined ? null : (
              <svg width="10" height="10" viewBox="0 0 12 12">
                <SeriesMark shape={one.line.shape} x={6} y={6} color={one.line.color} />
              </svg>
            )}
            <span className="cut">{one.text}</span>
          </span>
        ),
      )}
      {hover === undefined ? null : (
        <span className="at" style={{ top: top + height + 4, left: plot.over.offsetLeft + hover.left }}>
          {formatX(hover.x)}
        </span>
      )}
    </div>
  );
}

export function CurvesPlot(props: CurvesPlotProps) {
  const { width, height, label, lines, xKind, log, zoom, onZoom, format, formatX, sync, focus, onFocus } = props;
  // A canvas keeps the colours it was drawn with: another theme draws it again.
  const theme = useSyncExternalStore(onTheme, () => document.documentElement.dataset['theme']);
  const box = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<uPlot>();
  const [hover, setHover] = useState<Hover>();
  // Labels stand where the scales put them, so they are made after the scales.
  const [scaled, setScaled] = useState(0);
  const latest = useRef({ lines, log, focus, onZoom, onFocus, format, formatX });
  useEffect(() => {
    latest.current = { lines, log, focus, onZoom, onFocus, format, formatX };
  });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const now = latest.current;
    const axis = {
      stroke: resolved('var(--ink-3)'),
      font: '10.5px "Inter Variable", sans-serif',
      ticks: { stroke: resolved('var(--line-2)'), size: 4, width: 1 },
    };
    const made = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        padding: [8, SIDE, 0, 0],
        ms: 1,
        cursor: {
          x: true,
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false },
          sync: { key: sync, scales: ['x', null] },
        },
        scales: {
          x: { time: xKind === 'time', auto: false },
          // Its enum is declared but not there when it runs.
          // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
          y: { distr: log ? 3 : 1, auto: false },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 26,
            ...(xKind === 'time'
              ? {}
              : { values: (_: uPlot, values: number[]) => values.map((v) => latest.current.formatX(v)) }),
          },
          {
            ...axis,
            size: 52,
            gap: 3,
            grid: { stroke: resolved('var(--line)'), width: 1 },
            values: (_, values) =>
              values.map((v) =>
                v === null || (log && !isRound(v))
                  ? ''
                  : latest.current.format(v, log ? undefined : decimalsOf(values)),
              ),
          },
        ],
        series: [{}, { show: true, paths: () => null, points: { show: false } }],
        hooks: {
          draw: [(self) => draw(self, latest.current)],
          setSelect: [
            (self) => {
              const { left, width: wide } = self.select;
              if (wide < 4) return;
              latest.current.onZoom([self.posToVal(left, 'x'), self.posToVal(left + wide, 'x')]);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
          setCursor: [
            (self) => {
              const { left = -1, top = -1 } = self.cursor;
              if (left < 0) {
                setHover(undefined);
                if (latest.current.focus !== undefined) latest.current.onFocus(undefined);
                return;
              }
              const x = self.posToVal(left, 'x');
              setHover({ x, left });
              // The line under the pointer comes forward; a hairline that another chart moves has no height.
              if (top < 0 || latest.current.lines.length < 2 || !self.over.matches(':hover')) return;
              const scale = self.scales['x'];
              const reach = ((scale?.max ?? 1) - (scale?.min ?? 0)) * 0.03;
              let best: { readonly id: string; readonly away: number } | undefined;
              for (const line of latest.current.lines) {
                const point = nearest(line, x, reach);
                if (point === undefined) continue;
                const away = Math.abs(self.valToPos(point.y, 'y') - top);
                if (away < (best?.away ?? 28)) best = { id: line.id, away };
              }
              if (best?.id !== latest.current.focus) latest.current.onFocus(best?.id);
            },
          ],
        },
      },
      [
        [0, 1],
        [0, 1],
      ],
      element,
    );
    const reset = (): void => latest.current.onZoom(undefined);
    made.over.addEventListener('dblclick', reset);
    now.onFocus(undefined);
    setPlot(made);
    return () => {
      made.over.removeEventListener('dblclick', reset);
      made.destroy();
      setPlot(undefined);
    };
    // Size changes are told to the plot below; everything else that the plot keeps makes a new one.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [theme, xKind, log, sync]);
  useEffect(() => {
    if (plot === undefined) return;
    if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
  }, [plot, width, height]);
  useEffect(() => {
    if (plot === undefined) return;
    const firsts = lines.map((line) => line.xs[0]).filter((x) => x !== undefined);
    const lasts = lines.map((line) => line.xs.at(-1)).filter((x) => x !== undefined);
    const [from, to] = zoom ?? [Math.min(...firsts), Math.max(...lasts)];
    const wide = Number.isFinite(from) && to > from ? to : from + 1;
    const range = rangeOf(lines, from, to, log);
    const [low, high] = range ?? [0, 1];
    const room = log ? 0 : (high - low) * 0.05 || Math.abs(high) * 0.05 || 0.5;
    plot.batch(() => {
      plot.setScale('x', { min: Number.isFinite(from) ? from : 0, max: wide });
      plot.setScale('y', log ? { min: low / 1.1, max: high * 1.1 } : { min: low - room, max: high + room });
    });
    plot.redraw(false);
    setScaled((was) => was + 1);
  }, [plot, lines, zoom, log, focus, width, height]);
  return (
    <div
      className="curves-plot"
      ref={box}
      role="img"
      aria-label={label}
      tabIndex={0}
      style={{ height }}
      onKeyDown={(event) => {
        const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
        if (plot === undefined || by === 0) return;
        event.preventDefault();
        const left = Math.min(plot.over.clientWidth, Math.max(0, (hover?.left ?? plot.over.clientWidth) + by * 6));
        plot.setCursor({ left, top: 0 });
      }}
      onBlur={() => plot?.setCursor({ left: -10, top: -10 })}
    >
      {plot === undefined || scaled === 0 ? null : <Labels {...props} hover={hover} plot={plot} />}
    </div>
  );
}
