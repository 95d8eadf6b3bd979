/** The address of a run's page: how its curves are looked at, and the file that is shown. */
import { readCurveView, writeCurveView, type CurveView } from './curve-view.ts';

export interface RunSearch {
  readonly x: string;
  readonly y: string;
  readonly smooth: string;
  readonly zoom: string;
  readonly file: string;
}

export function readRunSearch(search: Record<string, unknown>): RunSearch {
  return { ...writeCurveView(readCurveView(search)), file: typeof search['file'] === 'string' ? search['file'] : '' };
}

export const viewOfRun = (search: RunSearch): CurveView => readCurveView({ ...search });

export function runQueryString(view: CurveView, file: string): string {
  const parts = Object.entries({ ...writeCurveView(view), file }).filter(([, value]) => value !== '');
  return parts.length === 0 ? '' : `?${new URLSearchParams(parts).toString().replaceAll('%2F', '/')}`;
}
