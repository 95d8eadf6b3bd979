/** The address of Compare is its view: a link shows the same thing. */
import { readCurveView, writeCurveView, type CurveView } from './curve-view.ts';

export interface CompareSearch {
  readonly runs: string;
  /** `all` shows equal rows, too. */
  readonly rows: string;
  /** Metrics drawn as curves, with commas; empty = the first few that have one. */
  readonly curves: string;
  /** Param or tag whose equal values make one band: `params.lr`. */
  readonly band: string;
  /** `sd`; empty = lowest to highest. */
  readonly spread: string;
  /** Axes of the parallel coordinates, and the metric that colours them. */
  readonly axes: string;
  readonly colour: string;
  /** `params.lr:0.01:0.05;…`: what is left between the brushes. */
  readonly brush: string;
  readonly sx: string;
  readonly sy: string;
  /** `x`, `y`, `xy`: log scales of the scatter. */
  readonly slog: string;
  readonly x: string;
  readonly y: string;
  readonly smooth: string;
  readonly zoom: string;
}

const NAMES = [
  'runs',
  'rows',
  'curves',
  'band',
  'spread',
  'axes',
  'colour',
  'brush',
  'sx',
  'sy',
  'slog',
  'x',
  'y',
  'smooth',
  'zoom',
] as const;

export function readCompareSearch(search: Record<string, unknown>): CompareSearch {
  const texts = NAMES.map((name) => {
    const value = search[name];
    return [name, typeof value === 'string' || typeof value === 'number' ? String(value) : ''] as const;
  });
  return Object.fromEntries(texts) as Record<(typeof NAMES)[number], string>;
}

export function compareQueryString(search: CompareSearch): string {
  const parts = NAMES.filter((name) => search[name] !== '').map((name): [string, string] => [name, search[name]]);
  // Commas and colons may stand in a query as they are; a link is for people, too.
  return `?${new URLSearchParams(parts).toString().replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2F', '/')}`;
}

export const viewOf = (search: CompareSearch): CurveView => readCurveView({ ...search });
export const withView = (view: CurveView): Partial<CompareSearch> => writeCurveView(view);

export interface Brush {
  readonly field: string;
  readonly from: number;
  readonly to: number;
}

export function readBrushes(text: string): readonly Brush[] {
  return text
    .split(';')
    .map((part) => /^(.+):(-?[\d.e+-]+):(-?[\d.e+-]+)$/i.exec(part))
    .filter((found) => found !== null)
    .map(([, field = '', from, to]) => ({ field, from: Number(from), to: Number(to) }))
    .filter(({ from, to }) => Number.isFinite(from) && Number.isFinite(to));
}

export const writeBrushes = (brushes: readonly Brush[]): string =>
  brushes
    .map(({ field, from, to }) => `${field}:${Number(from.toPrecision(6))}:${Number(to.toPrecision(6))}`)
    .join(';');
