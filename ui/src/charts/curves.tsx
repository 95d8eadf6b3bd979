import { useSyncExternalStore, type ComponentType } from 'react';
import type { CurvesPlotProps } from './curves-plot.tsx';

let plot: ComponentType<CurvesPlotProps> | undefined;
let asked = false;
const waiting = new Set<() => void>();

function whenThere(tell: () => void): () => void {
  waiting.add(tell);
  if (!asked) {
    asked = true;
    import('./curves-plot.tsx').then(
      (module) => {
        plot = module.CurvesPlot;
        for (const one of waiting) one();
      },
      () => {
        // The next chart that is shown asks again.
        asked = false;
      },
    );
  }
  return () => waiting.delete(tell);
}

/**
 * The drawing code comes with the first page that has curves. The place is kept, so that nothing moves. Not by Suspense: it
 * shows what was waited for one by one, 300 ms apart, so that the last of many charts would come seconds late.
 */
export function Curves(props: CurvesPlotProps) {
  const Plot = useSyncExternalStore(whenThere, () => plot);
  return Plot === undefined ? <div aria-busy="true" style={{ height: props.height }} /> : <Plot {...props} />;
}
