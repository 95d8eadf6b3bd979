/** How curves are looked at: part of the address of the run's page and of Compare. */
import type { WireCurve } from '../../api/run-queries.ts';
import { smoothed, type Line, type XKind } from '../../charts/curve-lines.ts';

export interface CurveView {
  readonly x: XKind;
  readonly log: boolean;
  /** Weight of the past, 0 to 0.99. */
  readonly smooth: number;
  /** In the unit of `x`. */
  readonly zoom: readonly [number, number] | undefined;
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

export function readCurveView(search: Readonly<Record<string, unknown>>): CurveView {
  const x = textOf(search['x']);
  const smooth = Number(textOf(search['smooth']));
  const ends = textOf(search['zoom']).split('..').map(Number);
  const [from, to] = ends;
  return {
    x: x === 'time' || x === 'relative' ? x : 'step',
    log: textOf(search['y']) === 'log',
    smooth: smooth > 0 && smooth <= 0.99 ? smooth : 0,
    zoom:
      ends.length === 2 && from !== undefined && to !== undefined && Number.isFinite(from) && to > from
        ? [from, to]
        : undefined,
  };
}

/** The parts that are not as they are at first. */
export function writeCurveView({ x, log, smooth, zoom }: CurveView): Record<'x' | 'y' | 'smooth' | 'zoom', string> {
  const places = x === 'step' ? 0 : 3;
  return {
    x: x === 'step' ? '' : x,
    y: log ? 'log' : '',
    smooth: smooth === 0 ? '' : String(Math.round(smooth * 100) / 100),
    zoom: zoom === undefined ? '' : zoom.map((end) => end.toFixed(places)).join('..'),
  };
}

/** The part of the steps that is drawn, so that the server can send more of its points; other axes have no steps. */
export const rangeAsked = ({ x, zoom }: CurveView): readonly [number, number] | undefined =>
  x === 'step' ? zoom : undefined;

export function lineOf(
  curve: WireCurve,
  view: CurveView,
  look: Pick<Line, 'id' | 'name' | 'color' | 'dash' | 'shape'>,
): Line {
  const first = Number(curve.points[0]?.[1] ?? 0);
  const xOf = (step: number, at: number): number =>
    view.x === 'step' ? step : view.x === 'time' ? at / 1000 : (at - first) / 1000;
  // Clocks may go back between points that were logged with their own time.
  const points = curve.points
    .map(([step, at, value]) => ({ x: xOf(Number(step), Number(at)), y: typeof value === 'number' ? value : null }))
    .toSorted((a, b) => a.x - b.x);
  const ys = points.map((point) => point.y);
  return {
    ...look,
    xs: points.map((point) => point.x),
    ys: smoothed(ys, view.smooth),
    ...(view.smooth > 0 ? { raw: ys } : {}),
  };
}
