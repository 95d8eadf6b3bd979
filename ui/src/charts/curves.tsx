import { lazy, Suspense } from 'react';
import type { CurvesPlotProps } from './curves-plot.tsx';

const Plot = lazy(() => import('./curves-plot.tsx').then((module) => ({ default: module.CurvesPlot })));

/** The drawing code comes with the first page that has curves. The place is kept, so that nothing moves. */
export function Curves(props: CurvesPlotProps) {
  return (
    <Suspense fallback={<div style={{ height: props.height }} />}>
      <Plot {...props} />
    </Suspense>
  );
}
