import { useSyncExternalStore, type ReactNode } from 'react';
import type { CurvesPlotProps } from './curves-plot.tsx';

type Draw = (props: CurvesPlotProps) => ReactNode;

let drawing: Draw | undefined;
let asked = false;
const waiting = new Set<() => void>();

async function load(): Promise<void> {
  asked = true;
  try {
    const { CurvesPlot } = await import('./curves-plot.tsx');
    drawing = (props) => <CurvesPlot {...props} />;
    for (const one of waiting) one();
  } catch {
    // The next chart that is shown asks again.
    asked = false;
  }
}

function whenThere(tell: () => void): () => void {
  waiting.add(tell);
  if (!asked) void load();
  return () => waiting.delete(tell);
}

/**
 * The drawing code comes with the first page that has curves. The place is kept, so that nothing moves. Not by Suspense: it
 * shows what was waited for one by one, 300 ms apart, so that the last of many charts would come seconds late.
 */
export function Curves(props: CurvesPlotProps) {
  const draw = useSyncExternalStore(whenThere, () => drawing);
  return draw === undefined ? <div aria-busy="true" style={{ height: props.height }} /> : draw(props);
}
